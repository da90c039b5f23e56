"""The real-venue adapter through the unmodified ccxt classes, TLS and all, against fakes on the loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.market import Book
from bot.core.orders import Accepted, LedgerKind, NotFound, OrderKind, OrderReport, OrderStatus, Rejected, TimeInForce
from bot.exchange.ccxt_client import CcxtExchange
from bot.ports import Exchange
from tests.exchange.scene import ETH, OWN, Scene, intent

pytestmark = pytest.mark.slow

D = Decimal


async def test_the_start_up_checks_read_the_rules_and_send_nothing(scene: Scene) -> None:
    exchange: Exchange = scene.exchange
    market = (await exchange.check([ETH]))[ETH]
    assert (market.tick, market.lot, market.min_quantity, market.max_quantity) == (
        D("0.01"),
        D("0.001"),
        D("0.001"),
        D(2000),
    )
    assert (market.maker_fee, market.taker_fee, market.underlying) == (D("0.0002"), D("0.0005"), "ETH")
    assert [(tier.maintenance_rate, tier.maintenance_amount) for tier in market.tiers] == [
        (D("0.004"), D(0)),
        (D("0.005"), D(50)),
    ]
    assert scene.server.writes == []


async def test_a_flat_account_is_seen_as_flat_and_every_value_is_digit_for_digit(scene: Scene) -> None:
    await scene.exchange.check([ETH])
    view = await scene.exchange.observe()
    quote, position = view.quotes[ETH], view.positions[ETH]
    assert (quote.mark.price, quote.mark.index) == (D("3000.12"), D("3000.01"))
    assert quote.book == Book(D("2999.99"), D("4.5"), D("3000.00"), D("2.25"), quote.book.as_of)
    assert quote.funding is not None
    assert (quote.funding.rate, quote.funding.interval) == (D("0.0001"), timedelta(hours=8))
    assert (position.size, position.entry_price, position.leverage) == (D(0), None, D(20))
    assert (view.balance.wallet, view.balance.equity, view.balance.available) == (
        D("10000.5"),
        D("10000.38"),
        D("9850.38"),
    )
    assert view.open_orders == ()
    assert abs(view.as_of - scene.clock.now()) < timedelta(seconds=1)


async def test_a_short_is_negative_and_has_no_made_up_liquidation_price(scene: Scene) -> None:
    scene.fake.position = D("-1.5")
    await scene.exchange.check([ETH])
    view = await scene.exchange.observe()
    position = view.positions[ETH]
    assert (position.size, position.entry_price, position.unrealised) == (D("-1.5"), D(3000), D("-0.12"))
    assert (position.liquidation_price, position.margin) == (None, D("225.009"))


@pytest.mark.parametrize(
    ("tif", "sent"),
    [
        (TimeInForce.IOC, {"IOC", "ioc"}),
        (TimeInForce.GTC, {"GTC", "gtc"}),
        (TimeInForce.POST_ONLY, {"GTX", "post_only"}),
    ],
)
async def test_a_limit_order_arrives_as_it_was_meant(scene: Scene, tif: TimeInForce, sent: set[str]) -> None:
    await scene.ready()
    outcome = await scene.exchange.place(intent(quantity=D("-0.1239"), price=D("2999.991"), tif=tif))
    assert isinstance(outcome, Accepted)
    write = scene.one_write()
    order = scene.fake.orders[OWN]
    assert (order.side, order.quantity, order.price, order.kind) == ("sell", D("0.123"), "3000", "limit")
    assert order.force in sent
    assert order.reduce_only is False
    assert write.params.get("reduceOnly") in (None, "false", "NO")
    ended = tif is TimeInForce.IOC
    assert outcome.report.status is (OrderStatus.FILLED if ended else OrderStatus.OPEN)
    assert (outcome.report.quantity, outcome.report.filled) == (D("-0.123"), D("-0.123") if ended else D(0))
    assert outcome.report.average_price == (D(3000) if ended else None)


async def test_a_buy_price_rounds_down_and_a_reduction_says_so(scene: Scene) -> None:
    await scene.ready()
    outcome = await scene.exchange.place(intent(quantity=D("0.5"), price=D("3000.019"), reduce_only=True))
    assert isinstance(outcome, Accepted)
    order = scene.fake.orders[OWN]
    assert (order.side, order.price, order.reduce_only) == ("buy", "3000.01", True)


async def test_a_market_order_carries_no_price(scene: Scene) -> None:
    await scene.ready()
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), kind=OrderKind.MARKET))
    assert isinstance(outcome, Accepted)
    assert outcome.report.status is OrderStatus.FILLED
    assert "price" not in scene.one_write().params


async def test_a_stop_goes_to_the_trigger_book_is_listed_found_and_cancelled_there(scene: Scene) -> None:
    await scene.ready()
    stop = intent(quantity=D("0.5"), kind=OrderKind.STOP_MARKET, trigger=D("3500.019"), reduce_only=True)
    outcome = await scene.exchange.place(stop)
    assert isinstance(outcome, Accepted)
    assert (outcome.report.status, outcome.report.filled) == (OrderStatus.OPEN, D(0))
    assert scene.one_write().path in ("/fapi/v1/algoOrder", "/api/v2/mix/order/place-plan-order")
    assert scene.fake.plans[OWN].trigger == "3500.01"
    (listed,) = (await scene.observed()).open_orders
    assert (listed.client_id, listed.kind, listed.trigger, listed.remaining, listed.reduce_only) == (
        OWN,
        OrderKind.STOP_MARKET,
        D("3500.01"),
        D("0.5"),
        True,
    )
    found = await scene.exchange.lookup(OWN, ETH)
    assert isinstance(found, OrderReport)
    assert found.status is OrderStatus.OPEN
    scene.forget()
    assert not isinstance(await scene.exchange.cancel(OWN, ETH), Rejected)
    gone = await scene.exchange.lookup(OWN, ETH)
    assert isinstance(gone, OrderReport)
    assert gone.status is OrderStatus.CANCELLED
    assert scene.fake.plans[OWN].status == "cancelled"


async def test_a_triggered_stop_reports_what_the_order_that_it_became_filled(scene: Scene) -> None:
    await scene.ready()
    await scene.exchange.place(intent(quantity=D("0.5"), kind=OrderKind.STOP_MARKET, trigger=D(3500), reduce_only=True))
    plan = scene.fake.plans[OWN]
    plan.status = "filled"
    scene.fake.add(replace(plan, number=900, client_id=f"x-{OWN}", trigger="", kind="market", status="open"))
    found = await scene.exchange.lookup(OWN, ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.client_id) == (OrderStatus.FILLED, D("0.5"), OWN)
    (fill,) = await scene.exchange.fills(scene.clock.now() - timedelta(hours=1))
    assert fill.client_id == OWN


async def test_working_orders_of_both_books_are_seen_with_what_remains(scene: Scene) -> None:
    await scene.ready()
    await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3100), tif=TimeInForce.POST_ONLY))
    scene.fake.orders[OWN].filled = D("0.2")
    (order,) = (await scene.exchange.observe()).open_orders
    assert (order.client_id, order.remaining, order.price, order.kind) == (OWN, D("-0.3"), D(3100), OrderKind.LIMIT)


async def test_an_order_that_nobody_placed_is_not_found(scene: Scene) -> None:
    await scene.ready()
    assert await scene.exchange.lookup(OWN, ETH) == NotFound(OWN, scene.clock.now())


async def test_fills_are_signed_dated_and_know_their_order(scene: Scene) -> None:
    await scene.ready()
    await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    scene.forget()
    (fill,) = await scene.exchange.fills(scene.clock.now() - timedelta(hours=1))
    assert (fill.client_id, fill.quantity, fill.price, fill.fee) == (OWN, D("-0.5"), D(3000), D("0.15"))
    assert (fill.realised, fill.is_maker, fill.at) == (D("1.5"), False, scene.clock.now())


async def test_a_span_without_trades_is_not_read_again(scene: Scene) -> None:
    await scene.ready()
    ever = scene.clock.now() - timedelta(days=9999)
    assert await scene.exchange.fills(ever) == ()
    before = len(scene.server.seen)
    assert await scene.exchange.fills(ever) == ()
    assert len(scene.server.seen) == before + 1


async def test_the_ledger_books_each_kind_by_its_own_name(scene: Scene) -> None:
    await scene.ready()
    entries = (await scene.exchange.ledger(scene.clock.now() - timedelta(hours=1))).entries
    assert {(entry.kind, entry.amount, entry.symbol) for entry in entries} == {
        (LedgerKind.FUNDING, D("-0.5"), ETH),
        (LedgerKind.FEE, D("-0.15"), ETH),
        (LedgerKind.REALISED, D("1.5"), ETH),
        (LedgerKind.DEPOSIT, D(100), None),
    }


async def test_before_the_first_order_that_adds_risk_the_symbol_is_set_up_and_read_back(scene: Scene) -> None:
    scene.fake.leverage, scene.fake.margin = "5", "isolated"
    await scene.ready()
    assert scene.server.writes == []
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.1"), price=D(3000))), Accepted)
    assert (scene.fake.leverage, scene.fake.margin) == ("20", "cross")
    assert len(scene.server.writes) == 3
    await scene.exchange.place(intent(quantity=D("-0.1"), price=D(3000), number=2))
    assert len(scene.server.writes) == 4


async def test_an_isolated_position_gets_margin(isolated: Scene) -> None:
    await isolated.ready()
    assert await isolated.exchange.add_margin(ETH, D("5.129")) is None
    write = isolated.one_write()
    assert write.params["amount"] == "5.12"
    assert write.params.get("holdSide") in (None, "short")


async def test_closing_gives_back_everything(scene: Scene) -> None:
    exchange: CcxtExchange = scene.exchange
    await exchange.check([ETH])
    await exchange.close()
    assert exchange.session.closed
