"""How long it takes from a block's arrival until the order is at the venue: through ccxt, TLS and the journal.

What is timed: the chain shows a block and tells the daemon so, and from then on its cycle as it runs it: the chain's
read (a fake answers at once: a node's time is another figure), what is left to read at the venue, the decision, the
durable intent (fsync), signing, and the request up to where the venue server, a process of its own, takes it in hand.
The network to a real venue is not in it. Blocks come as a chain's do, every three seconds but for a tenth, in
time-lapse, and before each the daemon reads the venue ahead. What it costs where nothing was read ahead stands beside.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.daemon import Daemon
from bot.app.loop.execute import Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.clock import ManualClock
from bot.core.orders import Intent, OrderRequest
from bot.core.policy import ExecutionPolicy, HedgeMarket, HedgePolicy, Style
from bot.core.reconciliation.identity import OrderIds
from bot.core.snapshot import ChainView
from bot.core.state import State
from bot.core.telemetry_event import CycleRecorded, TelemetryEvent
from bot.core.types import Symbol, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.exchange.redirect import redirected
from bot.journal.journal import SqliteJournal
from bot.paper.servers.registry import SERVERS
from bot.protocols.registry import CURVES
from bot.venues.connect import connect
from bot.venues.registry import KINDS
from tests.app.fakes import FakeChain, position
from tests.bench.time_lapse import HASTE, HastyClock
from tests.core.scenes import ETH, GUARDS, chain, policy, pool_price
from tests.faults.soak import silent
from tests.paper.engine.scene import ETH as PERP
from tests.paper.servers.flavours import login_of, own_symbol

ROUNDS: Final = 120
WARM_UP: Final = 5
SURPRISES: Final = 30
PACE: Final = 4
"""A block comes in so many of the venue's spacings between cycles, so that its budget of requests lasts."""
JITTER: Final = 0.5
"""Seconds of market time that a block may come early or late; what is read ahead lasts two seconds."""
SYNCS: Final = 200
PATIENCE: Final = 10
"""Seconds that an order may take before the measurement is given up."""
VENUE: Final = VenueId("venue")


@dataclass
class Bench:
    """The daemon on a venue server of its own; ``told`` gets every cycle's record."""

    process: Process
    shown: FakeChain
    cycle: Cycle
    exchange: CcxtExchange
    perp: Symbol
    decided: list[float]
    told: Told
    stop: asyncio.Event
    running: asyncio.Task[None]
    pace: float
    random: Random = field(default_factory=lambda: Random(1))
    block: int = 0
    due: float = 0.0

    async def turn(self, size: Decimal, *, surprise: bool = False) -> tuple[float, float, float]:
        """Show a block and have it hedged; give milliseconds from block and decision to the order, and of our CPU.

        A ``surprise`` comes when nothing was read ahead of it. The CPU is that of everything since the last block.
        """
        busy = time.process_time()
        self.due = max(self.due + self.pace + self.random.uniform(-JITTER, JITTER) / HASTE, time.monotonic())
        await asyncio.sleep(self.due - time.monotonic())
        self.block += 1
        self.decided.clear()
        view = chain([position(Decimal(2000), size)], block=self.block, pools=[pool_price(2000)], at=HastyClock().now())
        if surprise:
            self.cycle.prefetch.void()
        self.told.clear()
        started = time.monotonic()
        self.shown.show(view)
        arrived = await self.arrival()
        await self.told.next()
        assert self.decided
        work = time.process_time() - busy
        return (arrived - started) * 1000, (arrived - self.decided[0]) * 1000, work * 1000

    async def arrival(self) -> float:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return float(await self.process.stdout.readline())


@dataclass
class Told:
    """A Telemetry that says when a cycle is over."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event: TelemetryEvent) -> None:
        if isinstance(event, CycleRecorded):
            self.event.set()

    def clear(self) -> None:
        self.event.clear()

    async def next(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.event.wait()


class Sudden(FakeChain):
    """A chain whose blocks come when they are shown, whatever the time."""

    def show(self, now: ChainView, *, head: bool = True) -> None:
        self.shown = now
        if head:
            self._heads.put_nowait(now.block)


@asynccontextmanager
async def served(flavour: str, folder: Path) -> AsyncIterator[tuple[Process, CcxtConfig]]:
    """Start a venue server; return what reaches it."""
    ca_file = folder / "ca.pem"
    command = (sys.executable, "-m", "tests.bench.venue_server", flavour, str(ca_file))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    config = CcxtConfig(
        venue=VENUE,
        kind=flavour,
        symbols=(own_symbol(flavour, PERP),),
        login=login_of(flavour, SERVERS[flavour].issue("bench")),
        connector=redirected(f"127.0.0.1:{port}", ca_file),
    )
    try:
        yield process, config
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def bench(flavour: str) -> AsyncIterator[Bench]:
    with TemporaryDirectory() as name:
        folder, clock, perp = Path(name), HastyClock(), own_symbol(flavour, PERP)
        async with served(flavour, folder) as (process, config):
            journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now(), CURVES)
            exchange = await connect(config, clock)
            shown, told = Sudden(cast("ManualClock", clock)), Told()
            venues = {VENUE: exchange}
            limits = replace(GUARDS, max_orders_per_minute=10_000)
            wanted = policy(
                hedges={ETH: HedgePolicy(Decimal(1), (HedgeMarket(VENUE, perp, Decimal(10**9)),))}, guards=limits
            )
            wanted = replace(wanted, execution=ExecutionPolicy(Style.TAKER))
            decided: list[float] = []
            noting = _noting(journal, decided)
            cycle = Cycle(
                observer=Observer([shown], [exchange], [], EntryBook(noting, clock, 5), clock, 30),
                executor=Executor(venues, noting, clock),
                reconciler=Reconciler(venues, noting, clock),
                journal=noting,
                clock=clock,
                policy=wanted,
                commands=Commands(noting, clock),
                telemetry=told,
            )
            shown.shown = chain([], block=0, pools=[pool_price(2000)], at=clock.now())
            daemon = Daemon([shown], [exchange], {VENUE: [perp]}, cycle, noting, clock, interval=PATIENCE * HASTE)
            stop = asyncio.Event()
            try:
                async with asyncio.TaskGroup() as group:
                    running = group.create_task(daemon.run(stop))
                    await told.next()
                    gc.collect()
                    gc.freeze()  # as the daemon does once it is set up
                    yield Bench(
                        process,
                        shown,
                        cycle,
                        exchange,
                        perp,
                        decided,
                        told,
                        stop,
                        running,
                        PACE * KINDS[flavour].spacing.total_seconds() / HASTE,
                    )
                    stop.set()
            finally:
                await exchange.close()
                journal.close()


def _noting(journal: SqliteJournal, decided: list[float]) -> SqliteJournal:
    """Note when an order was decided on, which is when its intent is asked for."""
    real = journal.new_intent

    def noted(request: OrderRequest, at: Any, ids: OrderIds, state: State | None = None) -> Intent:  # noqa: ANN401 - passed through
        decided.append(time.monotonic())
        return real(request, at, ids, state)

    journal.new_intent = noted  # type: ignore[method-assign] # a stopwatch between the two
    return journal


async def measure(flavour: str) -> dict[str, float]:
    async with bench(flavour) as at:
        for number in range(WARM_UP):
            await at.turn(Decimal(4 if number % 2 == 0 else 3))
        rows = [await at.turn(Decimal(3 if number % 2 == 0 else 4)) for number in range(ROUNDS)]
        surprised = [
            (await at.turn(Decimal(3 if number % 2 == 0 else 4), surprise=True))[0] for number in range(SURPRISES)
        ]
        throttled = await _throttled(at)
    whole, sending, work = zip(*rows, strict=True)
    name = flavour
    return {
        f"{name}, block to order, p50": statistics.median(whole),
        f"{name}, block to order, p99": statistics.quantiles(whole, n=100)[98],
        f"{name}, block to order with nothing read ahead, p50": statistics.median(surprised),
        f"{name}, cycle, CPU, p50": statistics.median(work),
        f"{name}, decision to order, p50": statistics.median(sending),
        f"{name}, decision to order, p99": statistics.quantiles(sending, n=100)[98],
        f"{name}, an order through ccxt's own throttle": throttled,
    }


async def _throttled(at: Bench) -> float:
    """Stop the daemon; return the median time that an order needs through ccxt's own throttle, in milliseconds."""
    at.stop.set()
    await at.running
    api: Any = at.exchange.link.api
    api.enableRateLimit = True
    times = []
    for _ in range(8):
        started = time.monotonic()
        await at.exchange.link.write("create_order", at.perp, "market", "sell", "0.05", None, {}, urgent=True)
        times.append((await at.arrival() - started) * 1000)
    return statistics.median(times[1:])


def _synced(folder: Path) -> list[float]:
    """Return how long the disk under the journal takes to make a page durable, in milliseconds."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            started = time.monotonic()
            os.fsync(file.fileno())
            times.append((time.monotonic() - started) * 1000)
    return times


async def run(*flavours: str) -> dict[str, float]:
    """Measure some venues, or all that have a server; milliseconds."""
    silent()
    with TemporaryDirectory() as name:
        syncs = _synced(Path(name))
    found = {"an fsync, p50": statistics.median(syncs), "an fsync, p99": statistics.quantiles(syncs, n=100)[98]}
    for flavour in flavours or SERVERS:
        found |= await measure(flavour)
    return found


if __name__ == "__main__":
    sys.stdout.write(
        "\n".join(f"{name}: {value:.2f} ms" for name, value in asyncio.run(run(*sys.argv[1:])).items()) + "\n"
    )
