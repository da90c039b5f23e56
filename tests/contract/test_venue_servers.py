"""The real-venue adapter on the paper exchange's venue servers: what the adapter reports is what the engine holds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest

from bot.app.loop.order_reconciliation import EVER
from bot.core.inputs import Pending, PendingStatus
from bot.core.orders import (
    Accepted,
    NotFound,
    OrderKind,
    OrderReport,
    OrderStatus,
    Rejected,
    RejectReason,
    TimeInForce,
)
from bot.core.reconciliation.orders import by_owner
from bot.core.types import ClientOrderId, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.paper.servers.registry import SERVERS
from bot.venues.connect import connect
from tests.exchange.scene import ME, intent
from tests.paper.engine.scene import ETH
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.scene import HOSTS, LOGIN, OnlyLoopback, Scene, serving

D = Decimal


@dataclass
class Side:
    """The adapter, and the server with the engine that it talks to."""

    exchange: CcxtExchange
    scene: Scene


@pytest.fixture(params=TWINS)
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with serving(request.param) as scene:
        resolver = OnlyLoopback(dict.fromkeys(HOSTS, scene.server.port))
        trust = ssl.create_default_context(cadata=scene.authority)
        config = CcxtConfig(
            venue=VenueId("v"),
            kind=SERVERS[request.param].kind,
            symbols=(ETH,),
            login=LOGIN,
            leverage=D(5),
            connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
        )
        exchange = await connect(config, scene.clock)
        yield Side(exchange, scene)
        await exchange.close()


async def test_a_hedge_is_opened_protected_worked_and_accounted_for(side: Side) -> None:
    exchange = side.exchange
    await exchange.check([ETH])
    view = await exchange.observe()
    assert (view.positions[ETH].size, view.balance.wallet) == (D(0), D(10_000))
    placed = await exchange.place(intent(quantity=D("-1.5"), price=view.quotes[ETH].book.bid * D("0.99")))
    assert isinstance(placed, Accepted)
    assert (placed.report.status, placed.report.filled) == (OrderStatus.FILLED, D("-1.5"))
    stop = intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D(2600), reduce_only=True, number=2)
    assert isinstance(await exchange.place(stop), Accepted)
    resting = intent(quantity=D("-0.5"), price=D(2100), tif=TimeInForce.POST_ONLY, number=3)
    assert isinstance(await exchange.place(resting), Accepted)
    unresolved = [Pending(one, PendingStatus.OPEN, one.request.quantity) for one in (stop, resting)]
    view = by_owner(await exchange.observe(), ME, unresolved)
    assert (view.positions[ETH].size, view.positions[ETH].leverage) == (D("-1.5"), D(5))
    assert {(one.client_id, one.remaining, one.kind, one.reduce_only) for one in view.open_orders} == {
        (ClientOrderId("bot-1-2"), D("1.5"), OrderKind.STOP_MARKET, True),
        (ClientOrderId("bot-1-3"), D("-0.5"), OrderKind.LIMIT, False),
    }
    (fill,) = await exchange.fills(side.scene.clock.now() - timedelta(hours=1))
    assert (fill.client_id, fill.quantity) == ("bot-1-1", D("-1.5"))
    booked = (await exchange.ledger(side.scene.clock.now() - timedelta(hours=1))).entries
    assert sum(entry.amount for entry in booked) == view.balance.wallet


async def test_orders_are_found_and_cancelled_in_whichever_book_they_are(side: Side) -> None:
    exchange = side.exchange
    await exchange.check([ETH])
    await exchange.place(intent(quantity=D("-1.5"), price=D(1980)))
    await exchange.place(
        intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D(2600), reduce_only=True, number=2)
    )
    await exchange.place(intent(quantity=D("-0.5"), price=D(2100), tif=TimeInForce.POST_ONLY, number=3))
    for number, status in ((1, OrderStatus.FILLED), (2, OrderStatus.OPEN), (3, OrderStatus.OPEN)):
        found = await exchange.lookup(ClientOrderId(f"bot-1-{number}"), ETH)
        assert isinstance(found, OrderReport)
        assert found.status is status
    assert isinstance(await exchange.lookup(ClientOrderId("bot-1-99"), ETH), NotFound)
    exchange.orders.conditional.clear()
    for number in (2, 3):
        assert not isinstance(await exchange.cancel(ClientOrderId(f"bot-1-{number}"), ETH), Rejected)
        gone = await exchange.lookup(ClientOrderId(f"bot-1-{number}"), ETH)
        assert isinstance(gone, OrderReport)
        assert gone.status is OrderStatus.CANCELLED
    assert (await exchange.observe()).open_orders == ()


async def test_a_triggered_stop_is_followed_to_its_fill(side: Side) -> None:
    exchange = side.exchange
    await exchange.check([ETH])
    await exchange.place(intent(quantity=D("-1.5"), price=D(1980)))
    await exchange.place(
        intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D(2050), reduce_only=True, number=2)
    )
    side.scene.prices.marks[ETH] = D(2060)
    side.scene.clock.shift += timedelta(seconds=2)
    view = await exchange.observe()
    assert (view.positions[ETH].size, view.open_orders) == (D(0), ())
    found = await exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled) == (OrderStatus.FILLED, D("1.5"))
    fills = await exchange.fills(side.scene.clock.now() - timedelta(hours=1))
    assert [(fill.client_id, fill.quantity) for fill in fills] == [("bot-1-1", D("-1.5")), ("bot-1-2", D("1.5"))]


@pytest.mark.parametrize(
    ("quantity", "price", "trigger", "tif", "reduce_only", "reason"),
    [
        (-900, 1990, None, TimeInForce.IOC, False, RejectReason.INSUFFICIENT_MARGIN),
        (1, 2100, None, TimeInForce.IOC, True, RejectReason.REDUCE_ONLY),
        (1, None, 1500, TimeInForce.GTC, True, RejectReason.WOULD_TRIGGER),
        (-0.001, 2000, None, TimeInForce.IOC, False, RejectReason.BELOW_MIN_NOTIONAL),
    ],
)
async def test_what_the_venue_refuses_has_a_reason(
    side: Side,
    quantity: float,
    price: int | None,
    trigger: int | None,
    tif: TimeInForce,
    reason: RejectReason,
    *,
    reduce_only: bool,
) -> None:
    await side.exchange.check([ETH])
    outcome = await side.exchange.place(
        intent(
            quantity=D(str(quantity)),
            price=None if price is None else D(price),
            trigger=None if trigger is None else D(trigger),
            kind=OrderKind.STOP_MARKET if trigger is not None else OrderKind.LIMIT,
            tif=tif,
            reduce_only=reduce_only,
        )
    )
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


async def test_a_journal_without_a_past_asks_for_no_trade_that_the_venue_keeps_no_more(side: Side) -> None:
    exchange, scene = side.exchange, side.scene
    await exchange.check([ETH])
    await exchange.place(intent(quantity=D("-1.5"), kind=OrderKind.MARKET))
    scene.clock.shift = timedelta(days=89)
    await exchange.place(intent(quantity=D("0.5"), kind=OrderKind.MARKET, reduce_only=True, number=2))
    scene.clock.shift = timedelta(days=91)
    assert [fill.client_id for fill in await exchange.fills(EVER)] == ["bot-1-2"], "the other one is 91 days old"
    told = await exchange.ledger(EVER)
    assert min(entry.at for entry in told.entries) > scene.clock.now() - timedelta(days=90)


async def test_a_post_only_order_that_would_take_never_fills(side: Side) -> None:
    """Binance refuses it; Bitget takes it and cancels it at once."""
    await side.exchange.check([ETH])
    outcome = await side.exchange.place(intent(quantity=D(-1), price=D(1900), tif=TimeInForce.POST_ONLY))
    match outcome:
        case Rejected(_, reason, _, _):
            assert reason is RejectReason.WOULD_TAKE
        case _:
            assert isinstance(outcome, Accepted)
            assert (outcome.report.status, outcome.report.filled) == (OrderStatus.CANCELLED, D(0))
