"""The application on a fake chain, with the real journal and the real paper exchange, and a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.daemon import Daemon
from bot.app.loop.execute import Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.clock import ManualClock
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.policy import Policy
from bot.core.record import CycleRecord
from bot.core.snapshot import BlockStamp, ChainView, Entry, LpPosition
from bot.core.telemetry_event import CycleRecorded, TelemetryEvent
from bot.core.types import ChainName, PoolId, PositionId
from bot.journal.journal import SqliteJournal
from bot.paper.config import PaperConfig
from bot.paper.exchange import PaperExchange
from bot.paper.marks import PoolMarks
from bot.ports import Exchange, Journal
from bot.protocols.registry import CURVES
from bot.version import decider
from tests.core.scenes import BTC, CHAIN, ETH, NOW, PAPER, USD, USDC, WETH, chain, policy, pool_price, symbol
from tests.faults.points import Points

BLOCK = timedelta(seconds=12)
INTERVAL = 30.0


def position(eth: Decimal, size: Decimal, name: str = "v2") -> LpPosition:
    """Make a V2 position that holds ``size`` ETH at 2000 USD, at the price ``eth``: it sells as the price rises."""
    units = size * (2000 / eth).sqrt()
    eths, usdcs = int(units * 100 * 10**18), int(units * eth * 100 * 10**6)
    curve = ConstantProductPosition(10**18, 100 * 10**18, eths, usdcs, eths, usdcs, k_last=0, fee_on=False)
    return LpPosition(PositionId(name), "v2", PoolId("0xpool"), WETH, USDC, curve, curve.amounts(), None)


def view(block: int, eth: Decimal | str | int = 2000, size: Decimal | str | int = 5) -> ChainView:
    """Make block ``block`` of a market where ETH stands at ``eth``; a ``size`` of 0 is no position."""
    price = Decimal(eth)
    held = [position(price, Decimal(size))] if Decimal(size) else []
    pools = (pool_price(price), pool_price(50_000, (BTC, USD), "btc"))
    return chain(held, block=block, pools=pools, at=NOW + block * BLOCK)


class FakeChain:
    """A chain that shows what the test puts on it; ``error`` is raised by every read, ``hangs`` never answers."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._heads: asyncio.Queue[BlockStamp | Exception] = asyncio.Queue()
        self.shown = view(0)
        self.error: Exception | None = None
        self.hangs = False
        self.reads: list[int] = []
        self.unfound: Exception | None = None
        self.followed: Collection[PositionId] = ()

    @property
    def chain(self) -> ChainName:
        return CHAIN

    def show(self, now: ChainView, *, head: bool = True) -> None:
        """Put a block on the chain; time moves on to it."""
        self.shown = now
        self._clock.advance(max((now.block.timestamp - self._clock.now()).total_seconds(), 0))
        if head:
            self._heads.put_nowait(now.block)

    def break_heads(self, error: Exception) -> None:
        self._heads.put_nowait(error)

    async def check(self) -> None:
        if self.error is not None:
            raise self.error

    async def read(self) -> ChainView:
        self.reads.append(self.shown.block.number)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.shown

    def follow(self, held: Collection[PositionId]) -> None:
        self.followed = held

    async def entry(self, position: LpPosition) -> Entry | None:
        del position
        if self.unfound is not None:
            raise self.unfound
        return None

    async def heads(self) -> AsyncIterator[BlockStamp]:
        while True:
            item = await self._heads.get()
            if isinstance(item, Exception):
                raise item
            yield item

    async def close(self) -> None:
        pass


@dataclass
class Published:
    """A Telemetry that keeps everything."""

    events: list[TelemetryEvent] = field(default_factory=list)

    def emit(self, event: TelemetryEvent) -> None:
        self.events.append(event)

    @property
    def records(self) -> list[CycleRecord]:
        return [event.record for event in self.events if isinstance(event, CycleRecorded)]


@dataclass
class Rig:
    """One run of the application."""

    clock: ManualClock
    chain: FakeChain
    journal: SqliteJournal
    exchange: PaperExchange
    cycle: Cycle
    published: Published

    @property
    def daemon(self) -> Daemon:
        venue = self.cycle.observer.venues
        return Daemon(
            chains=[self.chain],
            venues=venue,
            symbols={PAPER: [symbol(ETH), symbol(BTC)]},
            cycle=self.cycle,
            journal=self.cycle.journal,
            clock=self.clock,
            interval=INTERVAL,
        )

    async def turn(self, now: ChainView) -> CycleRecord:
        """Run one cycle on a block."""
        self.chain.show(now)
        record = await self.cycle.run(asyncio.Event())
        assert record is not None
        return record


def exchange_in(folder: Path, clock: ManualClock, marks: PoolMarks, **changes: Any) -> PaperExchange:  # noqa: ANN401 - settings of every type
    symbols = {ETH: symbol(ETH), BTC: symbol(BTC)}
    return PaperExchange(PaperConfig(PAPER, folder / "paper.sqlite", symbols, **changes), marks, clock)


@asynccontextmanager
async def rig(
    folder: Path,
    *,
    clock: ManualClock | None = None,
    points: Points | None = None,
    wanted: Policy | None = None,
    **venue: Any,  # noqa: ANN401 - settings of every type
) -> AsyncIterator[Rig]:
    """Build the application in a folder; what stands there is taken up. ``points`` sees every call of its ports.

    ``venue`` are settings of the paper venue.
    """
    clock = clock or ManualClock(NOW)
    shown = FakeChain(clock)
    marks = PoolMarks()
    journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now(), CURVES)
    exchange = exchange_in(folder, clock, marks, **venue)
    published = Published()
    seen_journal: Journal = points.watch(journal) if points else journal
    seen_exchange: Exchange = points.watch(exchange) if points else exchange
    venues = {PAPER: seen_exchange}
    cycle = Cycle(
        observer=Observer([shown], [seen_exchange], [marks], EntryBook(seen_journal, clock, 5), clock, 5),
        executor=Executor(venues, seen_journal, clock),
        reconciler=Reconciler(venues, seen_journal, clock),
        journal=seen_journal,
        clock=clock,
        policy=wanted or policy(),
        commands=Commands(seen_journal, clock),
        telemetry=published,
        number=journal.last_cycle(),
        version=decider(),
    )
    try:
        yield Rig(clock, shown, journal, exchange, cycle, published)
    finally:
        await exchange.close()
        journal.close()


def renamed(now: ChainView, name: str) -> ChainView:
    """Return the same view under another chain's name."""
    return replace(now, chain=ChainName(name))
