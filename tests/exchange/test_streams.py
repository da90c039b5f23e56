"""Streams as hints: what moves hurries a cycle, what is silent is opened anew, and nothing else leaves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.core.orders import OrderKind, TimeInForce
from bot.core.telemetry_event import StreamHeard, TelemetryEvent
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.exchange.streams import Streams
from bot.paper.servers.desk import Wish
from bot.paper.servers.registry import SERVERS
from bot.venues.connect import connect
from tests.paper.engine.scene import BTC, ETH
from tests.paper.servers.flavours import login_of, own_symbol, rules_of
from tests.paper.servers.scene import HOSTS, OnlyLoopback, Prices, Scene, serving

pytestmark = pytest.mark.slow

D = Decimal


@dataclass
class Ear:
    """Counts what was heard, and lets tests wait for it."""

    heard: dict[str, int] = field(default_factory=dict)
    hints: int = 0
    spoke: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def emit(self, event: TelemetryEvent) -> None:
        assert isinstance(event, StreamHeard)
        self.heard[event.stream] = self.heard.get(event.stream, 0) + 1
        self._wake()

    def hint(self) -> None:
        self.hints += 1
        self._wake()

    def _wake(self) -> None:
        async def wake() -> None:
            async with self.spoke:
                self.spoke.notify_all()

        task = asyncio.get_running_loop().create_task(wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hints_beyond(self, count: int) -> None:
        async with asyncio.timeout(10), self.spoke:
            await self.spoke.wait_for(lambda: self.hints > count)

    async def marks_beyond(self, count: int) -> None:
        async with asyncio.timeout(10), self.spoke:
            await self.spoke.wait_for(lambda: self.heard.get("marks", 0) > count)


@pytest.fixture(params=SERVERS)
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    flavour: str = request.param
    prices = Prices({own_symbol(flavour, ETH): D(2000), own_symbol(flavour, BTC): D(40_000)})
    keys = SERVERS[flavour].issue("alice")
    async with serving(flavour, rules_of(flavour), credentials=keys, prices=prices) as scene:
        yield scene


def eth(scene: Scene) -> Symbol:
    return own_symbol(scene.engine.rules.conventions.name, ETH)


@asynccontextmanager
async def venue_at(scene: Scene, **changes: object) -> AsyncIterator[CcxtExchange]:
    resolver = OnlyLoopback(dict.fromkeys(HOSTS, scene.server.port))
    trust = ssl.create_default_context(cadata=scene.authority)
    config = CcxtConfig(
        venue=VenueId("venue"),
        kind=scene.engine.rules.conventions.name,
        symbols=(eth(scene),),
        login=login_of(scene.engine.rules.conventions.name, scene.desk.credentials),
        connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
    )
    venue = await connect(replace(config, **changes), SystemClock())  # type: ignore[arg-type] # a test's own fields
    try:
        await venue.check([eth(scene)])
        yield venue
    finally:
        await venue.close()


@asynccontextmanager
async def listening(streams: Streams) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(streams.run())
        yield
        task.cancel()


async def test_a_mark_that_moves_far_enough_and_a_trade_hurry_a_cycle(scene: Scene) -> None:
    ear = Ear()
    async with venue_at(scene) as venue:
        streams = Streams(venue.link, venue.dialect.facts, ear.hint, ear, SystemClock())
        async with listening(streams):
            await ear.marks_beyond(0)
            assert ear.hints == 1  # the opening itself

            scene.prices.marks[eth(scene)] = D("2001.9")
            await ear.marks_beyond(ear.heard["marks"] + 1)
            assert ear.hints == 1
            scene.prices.marks[eth(scene)] = D("2002.1")
            await ear.hints_beyond(1)

            while ear.heard.keys() != {"marks", "orders", "positions"}:
                before = ear.hints
                sell(scene)
                await ear.marks_beyond(ear.heard["marks"])
            await ear.hints_beyond(before)


def sell(scene: Scene) -> None:
    """Sell by hand, under a name that every one of the venues takes."""
    scene.desk.place(ClientOrderId(f"oid-{len(scene.desk.orders())}"), replace(SALE, symbol=eth(scene)))


SALE = Wish(ETH, D("-0.5"), OrderKind.LIMIT, TimeInForce.IOC, reduce_only=False, price=D(1990))


async def test_a_silent_stream_is_opened_anew(scene: Scene) -> None:
    ear = Ear()
    async with venue_at(scene, stream_max_age=timedelta(seconds=1.5)) as venue:
        streams = Streams(venue.link, venue.dialect.facts, ear.hint, ear, SystemClock())
        with capture_logs() as logs:
            async with listening(streams):
                await ear.marks_beyond(0)
                scene.server.mute = True
                await ear.hints_beyond(1)
                scene.server.mute = False
                await ear.marks_beyond(ear.heard["marks"])
    lost = [entry for entry in logs if entry["event"].startswith("streams lost")]
    assert lost[0]["reason"] == "TimeoutError: the stream marks was silent for 1.5 s"


async def test_a_message_that_can_t_be_read_ends_the_stream_and_it_is_opened_anew(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else would tell that an account's stream has fallen silent: it speaks only when something happens."""
    send, spoiled = web.WebSocketResponse.send_str, list[str]()

    async def spoiling(self: web.WebSocketResponse, data: str, compress: int | None = None) -> None:
        if ("oid-" in data or "orderUpdates" in data) and not spoiled:
            spoiled.append(data)
            data = data[: len(data) // 2]
        await send(self, data, compress)

    monkeypatch.setattr(web.WebSocketResponse, "send_str", spoiling)
    ear = Ear()
    async with venue_at(scene) as venue:
        streams = Streams(venue.link, venue.dialect.facts, ear.hint, ear, SystemClock())
        with capture_logs() as logs:
            async with listening(streams):
                await ear.marks_beyond(0)
                while not spoiled:
                    sell(scene)
                    await ear.marks_beyond(ear.heard["marks"])
                while "orders" not in ear.heard or not any("streams lost" in entry["event"] for entry in logs):
                    sell(scene)
                    await ear.marks_beyond(ear.heard["marks"])
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@dataclass
class Shuffled:
    """What a socket has to tell comes after what follows it, and everything comes twice; ``cut`` ends a socket once."""

    send: Callable[[web.WebSocketResponse, str], Awaitable[None]]
    held: dict[web.WebSocketResponse, str] = field(default_factory=dict)
    cut: bool = False
    told: int = 0

    async def __call__(self, socket: web.WebSocketResponse, data: str) -> None:
        if any(word in data[:60] for word in ("event", "result", "subscriptionResponse", "pong")):
            await self.send(socket, data)  # an answer to what the client asked, and no news
            return
        if self.cut:
            self.cut = False
            await socket.close()
            return
        if (before := self.held.pop(socket, None)) is None:
            self.held[socket] = data
            return
        for text in (data, before, before, data):
            self.told += 1
            await self.send(socket, text)


async def test_news_that_come_twice_in_another_order_or_on_a_new_connection_leave_what_is_read_true(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = web.WebSocketResponse.send_str
    shuffled = Shuffled(send)

    async def sent(self: web.WebSocketResponse, data: str, compress: int | None = None) -> None:
        del compress
        await shuffled(self, data)

    monkeypatch.setattr(web.WebSocketResponse, "send_str", sent)
    ear, own = Ear(), eth(scene)
    async with venue_at(scene, stream_max_age=timedelta(seconds=3)) as venue:
        streams = Streams(venue.link, venue.dialect.facts, ear.hint, ear, SystemClock())
        with capture_logs() as logs:
            async with listening(streams):
                for number in range(1, 5):
                    scene.prices.marks[own] = D(2000 + number % 3)
                    await ear.marks_beyond(ear.heard.get("marks", 0))
                    before = ear.hints
                    if number < 4:
                        sell(scene)
                    rests = replace(REST, symbol=own)
                    scene.desk.place(ClientOrderId(f"oid-{1000 + number}"), rests)
                    shuffled.cut = number == 2
                    while ear.hints == before:
                        scene.prices.marks[own] += D("0.1")
                        await ear.marks_beyond(ear.heard.get("marks", 0))
                    await ear.marks_beyond(ear.heard.get("marks", 0) + 1)
                    view = await venue.observe()
                    assert view.positions[own].size == scene.desk.size(own) == D("-0.5") * min(number, 3)
                    async with asyncio.timeout(12):  # the longest for which a list of orders is kept, and a little
                        while sum(one.remaining for one in view.open_orders) != D("-0.1") * number:
                            await ear.marks_beyond(ear.heard["marks"])
                            view = await venue.observe()
                    assert abs(view.quotes[own].mark.price - scene.prices.marks[own]) <= 1
    assert any(entry["event"].startswith("streams lost") for entry in logs)
    assert shuffled.told > 20


REST = Wish(ETH, D("-0.1"), OrderKind.LIMIT, TimeInForce.GTC, reduce_only=False, price=D(2200))


async def test_nothing_leaves_for_another_host(scene: Scene) -> None:
    ear = Ear()
    async with venue_at(scene) as venue:
        other = frozenset({"example.org"})
        nowhere = replace(venue.dialect.facts, hosts=other, stream_hosts=other)
        streams = Streams(venue.link, nowhere, ear.hint, ear, SystemClock())
        with capture_logs() as logs:
            async with listening(streams):
                await ear.hints_beyond(1)
    assert ear.heard == {}
    assert any("was stopped; allowed" in entry.get("reason", "") for entry in logs)
