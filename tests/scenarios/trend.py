"""A fast trend on a venue server, with the daemon's own cycle and ccxt: two underlyings, a block every two seconds.

Prices move 1.5% a minute down for ten minutes, up for ten, and then 6% down in one. What must hold after every cycle's
orders: no drift is farther than a tenth of its band beyond it for more than three blocks. Cycles are as far apart as
the daemon has them at the venue. ``python -m tests.scenarios.trend`` plays it on each venue server and prints what was
asked of the venue a minute.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.app.loop.cycle import Cycle
from bot.app.settings import load
from bot.core.decision import Severity
from bot.core.policy import HedgeMarket, Policy
from bot.core.record import CycleRecord
from bot.core.snapshot import ChainView
from bot.core.types import Symbol, Underlying
from bot.exchange.ccxt_client import CcxtExchange
from bot.paper.servers.desk import Desk
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.venue import Venue
from bot.venues.registry import kind_of
from tests.app.fakes import FakeChain
from tests.core.scenes import ETH, MARKS, NOW, USDC, chain, pool_price, symbol
from tests.exchange.scene import FastClock
from tests.faults.soak import silent
from tests.paper.servers.flavours import own_symbol
from tests.paper.servers.scene import Prices
from tests.scenarios.trend_market import BLOCK, TOKENS, WARM, D, Liquidity, Minutes, path
from tests.scenarios.trend_venue import VENUE, Watch, listening, loop, side

SLACK: Final = D("1.1")
"""Bands that a drift may be out."""
PATIENCE: Final = 3
"""Blocks for which it may be farther."""
CONFIG: Final = Path(__file__).parents[2] / "config" / "paper-local.toml"
STORY: Final[tuple[Minutes, ...]] = ((10, -0.015), (10, 0.015), (1, -0.06), (1, 0.0))
SHORT: Final[tuple[Minutes, ...]] = ((1, -0.015), (1, -0.06))


@dataclass(frozen=True, slots=True)
class Row:
    """One block as its cycle left it, by the venue's own books."""

    number: int
    underlying: Underlying
    drift: Decimal
    band: Decimal

    @property
    def bands_out(self) -> Decimal:
        return abs(self.drift) / self.band


@dataclass(slots=True)
class Told:
    """The run: a row per block and underlying, what was asked of the venue, and what the bot said."""

    flavour: str
    watch: Watch
    rows: list[Row] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)

    def farthest(self) -> Decimal:
        """Return how many bands a drift was out at the most, after the hedge was put in place."""
        return max(row.bands_out for row in self.rows if row.number > WARM)

    def longest(self) -> int:
        """Return the most blocks in a row for which a drift was more than the slack beyond its band."""
        most = 0
        for underlying in TOKENS:
            run = before = 0
            for row in self.rows:
                if row.underlying == underlying and row.number > WARM:
                    run = run + row.number - before if row.bands_out > SLACK else 0
                    most, before = max(most, run), row.number
        return most


def wanted(orders_a_minute: int | None = None, flavour: str = "binance") -> Policy:
    """Return the policy of the defaults on the two markets of a venue."""
    policy = load([CONFIG], {}).settings.policy()
    hedge = policy.hedges[ETH]
    names = {key: own_symbol(flavour, symbol(key)) for key in TOKENS}
    markets = {key: replace(hedge, markets=(HedgeMarket(VENUE, name, D(10**6)),)) for key, name in names.items()}
    limit = orders_a_minute or policy.guards.max_orders_per_minute
    guards = replace(policy.guards, max_orders_per_minute=limit)
    return replace(policy, hedges=markets, venue_caps={}, guards=guards)


@dataclass(slots=True)
class Trend:
    """The run under way."""

    clock: FastClock
    shown: FakeChain
    prices: Prices
    account: Desk
    venue: Venue
    exchange: CcxtExchange
    cycle: Cycle
    told: Told
    listen: Callable[[], None]
    last: CycleRecord | None = None
    multiple: float = 1.0
    liquidity: dict[Underlying, Liquidity] = field(default_factory=lambda: {key: Liquidity(key) for key in TOKENS})

    async def play(self, moves: tuple[Minutes, ...]) -> Told:
        """Play the prices, a cycle per block, or with the newest one as soon as the venue's spacing allows."""
        begin, multiples = self.clock.now(), list(path(moves))
        spacing, number = kind_of(self.told.flavour).spacing, 0
        while number < len(multiples):
            await self.turn(number, multiples[number])
            ready = max(self.clock.now() + spacing, begin + (number + 1) * BLOCK)
            self.clock.advance((ready - self.clock.now()).total_seconds())
            number = (self.clock.now() - begin) // BLOCK
        return self.told

    def name(self, underlying: Underlying) -> Symbol:
        """Return the venue's perpetual."""
        return own_symbol(self.told.flavour, symbol(underlying))

    async def turn(self, number: int, multiple: float) -> None:
        """Show a block and run its cycle."""
        self.multiple = multiple
        marks = {key: (MARKS[key] * D(str(multiple))).quantize(D("0.01")) for key in TOKENS}
        self.prices.marks = {self.name(key): mark for key, mark in marks.items()}
        self.shown.shown = self._view(number, marks)
        self.listen()
        record = await self.cycle.run(asyncio.Event())
        assert record is not None
        self.last = record
        for hedge in record.decision.hedges:
            held = self.account.size(self.name(hedge.underlying))
            if hedge.band is not None and hedge.underlying in TOKENS:
                self.told.rows.append(Row(number, hedge.underlying, held - hedge.target, hedge.band.outer))
        self.told.refusals.update(item.guard for item in record.decision.refused)
        loud = (alarm for alarm in record.decision.alarms if alarm.severity is not Severity.INFO)
        self.told.alarms.update({alarm.key.split(":")[0] for alarm in loud})

    def _view(self, number: int, marks: dict[Underlying, Decimal]) -> ChainView:
        positions = [self.liquidity[key].at(mark) for key, mark in marks.items()]
        pools = [pool_price(mark, (key, USDC.underlying), str(key)) for key, mark in marks.items()]
        return chain(positions, block=100 + number, pools=pools, at=self.clock.now())


@asynccontextmanager
async def trend(flavour: str, folder: Path, policy: Policy) -> AsyncIterator[Trend]:
    """Serve a venue of a flavour, and build the bot's loop against it."""
    clock = FastClock(NOW)
    prices = Prices({own_symbol(flavour, symbol(key)): MARKS[key] for key in TOKENS})
    shown = FakeChain(clock)
    async with (
        side(flavour, prices, clock, policy) as one,
        listening(flavour, one, clock) as listen,
        loop([one], shown, clock, policy, Path(tempfile.mkdtemp(dir=folder))) as cycle,
    ):
        yield Trend(clock, shown, prices, one.account, one.venue, one.exchange, cycle, Told(flavour, one.watch), listen)


async def play(flavour: str, folder: Path, moves: tuple[Minutes, ...], policy: Policy | None = None) -> Told:
    """Play a run on one venue server."""
    async with trend(flavour, folder, policy or wanted(flavour=flavour)) as run:
        return await run.play(moves)


def said(told: Told) -> str:
    """Put a run into words."""
    watch = told.watch
    share = {
        key: max(row.drift / row.band for row in told.rows if row.underlying == key and row.number > WARM)
        for key in TOKENS
    }
    return "\n".join(
        (
            f"{told.flavour}: at most {told.longest()} blocks in a row beyond {SLACK} bands (may be {PATIENCE}); "
            f"farthest {told.farthest():.2f} bands out; under-hedged "
            + ", ".join(f"{key} {most:.2f}" for key, most in share.items()),
            f"  orders a minute: {' '.join(str(watch.orders[one]) for one in sorted(watch.requests))}",
            f"  stops a minute:  {' '.join(str(watch.stops[one]) for one in sorted(watch.requests))}",
            f"  requests a minute: at most {max(watch.requests.values())}; refused as too many: {watch.refused}"
            + (f"; weight: {max(watch.weight.values())} of 1200" if watch.weight else ""),
            f"  refused by guards: {dict(told.refusals)}",
            f"  alarms (cycles): {dict(told.alarms)}",
        )
    )


def is_good(told: Told) -> bool:
    """Whether the run kept what must hold."""
    within = max(told.watch.weight.values(), default=0) <= 1200
    return told.longest() <= PATIENCE and not told.watch.refused and within


def main() -> int:
    """Play and print it on every venue server; an argument sets ``max_orders_per_minute``."""
    silent()
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for flavour in SERVERS:
            told = asyncio.run(play(flavour, Path(folder), STORY, wanted(limit, flavour)))
            print(said(told))  # noqa: T201 - a program's output
            good = good and is_good(told)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
