"""The ledger on single steps: what is a result, what is a transfer, and what counts of a position that is not seen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.inputs import CycleInputs
from bot.core.pnl.ledger import Book, book_cycle
from bot.core.snapshot import LpPosition
from bot.core.state import State
from tests.core.scenes import ETH, chain, lp, policy, pool_price, quote, snapshot, state, venue

D = Decimal


def step(
    book: Book, before: State, positions: list[LpPosition], eth: int, equity: int = 0, pool: int = 0
) -> tuple[Book, State]:
    """Decide and book a cycle at a mark, with the pool at the same price unless told."""
    view = venue(quotes=[quote(ETH, D(eth))])
    account = replace(view, balance=replace(view.balance, equity=D(equity)), ledger=())
    seen = snapshot(chain(positions, pools=[pool_price(D(pool or eth))]), account)
    decision = decide(seen, CycleInputs(booked=book.booked()), before, policy())
    return book_cycle(book, seen, decision, {}), decision.state


@pytest.fixture
def begun() -> tuple[Book, State]:
    return step(Book(), state(), [lp("a", (2, 4000))], 2000)


def brought(book: Book) -> tuple[Decimal, Decimal]:
    """Return what liquidity and hedge brought."""
    gains = book.booked().total
    return gains.liquidity, gains.hedge


def test_a_market_move_is_the_change_of_what_is_held_and_of_the_equity(begun: tuple[Book, State]) -> None:
    book, _ = step(*begun, [lp("a", (1, 6100))], 2100, equity=30)
    assert brought(book) == (D(1 * 2100 + 6100 - 2 * 2000 - 4000), D(30))


def test_liquidity_that_is_added_is_no_profit(begun: tuple[Book, State]) -> None:
    book, _ = step(*begun, [lp("a", (6, 12_000), liquidity=3)], 2100)
    assert brought(book) == (D(2 * 100), D(0))


def test_fees_that_are_taken_out_are_no_loss() -> None:
    def with_fees(fees: int) -> LpPosition:
        position = lp("a", (1, 2000))
        return replace(position, amounts=replace(position.amounts, fees1=fees))

    first = step(Book(), state(), [with_fees(50 * 10**6)], 2000)
    book, _ = step(*first, [with_fees(0)], 2000)
    assert brought(book) == (D(0), D(0))


def test_a_position_that_is_gone_counts_as_its_tokens_until_its_absence_is_confirmed(
    begun: tuple[Book, State],
) -> None:
    book, memory = step(*begun, [], 1900, equity=195)
    assert brought(book) == (D(-200), D(195))
    book, memory = step(book, memory, [lp("a", (2, 4000))], 1900, equity=195)
    assert brought(book) == (D(-200), D(195))


def test_a_position_in_a_doubted_pool_counts_as_what_was_believed_of_it(begun: tuple[Book, State]) -> None:
    book, memory = step(*begun, [lp("a", (9, 0))], 2000, pool=500)
    assert brought(book)[0] == 0
    book, _ = step(book, memory, [lp("a", (9, 0))], 2100, pool=500)
    assert brought(book)[0] == 200
    book, _ = step(book, memory, [lp("a", (2, 4000))], 2100)
    assert brought(book)[0] == 200
