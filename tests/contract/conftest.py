"""One account behind the Exchange port, twice for each flavour: the paper exchange in process, ccxt on its server."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, cast

import aiohttp
import pytest

from bot.core.market import MarginTier
from bot.core.types import Underlying, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.paper.config import Filters, PaperConfig, halved
from bot.paper.exchange import PaperExchange
from bot.paper.served import FixedMarks, venue_of
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Venue
from bot.ports import Clock, Exchange
from bot.venues.connect import connect
from tests.contract.translated import Translated
from tests.paper.engine.scene import BTC, ETH, TIERS
from tests.paper.servers.flavours import login_of, own_symbol
from tests.paper.servers.scene import HOSTS, OnlyLoopback, ShiftedClock

D = Decimal
NAMES = {Underlying("ETH"): ETH, Underlying("BTC"): BTC}


@dataclass
class Account:
    """An exchange, and the world that it lives in."""

    exchange: Exchange
    flavour: str
    marks: FixedMarks
    clock: ShiftedClock
    started: datetime

    @property
    def tiers(self) -> tuple[MarginTier, ...]:
        return halved(TIERS) if SERVERS[self.flavour].conventions.halves_initial_margin else TIERS

    @property
    def interval(self) -> timedelta:
        return SERVERS[self.flavour].conventions.funding_interval or timedelta(hours=8)

    def price(self, eth: int) -> None:
        """Set a price, a moment later: parts of a view that are read within 30 ms may be of one answer."""
        self.marks.prices[Underlying("ETH")] = D(eth)
        self.clock.shift += timedelta(milliseconds=100)


def config(flavour: str, folder: Path) -> PaperConfig:
    return PaperConfig(
        venue=VenueId("venue"),
        file=folder / "paper.sqlite",
        symbols={name: own_symbol(flavour, symbol) for name, symbol in NAMES.items()},
        deposit=D(10_000),
        usd_per_bp=D(20_000),
        filters={
            Underlying("ETH"): Filters(D("0.01"), D("0.001"), D(1000), D(20), TIERS),
            Underlying("BTC"): Filters(D("0.1"), D("0.001"), D(1000), D(20), TIERS),
        },
        conventions=SERVERS[flavour].conventions,
    )


@asynccontextmanager
async def wired(
    flavour: str, rules: PaperConfig, marks: FixedMarks, clock: Clock, mode: Literal["cross", "isolated"] = "cross"
) -> AsyncIterator[tuple[CcxtExchange, Venue]]:
    """Serve an account over TLS on the loopback; return what trades on it by ccxt, and the venue's own truth."""
    tls, authority = certificates(HOSTS)
    keys = SERVERS[flavour].issue("alice")
    venue = venue_of(rules, marks, clock, keys)
    async with VenueServer(venue, SERVERS[flavour].dialect(), tls=tls) as server:
        resolver = OnlyLoopback(dict.fromkeys(HOSTS, server.port))
        trust = ssl.create_default_context(cadata=authority)
        settings = CcxtConfig(
            venue=rules.venue,
            kind=flavour,
            symbols=tuple(rules.symbols.values()),
            login=login_of(flavour, keys),
            leverage=D(10),
            margin_mode=mode,
            connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
        )
        exchange = await connect(settings, clock)
        try:
            yield exchange, venue
        finally:
            await exchange.close()


KINDS = [(way, flavour) for way in ("paper", "ccxt") for flavour in SERVERS]


@pytest.fixture(params=KINDS, ids=["-".join(kind) for kind in KINDS])
async def account(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Account]:
    way, flavour = request.param
    clock, rules = ShiftedClock(), config(flavour, tmp_path)
    marks = FixedMarks({Underlying("ETH"): D(2000), Underlying("BTC"): D(40_000)})
    started = clock.now()
    if way == "paper":
        paper = PaperExchange(rules, marks, clock)
        yield Account(cast("Exchange", Translated(paper, flavour)), flavour, marks, clock, started)
        await paper.close()
        return
    async with wired(flavour, rules, marks, clock) as (real, _):
        yield Account(cast("Exchange", Translated(real, flavour)), flavour, marks, clock, started)
