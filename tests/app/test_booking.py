"""Each cycle is booked: what the chain and the venue did, where it came from, and nothing unexplained."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bot.clock import ManualClock
from bot.core.orders import LedgerKind
from bot.core.pnl.attribution import Attribution
from bot.core.pnl.ledger import Book
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import Rig, rig, view
from tests.core.scenes import NOW

MINUTE = 60.0
TIGHT = Decimal("1e-9")


async def play(run: Rig, prices: list[int], block: int) -> None:
    """Move the market, a minute and a block a price."""
    for number, price in enumerate(prices, block):
        await run.clock.run(MINUTE)
        now = view(number, price)
        stamp = replace(now.block, timestamp=run.clock.now())
        await run.turn(replace(now, block=stamp))


async def test_every_cycle_is_booked_and_restarts_lose_nothing(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with rig(tmp_path, clock=clock) as run:
        await play(run, [2000, 2010, 1950, 1900], 1)
        first = run.published.records[-1].book
    async with rig(tmp_path, clock=clock) as run:
        await play(run, [1900, 1850, 2050, 2050], 5)
        record = run.published.records[-1]
        book = record.book
        ledger = (await run.exchange.ledger(NOW)).entries
        fills = run.journal.trades(run.exchange.venue, 0)
    assert first.total.total != book.total.total
    assert len(fills) > 3
    equity = sum((item.balance.equity for item in record.snapshot.known_venues), Decimal(0))
    hedge = book.total.hedge
    assert abs(book.total.residual) <= TIGHT * equity
    assert abs(hedge.total - (equity - 100_000)) <= TIGHT * equity
    fees = sum((entry.amount for entry in ledger if entry.kind is LedgerKind.FEE), Decimal(0))
    assert hedge.trading_fees == fees < 0
    assert all(trade.mark is not None for trade in fills)
    assert hedge.slippage == sum(((trade.mark or 0) - trade.fill.price) * trade.fill.quantity for trade in fills)
    with closing(JournalView.open(tmp_path / "journal.sqlite", CURVES)) as books:
        assert books.book() == book
        assert books.results() == {NOW.date(): book.today}


async def test_a_new_journal_has_booked_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        assert run.journal.load_book() == Book()
        await play(run, [2000], 1)
        assert run.published.records[-1].book.total == Attribution()
