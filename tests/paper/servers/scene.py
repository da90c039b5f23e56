"""A venue with one customer, and unmodified ccxt classes whose packets all end on the loopback."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from socket import AddressFamily
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.clock import SystemClock
from bot.core.types import Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarkUpdate, VenueRules
from bot.paper.servers.desk import Credentials, Desk
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Around, VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Step, Venue
from tests.paper.engine.scene import BTC, ETH, RULES

D = Decimal
Ccxt = Any  # what its methods give has no useful types
ALICE = Credentials("alice-key-0123456789", "alice-secret-abcdef", "alice-passphrase")
LOGIN = {"apiKey": ALICE.key, "secret": ALICE.secret, "password": ALICE.passphrase}
HOSTS = [host for kind in SERVERS.values() for host in kind.hosts]


class ShiftedClock(SystemClock):
    """The system's time, which a test can move forward."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.shift


@dataclass
class Prices:
    """The prices in force, which a test can change."""

    marks: dict[Symbol, Decimal] = field(default_factory=lambda: {ETH: D(2000), BTC: D(40_000)})
    rate: Decimal | None = None

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        del since
        updates = {symbol: MarkUpdate(mark, mark, funding_rate=self.rate) for symbol, mark in self.marks.items()}
        return [(now, updates)]


@dataclass
class Scene:
    """A running server and everything behind it."""

    clock: ShiftedClock
    prices: Prices
    desk: Desk
    server: VenueServer
    authority: str

    @property
    def engine(self) -> PaperEngine:
        return self.desk.engine


class OnlyLoopback(AbstractResolver):
    """Sends every host name that it knows to one port of the loopback."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._ports[host], family=AddressFamily.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return None


def desk(rules: VenueRules, now: datetime, credentials: Credentials = ALICE, deposit: int = 10_000) -> Desk:
    return Desk(credentials, PaperEngine.open(rules, now, D(deposit)))


@asynccontextmanager
async def serving(
    flavour: str,
    rules: VenueRules = RULES,
    around: Around | None = None,
    memory: timedelta = timedelta(0),
    credentials: Credentials = ALICE,
    *,
    ago: timedelta = timedelta(0),
    prices: Prices | None = None,
) -> AsyncIterator[Scene]:
    """Serve one customer's venue over TLS, whose clock is that much behind at first."""
    rules = replace(rules, conventions=SERVERS[flavour].conventions, history=1000)
    clock, prices = ShiftedClock(), prices or Prices()
    clock.shift = -ago
    one = desk(rules, clock.now(), credentials)
    tls, authority = certificates(HOSTS)
    venue = Venue(rules, [one], prices, clock, memory)
    async with VenueServer(venue, SERVERS[flavour].dialect(), tls=tls, around=around) as server:
        yield Scene(clock, prices, one, server, authority)


def pro_of(flavour: str, credentials: Credentials = ALICE) -> Ccxt:
    """Make ccxt's class that follows a venue's streams."""
    from ccxt import pro  # noqa: PLC0415 - all but the streams do without

    keys = {"apiKey": credentials.key, "secret": credentials.secret, "password": credentials.passphrase}
    options = {
        "defaultType": "swap",
        "uta": flavour == "bitget-uta",
        "watchPositions": {"fetchPositionsSnapshot": False},
    }
    made = pro.binanceusdm if flavour == "binance" else pro.bitget
    return made({**keys, "enableRateLimit": False, "options": options})


def ccxt_of(flavour: str, credentials: Credentials = ALICE, **more: object) -> Ccxt:
    """Make ccxt's class for a venue's wire format."""
    keys = {"apiKey": credentials.key, "secret": credentials.secret, "password": credentials.passphrase}
    options = {"defaultType": "swap", "uta": flavour == "bitget-uta"}
    settings = {**keys, "enableRateLimit": False, "options": options, **more}
    return (ccxt.binanceusdm if flavour == "binance" else ccxt.bitget)(settings)


@asynccontextmanager
async def connected(exchange: Ccxt, scene: Scene) -> AsyncIterator[Ccxt]:
    """Return an exchange a session that reaches the scene's server; the exchange is ccxt's, unmodified."""
    resolver = OnlyLoopback(dict.fromkeys(HOSTS, scene.server.port))
    trust = ssl.create_default_context(cadata=scene.authority)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver, ssl=trust)) as session:
        exchange.session = session
        exchange.own_session = False
        try:
            yield exchange
        finally:
            await exchange.close()
