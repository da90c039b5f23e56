"""How long it takes from a block's arrival until the order is at the venue: through ccxt, TLS and the journal.

What is timed: the chain view is shown, and from then on a cycle as the daemon runs it: reconciliation of the resting
stop, the chain's read (a fake answers at once: a node's time is another figure), the venue's observation over the
loopback, the decision, the durable intent (fsync), signing, and the request up to where the venue server, a process of
its own, takes it in hand. The network to a real venue is not in it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from bot.adapters.clock import ManualClock, SystemClock
from bot.adapters.exchange.ccxt_client import CcxtExchange
from bot.adapters.exchange.config import CcxtConfig
from bot.adapters.exchange.connect import connect
from bot.adapters.exchange.redirect import redirected
from bot.adapters.store.journal import SqliteJournal
from bot.app.commands import Commands
from bot.app.cycle import Cycle
from bot.app.entries import EntryBook
from bot.app.execute import Executor
from bot.app.observe import Observer
from bot.app.reconcile import Reconciler
from bot.core.orders import Intent, OrderRequest
from bot.core.policy import ExecutionPolicy, Style
from bot.core.types import VenueId
from bot.paper.rules import Flavour
from tests.app.fakes import FakeChain, position
from tests.core.scenes import ETH, GUARDS, chain, hedge, policy, pool_price
from tests.faults.soak import silent
from tests.paper.scene import ETH as PERP
from tests.paper.servers.scene import ALICE

ROUNDS: Final = 60
WARM_UP: Final = 5
PACE: Final = 0.15
"""Seconds between two blocks."""
HASTE: Final = 20
PATIENCE: Final = 10
"""Seconds that an order may take before the measurement is given up."""
VENUE: Final = VenueId("venue")


class HastyClock(SystemClock):
    """The machine's time with durations that pass for longer ones: request budgets are not what is measured."""

    def monotonic(self) -> float:
        return super().monotonic() * HASTE


@dataclass
class Bench:
    """The daemon's cycle on a venue server of its own."""

    process: Process
    shown: FakeChain
    cycle: Cycle
    exchange: CcxtExchange
    decided: list[float]
    block: int = 0

    async def turn(self, size: Decimal) -> tuple[float, float, float]:
        """Show a block and hedge it; give milliseconds from block and decision to the order, and of our CPU."""
        await SystemClock().sleep(PACE)
        self.block += 1
        self.decided.clear()
        now = SystemClock().now()
        view = chain([position(Decimal(2000), size)], block=self.block, pools=[pool_price(2000)], at=now)
        self.shown.shown = view
        started, busy = time.monotonic(), time.process_time()
        record = await self.cycle.run(asyncio.Event())
        work = time.process_time() - busy
        assert self.decided, record and record.decision
        arrived = await self.arrival()
        return (arrived - started) * 1000, (arrived - self.decided[0]) * 1000, work * 1000

    async def arrival(self) -> float:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return float(await self.process.stdout.readline())


@asynccontextmanager
async def served(flavour: Flavour, folder: Path) -> AsyncIterator[tuple[Process, CcxtConfig]]:
    """Start a venue server; give what reaches it."""
    ca_file = folder / "ca.pem"
    command = (sys.executable, "-m", "tests.bench.venue_server", flavour.value, str(ca_file))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    config = CcxtConfig(
        venue=VENUE,
        kind=flavour.value,
        symbols=(PERP,),
        api_key=ALICE.key,
        secret=ALICE.secret,
        passphrase=ALICE.passphrase,
        connector=redirected(f"127.0.0.1:{port}", ca_file),
    )
    try:
        yield process, config
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def bench(flavour: Flavour) -> AsyncIterator[Bench]:
    with TemporaryDirectory() as name:
        folder, clock = Path(name), HastyClock()
        async with served(flavour, folder) as (process, config):
            journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now())
            exchange = await connect(config, clock)
            shown = FakeChain(cast("ManualClock", clock))
            venues = {VENUE: exchange}
            limits = replace(GUARDS, max_orders_per_minute=10_000)
            wanted = policy(hedges={ETH: hedge(ETH, venues=[VENUE])}, guards=limits)
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
                publishers=[],
                commands=Commands(noting, clock),
            )
            try:
                await exchange.check([PERP])
                await cycle.reconciler.begin()
                yield Bench(process, shown, cycle, exchange, decided)
            finally:
                await exchange.close()
                journal.close()


def _noting(journal: SqliteJournal, decided: list[float]) -> SqliteJournal:
    """Note when an order was decided on, which is when its intent is asked for."""
    real = journal.new_intent

    def noted(request: OrderRequest, at: Any) -> Intent:  # noqa: ANN401 - passed through
        decided.append(time.monotonic())
        return real(request, at)

    journal.new_intent = noted  # type: ignore[method-assign] # a stopwatch between the two
    return journal


async def measure(flavour: Flavour) -> dict[str, float]:
    async with bench(flavour) as at:
        for number in range(WARM_UP):
            await at.turn(Decimal(4 if number % 2 == 0 else 3))
        rows = [await at.turn(Decimal(3 if number % 2 == 0 else 4)) for number in range(ROUNDS)]
        throttled = await _throttled(at)
    whole, sending, work = zip(*rows, strict=True)
    name = flavour.value
    return {
        f"{name}, block to order, p50": statistics.median(whole),
        f"{name}, block to order, p99": statistics.quantiles(whole, n=100)[98],
        f"{name}, cycle, CPU, p50": statistics.median(work),
        f"{name}, decision to order, p50": statistics.median(sending),
        f"{name}, decision to order, p99": statistics.quantiles(sending, n=100)[98],
        f"{name}, an order through ccxt's own throttle": throttled,
    }


async def _throttled(at: Bench) -> float:
    """Give the median time that an order needs through ccxt's own throttle, in milliseconds."""
    api: Any = at.exchange.link.api
    api.enableRateLimit = True
    times = []
    for _ in range(8):
        started = time.monotonic()
        await at.exchange.link.write("create_order", PERP, "market", "sell", "0.05", None, {}, urgent=True)
        times.append((await at.arrival() - started) * 1000)
    return statistics.median(times[1:])


async def run() -> dict[str, float]:
    """Measure both venues; milliseconds."""
    silent()
    found: dict[str, float] = {}
    for flavour in Flavour:
        found |= await measure(flavour)
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(f"{name}: {value:.2f} ms" for name, value in asyncio.run(run()).items()) + "\n")
