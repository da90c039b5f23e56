"""Venue servers for the scenarios on them: what is asked of them is counted, and the bot's loop runs against them."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.execute import Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.core.policy import Policy
from bot.core.types import VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.exchange.streams import Streams
from bot.journal.journal import SqliteJournal
from bot.paper.servers.desk import Desk
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve, VenueServer, respond
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Answer, Incoming, Venue
from bot.ports import Exchange, NoTelemetry
from bot.protocols.registry import CURVES
from bot.venues.connect import connect
from bot.venues.hyperliquid.facts import WEIGHTS, endpoint
from tests.app.fakes import FakeChain
from tests.core.scenes import symbol
from tests.exchange.scene import FastClock
from tests.paper.servers.flavours import login_of, own_symbol, rules_of
from tests.paper.servers.scene import HOSTS, OnlyLoopback, Prices, desk
from tests.scenarios.trend_market import TOKENS

VENUE: Final = VenueId("paper")
DEPOSIT: Final = 400_000


@dataclass(slots=True)
class Watch:
    """The layer in front of the server: what is asked for, by minute, and what is refused for being too much.

    ``weight`` is what Hyperliquid counts. ``edit`` may show what the server knows nothing of.
    """

    started: datetime
    flavour: str
    requests: Counter[int] = field(default_factory=Counter)
    orders: Counter[int] = field(default_factory=Counter)
    stops: Counter[int] = field(default_factory=Counter)
    weight: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    edit: Callable[[Incoming, bytes], bytes] = lambda _, body: body

    async def __call__(self, request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        del request
        minute = (incoming.at - self.started) // timedelta(minutes=1)
        self.requests[minute] += 1
        name = incoming.path.rpartition("/")[2]
        if name == "exchange":
            sent = json.loads(incoming.body)["action"].get("orders", ())
            self.orders[minute] += sum("limit" in one["t"] for one in sent)
            self.stops[minute] += sum("trigger" in one["t"] for one in sent)
        elif incoming.method in {"POST", "PUT"}:
            self.orders[minute] += name in {"order", "place-order", "modify-order"}
            self.stops[minute] += name in {"algoOrder", "place-plan-order", "place-strategy-order"}
        if self.flavour == "hyperliquid":
            self.weight[minute] += WEIGHTS[endpoint(incoming.path, incoming.body)]
        answer = await serve(incoming)
        self.refused += answer.status in {418, 429}
        return respond(replace(answer, body=self.edit(incoming, answer.body)))


@cache
def _certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server, authority = certificates(HOSTS)
    return server, ssl.create_default_context(cadata=authority)


@dataclass(frozen=True, slots=True)
class Side:
    """A venue server, the account on it, and the bot's connection to it."""

    account: Desk
    venue: Venue
    exchange: CcxtExchange
    watch: Watch


@asynccontextmanager
async def side(
    flavour: str, prices: Prices, clock: FastClock, policy: Policy, name: VenueId = VENUE
) -> AsyncIterator[Side]:
    """Serve a venue of a flavour, and connect to it."""
    tls, trust = _certificates()
    rules, keys = replace(rules_of(flavour), history=20_000), SERVERS[flavour].issue("alice")
    account = desk(rules, clock.now(), keys, deposit=DEPOSIT)
    watch = Watch(clock.now(), flavour)
    venue = Venue(rules, [account], prices, clock)
    async with VenueServer(venue, SERVERS[flavour].dialect(), tls=tls, around=watch) as server:
        resolver = OnlyLoopback(dict.fromkeys(HOSTS, server.port))
        config = CcxtConfig(
            venue=name,
            kind=flavour,
            symbols=tuple(own_symbol(flavour, symbol(key)) for key in TOKENS),
            login=login_of(flavour, keys),
            leverage=policy.risk.leverage,
            margin_mode="cross",
            timeout=timedelta(seconds=10),
            connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
        )
        exchange = await connect(config, clock)
        try:
            await exchange.check(config.symbols)
            yield Side(account, venue, exchange, watch)
        finally:
            await exchange.close()


@asynccontextmanager
async def listening(flavour: str, one: Side, clock: FastClock) -> AsyncIterator[Callable[[], None]]:
    """Yield what brings the venue's news to the bot's own stream reader, at the test's own time and without a socket.

    Only Hyperliquid's are brought: what they tell is not asked for, and saves its requests' weight.
    """
    if flavour != "hyperliquid":
        yield lambda: None
        return
    (user,) = one.venue.desks
    coins = [{"type": "activeAssetCtx", "coin": str(key)} for key in TOKENS]
    own = [{"type": kind, "user": user} for kind in ("orderUpdates", "clearinghouseState")]
    channel = SERVERS[flavour].dialect().channel(one.venue, Incoming("GET", "/ws", "", {}, b"", clock.now()))
    assert not isinstance(channel, Answer)
    for asked in (*coins, *own):
        channel.heard(json.dumps({"method": "subscribe", "subscription": asked}))
    streams = Streams(one.exchange.link, one.exchange.dialect.facts, lambda: None, NoTelemetry(), clock)
    async with streams.opened() as made:
        api: Any = made
        client = api.client(api.urls["api"]["ws"]["public"])

        def listen() -> None:
            one.venue.move()
            for text in channel.news():
                api.handle_message(client, json.loads(text))

        yield listen


@asynccontextmanager
async def loop(
    sides: Sequence[Side], shown: FakeChain, clock: FastClock, policy: Policy, folder: Path
) -> AsyncIterator[Cycle]:
    """Build the bot's loop against some venues."""
    journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now(), CURVES)
    exchanges = [one.exchange for one in sides]
    venues: dict[VenueId, Exchange] = {one.venue: one for one in exchanges}
    cycle = Cycle(
        observer=Observer([shown], exchanges, [], EntryBook(journal, clock, 5), clock, 30),
        executor=Executor(venues, journal, clock),
        reconciler=Reconciler(venues, journal, clock),
        journal=journal,
        clock=clock,
        policy=policy,
        commands=Commands(journal, clock),
    )
    try:
        await cycle.reconciler.begin()
        yield cycle
    finally:
        journal.close()
