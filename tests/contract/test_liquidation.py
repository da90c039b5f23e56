"""Where a short is liquidated, as dnbot reckons it from what it reads: moved there, the venue server does it.

The oracle knows no formula: on a copy of the account it moves the marks in the venue's own rules until the server's
engine liquidates.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from bot.core.orders import Accepted, Intent, OrderStatus
from bot.core.risk.liquidation import position_risks
from bot.core.snapshot import VenueView
from bot.core.types import Symbol, Underlying
from bot.paper.engine.engine import PaperEngine
from bot.paper.served import FixedMarks
from bot.paper.servers.registry import SERVERS
from tests.contract.conftest import D, config, wired
from tests.contract.translated import own_id
from tests.core.scenes import NOW
from tests.exchange.scene import FastClock
from tests.paper.engine.scene import BTC, ETH, limit, mark
from tests.paper.servers.flavours import own_symbol

Mode = Literal["cross", "isolated"]
ROUNDED = D("1e-9")
"""What a price may miss besides a tick: sums of money are rounded on the wire."""
FINE = 10**8
"""Steps in which a common rise of all marks is searched, from 0 to doubled prices."""


@dataclass(frozen=True, slots=True)
class Case:
    """Shorts of an account, base units, and its money."""

    eth: str
    btc: str = "0"
    deposit: int = 10_000


CASES = {
    "within the first tier": Case("5"),
    "two in the first tier": Case("5", "0.2"),
    "across two tiers": Case("100", deposit=60_000),
    "two across tiers": Case("110", "5", deposit=120_000),
    "far across all tiers": Case("40", "1", deposit=400_000),
}


@asynccontextmanager
async def held(flavour: str, mode: Mode, case: Case, folder: Path) -> AsyncIterator[tuple[VenueView, PaperEngine]]:
    """Open the shorts over the wire, let prices move a little; return what dnbot reads, and the account's truth."""
    clock, marks = FastClock(NOW), FixedMarks({Underlying("ETH"): D(2000), Underlying("BTC"): D(40_000)})
    rules = replace(config(flavour, folder), deposit=D(case.deposit), usd_per_bp=D(10**7))
    async with wired(flavour, rules, marks, clock, mode) as (exchange, venue):
        await exchange.check(tuple(rules.symbols.values()))
        for number, (symbol, size, low) in enumerate(((ETH, case.eth, "1990"), (BTC, case.btc, "39900"))):
            if size == "0":
                continue
            wanted = replace(limit(f"-{size}", low), symbol=own_symbol(flavour, symbol), venue=rules.venue)
            intent = Intent(own_id(flavour, f"open-{number}"), number, wanted, clock.now() + timedelta(seconds=5))
            sent = await exchange.place(intent)
            assert isinstance(sent, Accepted)
            assert sent.report.status is OrderStatus.FILLED
        marks.prices |= {Underlying("ETH"): D("2013.5"), Underlying("BTC"): D(40_170)}
        clock.advance(1)
        yield await exchange.observe(), venue.tape


def liquidates(engine: PaperEngine, prices: Mapping[Symbol, Decimal]) -> bool:
    """Whether marks liquidate anything, tried on a copy."""
    fork = engine.fork()
    fork.advance(fork.now, {symbol: mark(price) for symbol, price in prices.items()})
    return any(fork.account.positions[symbol].size != one.size for symbol, one in engine.account.positions.items())


def over_alone(engine: PaperEngine, symbol: Symbol, tick: Decimal, at: int) -> bool:
    """Whether a mark of so many ticks liquidates, all others standing still."""
    return liquidates(engine, {symbol: at * tick})


def over_together(engine: PaperEngine, marks: Mapping[Symbol, Decimal], step: int) -> bool:
    """Whether a common rise of so many steps liquidates."""
    return liquidates(engine, {symbol: one * (1 + D(step) / FINE) for symbol, one in marks.items()})


def first(is_over: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number at which something is over; it is not at ``low`` and is at ``high``."""
    assert not is_over(low)
    assert is_over(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_over(middle) else (middle, high)
    return high


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("mode", ["cross", "isolated"])
@pytest.mark.parametrize("flavour", SERVERS)
async def test_it_is_where_the_server_liquidates(flavour: str, mode: Mode, case: Case, tmp_path: Path) -> None:
    async with held(flavour, mode, case, tmp_path) as (view, engine):
        risks = position_risks(view)
        assert len(risks) == sum(size != "0" for size in (case.eth, case.btc))
        for risk in risks:
            tick = engine.rules.symbols[risk.symbol].market.tick
            now = int(risk.mark / tick)
            alone = first(partial(over_alone, engine, risk.symbol, tick), now, now * 100) * tick
            shown = view.quotes[risk.symbol].market.tick_at(alone)
            assert risk.computed is not None
            assert -ROUNDED * alone <= alone - risk.computed <= tick + ROUNDED * alone
            assert risk.reported is not None
            assert abs(alone - risk.reported) <= shown
            if mode == "isolated":
                assert risk.joint == risk.computed
                continue
            rise = first(partial(over_together, engine, {one.symbol: one.mark for one in risks}), 0, FINE * 100)
            together = risk.mark * (1 + D(rise) / FINE)
            assert risk.joint is not None
            assert abs(together - risk.joint) <= tick
            assert risk.liquidation == min(risk.computed, risk.reported, risk.joint)
