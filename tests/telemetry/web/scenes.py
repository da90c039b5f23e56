"""Cycles for the web tests: real decisions over the decision's own scenes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import aiohttp

from bot.clock import ManualClock
from bot.core.decide import decide
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.snapshot import Balance, VenueUnknown, VenueView
from bot.core.types import Mode, Underlying
from bot.telemetry.about import About
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.core import scenes
from tests.core.scenes import ETH, NO_INPUTS, NOW, PAPER

ABOUT = About("testbot", "0.1.0", Mode.PAPER)


def account(size: str = "-2.5", underlying: Underlying = ETH) -> VenueView:
    """Make a venue with a short that is liquidated at 3000 and holds a margin ratio of 2%."""
    view = scenes.venue({underlying: size})
    name = scenes.symbol(underlying)
    short = replace(view.positions[name], liquidation_price=Decimal(3000), entry_price=Decimal(1990))
    balance = Balance(Decimal(9900), Decimal(10000), Decimal(8000), Decimal(1000), Decimal(200))
    return replace(view, positions={**view.positions, name: short}, balance=balance)


def record(
    number: int = 1, venue: VenueView | VenueUnknown | None = None, run: RunState = RunState.RUNNING
) -> CycleRecord:
    """Make a cycle over a V2 ETH/USD position of 10,000 USD, so 2.5 ETH."""
    seen = scenes.snapshot(scenes.chain([scenes.v2("local:v2:one", 10_000)]), [venue or account()])
    at = NOW + timedelta(seconds=12 * number)
    decision = decide(seen, NO_INPUTS, scenes.state(run), scenes.policy())
    return CycleRecord(number, at, seen, decision, 0.02)


UNKNOWN = VenueUnknown(PAPER, "it sleeps", NOW)
SILENT = (
    f"paper can't be read since {NOW:%H:%M:%S} UTC (it sleeps): its resting stops stand, "
    "nothing is added there; other venues take over within their caps"
)
"""The alarm that tells of it."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, its clock and a client."""

    server: HttpServer
    clock: ManualClock
    client: aiohttp.ClientSession


@asynccontextmanager
async def site(config: HttpConfig | None = None) -> AsyncIterator[Site]:
    """Run a server on a free loopback port."""
    clock = ManualClock(NOW)
    async with (
        HttpServer(config or HttpConfig(), clock, ABOUT) as server,
        aiohttp.ClientSession(server.url) as client,
    ):
        yield Site(server, clock, client)
