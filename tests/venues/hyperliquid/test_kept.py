"""What is kept between views: it saves the venue's request weight, and never hides an order or a move of the market."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.core.orders import Accepted, Intent, OrderKind, OrderRequest, Rejected, TimeInForce, Unknown
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.exchange.streams import Streams
from bot.paper.servers.desk import Desk, Wish
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve, VenueServer, respond
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Incoming, Venue
from bot.ports import Clock, NoTelemetry
from bot.venues.connect import connect
from bot.venues.hyperliquid.facts import FACTS, WEIGHTS, endpoint
from tests.exchange.scene import START, FastClock
from tests.paper.servers.flavours import login_of, rules_of
from tests.paper.servers.scene import HOSTS, OnlyLoopback, Prices, desk

D = Decimal
ETH, BTC = Symbol("ETH/USDC:USDC"), Symbol("BTC/USDC:USDC")
KEYS = SERVERS["hyperliquid"].issue("alice")
LISTING, STATES, FILLS = "/info#frontendOpenOrders", "/info#metaAndAssetCtxs", "/info#userFillsByTime"
STRANGER = ClientOrderId("0x" + "77" * 16)
QUIET = 2 + 2 * 2
"""Weight of a view of two markets in which nothing has moved: the account, and each book."""


@dataclass
class Watch:
    """Counts what is asked; loses the answers to actions where it is to."""

    asked: Counter[str] = field(default_factory=Counter)
    lose: bool = False

    async def __call__(self, request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        self.asked[endpoint(incoming.path, incoming.body)] += 1
        answer = await serve(incoming)
        if self.lose and incoming.path == "/exchange":
            assert request.transport is not None
            request.transport.abort()
        return respond(answer)

    @property
    def weight(self) -> int:
        """What was asked for weighs, but for the venue's time: the tests set the clock."""
        return sum(count * WEIGHTS[name] for name, count in self.asked.items() if name != "/info#exchangeStatus")


@dataclass
class Kept:
    """The venue's server, and the adapter connected to it."""

    clock: Clock
    prices: Prices
    account: Desk
    watch: Watch
    exchange: CcxtExchange

    def later(self, seconds: float) -> None:
        """Let time pass where it is the test's."""
        if isinstance(self.clock, FastClock):
            self.clock.advance(seconds)

    async def viewed(self) -> Counter[str]:
        """Take a view half a second later; return what was asked for it."""
        self.later(0.5)
        self.watch.asked.clear()
        await self.exchange.observe()
        return Counter(self.watch.asked)

    async def orders(self) -> list[str]:
        """Take a view; return the client ids of the orders that it shows as working."""
        return [str(one.client_id) for one in (await self.exchange.observe()).open_orders]


@asynccontextmanager
async def served(clock: Clock) -> AsyncIterator[Kept]:
    """Serve the venue by a clock, and connect the adapter by the same."""
    watch, prices, rules = Watch(), Prices({ETH: D(2000), BTC: D(40_000)}), rules_of("hyperliquid")
    account, (tls, authority) = desk(rules, clock.now(), KEYS), certificates(HOSTS)
    venue = Venue(rules, [account], prices, clock)
    async with VenueServer(venue, SERVERS["hyperliquid"].dialect(), tls=tls, around=watch) as server:
        resolver = OnlyLoopback(dict.fromkeys(HOSTS, server.port))
        trust = ssl.create_default_context(cadata=authority)
        config = CcxtConfig(
            venue=VenueId("hl"),
            kind="hyperliquid",
            symbols=(ETH, BTC),
            login=login_of("hyperliquid", KEYS),
            timeout=timedelta(seconds=30),
            connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
        )
        exchange = await connect(config, clock)
        try:
            await exchange.check([ETH, BTC])
            yield Kept(clock, prices, account, watch, exchange)
        finally:
            await exchange.close()


@pytest.fixture
async def kept() -> AsyncIterator[Kept]:
    async with served(FastClock(START)) as one:
        yield one


def intent(number: int, quantity: str, price: str | None = None, trigger: str | None = None) -> Intent:
    """Return a stop, a resting order, or one at the market."""
    kind, tif = OrderKind.MARKET, TimeInForce.IOC
    if trigger is not None:
        kind, tif = OrderKind.STOP_MARKET, TimeInForce.GTC
    elif price is not None:
        kind, tif = OrderKind.LIMIT, TimeInForce.POST_ONLY
    request = OrderRequest(
        VenueId("hl"),
        ETH,
        Underlying("ETH"),
        D(quantity),
        kind,
        tif,
        trigger is not None,
        "test",
        price=None if price is None else D(price),
        trigger=None if trigger is None else D(trigger),
    )
    return Intent(ClientOrderId(f"0x{number:032x}"), number, request, START)


async def test_a_quiet_view_asks_for_the_account_and_the_books_alone(kept: Kept) -> None:
    await kept.viewed()
    asked = await kept.viewed()
    assert (kept.watch.weight, asked[LISTING], asked[STATES]) == (QUIET, 0, 0)


async def test_without_streams_the_orders_are_listed_anew_every_three_seconds(kept: Kept) -> None:
    await kept.viewed()
    kept.later(2)
    assert (await kept.viewed())[LISTING] == 0
    kept.later(2)
    assert (await kept.viewed())[LISTING] == 1


async def test_a_market_that_moves_is_read_anew_and_shows_its_new_mark(kept: Kept) -> None:
    await kept.viewed()
    kept.prices.marks[ETH] = D(2010)
    kept.later(0.5)
    view = await kept.exchange.observe()
    assert (view.quotes[ETH].mark.price, view.quotes[ETH].book.bid > 2008) == (D(2010), True)
    kept.later(6)
    assert (await kept.viewed())[STATES] == 1, "however still the market is"


async def test_our_own_orders_show_at_once_and_the_list_is_not_read_for_them(kept: Kept) -> None:
    await kept.exchange.place(intent(1, "-1"))
    await kept.viewed()
    for number, order in ((2, intent(2, "1", trigger="2100")), (3, intent(3, "-0.5", price="2050"))):
        assert isinstance(await kept.exchange.place(order), Accepted)
        asked = await kept.viewed()
        assert (asked[LISTING], asked["/info#orderStatus"] >= 1) == (0, True)
        assert order.client_id in await kept.orders(), number
    assert isinstance(await kept.exchange.cancel(intent(2, "1").client_id, ETH), Unknown)
    assert await kept.orders() == [intent(3, "-0.5").client_id]
    assert (await kept.viewed())[LISTING] == 0
    assert isinstance(await kept.exchange.cancel(STRANGER, ETH), Rejected)


async def test_what_an_action_whose_answer_is_lost_did_is_seen(kept: Kept) -> None:
    await kept.viewed()
    kept.watch.lose = True
    assert isinstance(await kept.exchange.place(intent(1, "-0.5", price="2050")), Unknown)
    kept.watch.lose = False
    assert (await kept.viewed())[LISTING] == 1
    assert (await kept.viewed())[LISTING] == 1, "it may still be done"
    assert await kept.orders() == [intent(1, "-0.5").client_id]


async def test_one_read_of_fills_serves_whoever_asks_until_an_order_is_sent(kept: Kept) -> None:
    since = kept.clock.now() - timedelta(minutes=5)
    assert isinstance(await kept.exchange.place(intent(1, "-1")), Accepted)
    kept.watch.asked.clear()
    (fill,) = await kept.exchange.fills(since)
    assert (fill.client_id, fill.quantity) == (intent(1, "-1").client_id, D(-1))
    await kept.exchange.ledger(since)
    assert kept.watch.asked[FILLS] == 1
    await kept.exchange.place(intent(2, "-1"))
    assert len(await kept.exchange.fills(since)) == 2


async def test_an_order_of_a_stranger_shows_once_the_stream_tells_of_it() -> None:
    async with served(SystemClock()) as kept:
        heard = asyncio.Event()
        streams = Streams(kept.exchange.link, FACTS, heard.set, NoTelemetry(), kept.clock)
        async with asyncio.timeout(90), asyncio.TaskGroup() as group:
            task = group.create_task(streams.run())
            await heard.wait()  # they are about to be opened
            number, told = 0, False
            while not told:
                await kept.viewed()
                heard.clear()
                number += 1
                name = ClientOrderId(f"0x{0x7700 + number:032x}")
                wish = Wish(ETH, D("-0.01"), OrderKind.LIMIT, TimeInForce.POST_ONLY, reduce_only=False, price=D(2050))
                kept.account.place(name, wish)
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        told = await heard.wait()
            assert name in await kept.orders()
            task.cancel()
