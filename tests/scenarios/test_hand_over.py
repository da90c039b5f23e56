"""The end of a symbol is announced on one of two venues: its short moves to the other one, and the hedge stands.

The daemon's own cycle, with ccxt against two venue servers; what is held is read from the servers' own accounts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from bot.app.loop.cycle import Cycle
from bot.core.decision import Hedge
from bot.core.orders import OrderKind
from bot.core.policy import HedgeMarket, Policy
from bot.core.types import ZERO, Symbol, VenueId
from tests.app.fakes import FakeChain
from tests.core.scenes import ETH, MARKS, NOW, USDC, chain, line, pool_price, symbol
from tests.exchange.scene import FastClock
from tests.paper.servers.scene import Prices
from tests.scenarios.test_delisting import WORD
from tests.scenarios.trend import wanted
from tests.scenarios.trend_market import BLOCK, TOKENS, Liquidity
from tests.scenarios.trend_venue import Side, loop, side

D = Decimal
PERP: Final = Symbol(symbol(ETH))
MUCH: Final = D(10**6)
FLAVOURS: Final = ("binance", "bitget")
NAMES: Final = {name: VenueId(name) for name in FLAVOURS}


@dataclass
class Pair:
    """Two venues, of which the first one's market ends."""

    first: Side
    second: Side
    cycle: Cycle
    shown: FakeChain
    clock: FastClock
    number: int = 0
    liquidity: Liquidity = field(default_factory=lambda: Liquidity(ETH))

    @property
    def sizes(self) -> tuple[Decimal, Decimal]:
        return self.first.account.size(PERP), self.second.account.size(PERP)

    async def block(self) -> Hedge:
        """Show a block, and run its cycle."""
        self.number += 1
        pools = [pool_price(MARKS[key], (key, USDC.underlying), str(key)) for key in TOKENS]
        held = [self.liquidity.at(MARKS[ETH])]
        self.shown.shown = chain(held, block=100 + self.number, pools=pools, at=self.clock.now())
        record = await self.cycle.run(asyncio.Event())
        self.clock.advance(BLOCK.total_seconds())
        assert record is not None
        return line(record.decision, ETH)


def policy_of(first: str, second: str, cap: Decimal) -> Policy:
    usual = wanted()
    markets = HedgeMarket(NAMES[first], PERP, MUCH), HedgeMarket(NAMES[second], PERP, cap)
    return replace(usual, hedges={ETH: replace(usual.hedges[ETH], markets=markets)})


@asynccontextmanager
async def pair(first: str, second: str, folder: Path, cap: Decimal = MUCH) -> AsyncIterator[Pair]:
    policy, clock = policy_of(first, second, cap), FastClock(NOW)
    prices, shown = Prices({symbol(key): MARKS[key] for key in TOKENS}), FakeChain(clock)
    async with (
        side(first, prices, clock, policy, NAMES[first]) as one,
        side(second, prices, clock, policy, NAMES[second]) as two,
        loop([one, two], shown, clock, policy, folder) as cycle,
    ):
        yield Pair(one, two, cycle, shown, clock)


async def hedged(run: Pair, other: str) -> Decimal:
    """Put the whole hedge on the first venue: the second one takes nothing yet."""
    run.second.venue.shut[PERP] = WORD[other]
    run.second.exchange.stale = True
    for _ in range(15):
        await run.block()
    assert run.sizes[1] == 0
    del run.second.venue.shut[PERP]
    run.second.exchange.stale = True
    return run.sizes[0]


def stopped(of: Side) -> Decimal:
    stops = (one for one in of.account.working(PERP) if one.kind is OrderKind.STOP_MARKET)
    return sum((one.quantity for one in stops), ZERO)


def ends(run: Pair, flavour: str) -> None:
    """Announce the end; the rules are read again every six hours, or once the venue refuses by them."""
    run.first.venue.shut[PERP] = WORD[flavour]
    run.first.exchange.stale = True


@pytest.mark.parametrize(("first", "second"), [FLAVOURS, FLAVOURS[::-1]])
async def test_another_venue_takes_the_hedge_over_before_it_is_reduced(first: str, second: str, tmp_path: Path) -> None:
    async with pair(first, second, tmp_path) as run:
        short = await hedged(run, second)
        assert short < -5
        ends(run, first)
        seen = [run.sizes]
        for _ in range(150):
            hedge = await run.block()
            assert hedge.band is not None
            seen.append(run.sizes)
            assert abs(sum(run.sizes) - hedge.target) <= hedge.band.outer, "never unhedged, never doubled"
            if run.sizes[0] == 0:
                break
        assert run.sizes[0] == 0, seen
        check_order(seen)
        await run.block()
        assert stopped(run.first) == 0
        assert stopped(run.second) >= -run.sizes[1] * D("0.98")


def check_order(seen: Sequence[tuple[Decimal, Decimal]]) -> None:
    """What was closed at the first never was more than what the second had taken over before."""
    begun = seen[0]
    for before, after in pairwise(seen):
        assert after[0] - begun[0] <= begun[1] - before[1], (before, after)


async def test_no_more_is_closed_than_the_other_venue_has_room_for(tmp_path: Path) -> None:
    first, second = FLAVOURS
    async with pair(first, second, tmp_path, cap=D(6000)) as run:
        short = await hedged(run, second)
        ends(run, first)
        for _ in range(60):
            hedge = await run.block()
            assert hedge.band is not None
            assert abs(sum(run.sizes) - hedge.target) <= hedge.band.outer
        assert D(-6000) / MARKS[ETH] <= run.sizes[1] < 0
        assert short < run.sizes[0] < 0, "the rest stays where it is"
