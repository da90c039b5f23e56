"""Ledgers and moments in which something was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.core.booked import Gains
from bot.core.decide import decide
from bot.core.inputs import CycleInputs
from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.pnl.ledger import Book, book_cycle
from bot.core.risk.loss_limits import Results, breaches, results_of
from bot.core.snapshot import Snapshot
from tests.core.risks import CAREFUL
from tests.core.scenes import NOW, chain, policy, snapshot, state, venue

FUNDS = Decimal(10_000)


def having(results: Mapping[str, int]) -> Results:
    """Return results: ``hedge_day`` is what the hedge gained today, ``liquidity_life`` the positions since a resume."""
    found = {name: Decimal(amount) for name, amount in results.items()}
    today, life = (
        {key.removesuffix(f"_{when}"): amount for key, amount in found.items() if key.endswith(when)}
        for when in ("day", "life")
    )
    return Results("2026-01-02", Gains(**today), Gains(**life))


def moment(
    equity: int, ledger: Sequence[LedgerEntry] | None, days: int = 0, *, cash: int = 10_000, seconds: int = 0
) -> Snapshot:
    """Show a venue's equity and cash, and what its ledger says; None: it was not read."""
    at = NOW + timedelta(days=days, seconds=seconds)
    view = venue(at=at)
    view = replace(view, balance=replace(view.balance, equity=Decimal(equity), wallet=Decimal(cash)))
    view = replace(view, ledger=None if ledger is None else tuple(ledger))
    return replace(snapshot(chain(), view), observed_at=at)


def entry(
    amount: int, kind: LedgerKind = LedgerKind.DEPOSIT, name: str = "TRANSFER:7", seconds: int = 1
) -> LedgerEntry:
    number = int(name.rpartition(":")[2])
    return LedgerEntry(number, kind, None, Decimal(amount), NOW + timedelta(seconds=seconds), name)


def after(book: Book, seen: Snapshot) -> Book:
    decision = decide(seen, CycleInputs(booked=book.booked()), state(), policy())
    return book_cycle(book, seen, decision, {})


def found(book: Book, seen: Snapshot) -> Results:
    return results_of(book.booked(), seen, {}, {})


def verdicts(book: Book, seen: Snapshot, liquidity: int) -> list[str]:
    results, lost = found(book, seen), Gains(liquidity=Decimal(liquidity))
    results = replace(results, today=results.today.plus(lost), life=results.life.plus(lost))
    return [item.trigger for item in breaches(results, FUNDS, CAREFUL.loss)]
