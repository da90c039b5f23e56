"""The result since the journal began: what the market did, never what was deposited, and the same after a restart."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.booked import AccountBook, BookedAccount
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord
from bot.core.snapshot import Balance
from bot.core.types import ZERO
from bot.core.view.perps import margin_ratio, perps
from bot.core.view.results import Results, results_of
from tests.core.scenes import ETH, PAPER, symbol
from tests.telemetry.web.scenes import UNKNOWN, account, record
from tests.tools.market import play


def worth(item: CycleRecord) -> tuple[Decimal, Decimal]:
    """Return the liquidity's value and the account's equity."""
    view = item.snapshot.venue(PAPER)
    assert view is not None
    return sum((report.value for report in item.positions if report.value is not None), ZERO), (view.balance.equity)


def test_it_is_the_change_of_value_and_equity_at_every_cycle() -> None:
    records = [item for item, _ in play(50)]
    (value, equity), found = worth(records[0]), [results_of(item.book, item.snapshot) for item in records]
    for item, results in zip(records, found, strict=True):
        value_now, equity_now = worth(item)
        assert float(results.liquidity) == pytest.approx(float(value_now - value), abs=1e-6)
        assert float(results.hedge) == pytest.approx(float(equity_now - equity), abs=1e-6)
        named = results.fees + results.lvr + results.costs + results.funding + results.rest
        assert float(named) == pytest.approx(float(results.liquidity + results.hedge), abs=1e-18)
    assert found[-1].costs < 0 < found[-1].fees
    assert found[-1].lvr < 0


def test_between_two_readings_of_the_ledger_the_short_goes_with_the_mark() -> None:
    booked = BookedAccount(Decimal(10_000), {symbol(ETH): Decimal(-2)}, {symbol(ETH): Decimal(1900)})
    book = Book("2026-01-02", {}, {PAPER: AccountBook(booked, 0)})
    assert results_of(book, record().snapshot).hedge == -2 * (2000 - 1900)
    assert results_of(book, record(venue=UNKNOWN).snapshot).hedge == 0


def test_a_venue_that_waits_to_be_booked_is_counted() -> None:
    item = record()
    book = Book(accounts={PAPER: replace(AccountBook(BookedAccount(ZERO, {}, {}), 0), waits=item.at)})
    assert results_of(book, None) == Results(waiting=1)


def test_distances_and_ratios_are_unknown_where_there_is_nothing_to_divide_by() -> None:
    flat, short = account("0"), account("-2.5")
    assert [item.liquidation_distance for item in perps(record(venue=flat))] == [None, None]
    assert [item.liquidation_distance for item in perps(record(venue=short))] == [Decimal("0.5"), None]
    assert margin_ratio(Balance(ZERO, ZERO, ZERO, ZERO, ZERO)) is None
