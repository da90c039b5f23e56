"""What the adapter makes of answers as the venues really give them: each becomes the right value of the domain."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.orders import Accepted, NotFound, OrderKind, OrderReport, OrderStatus, TimeInForce, Unknown
from bot.core.snapshot import OpenOrder
from bot.core.types import ClientOrderId
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, START, intent
from tests.recorded.files import VENUES, dated, named
from tests.recorded.scene import BTC, Played, played

D = Decimal


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        yield made


def binance(venue: Played) -> bool:
    return venue.venue == "binance"


async def test_the_rules_of_both_markets_are_read(venue: Played) -> None:
    markets = await venue.exchange.check([ETH, BTC])
    eth, btc = markets[ETH], markets[BTC]
    assert (eth.tick, eth.lot, eth.min_quantity, eth.max_quantity) == (D("0.01"), D("0.001"), D("0.001"), D(2000))
    assert (btc.tick, btc.underlying) == (D("0.1"), "BTC")
    assert eth.min_notional == (20 if binance(venue) else 5)
    assert (eth.maker_fee, eth.taker_fee) == (D("0.0002"), D("0.0005") if binance(venue) else D("0.0006"))
    assert [(tier.notional_cap, tier.maintenance_rate, tier.maintenance_amount) for tier in eth.tiers] == [
        (D(50_000), D("0.004"), D(0)),
        (D(600_000), D("0.005"), D(50)),
    ]
    assert venue.server.writes == []


async def test_the_account_the_positions_and_the_prices_are_read(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    view = await venue.observed()
    eth, btc = view.positions[ETH], view.positions[BTC]
    assert (eth.size, eth.entry_price, eth.unrealised, eth.margin, eth.leverage) == (
        D("-1.5"),
        D("3000.04"),
        D("-0.12"),
        D("225.009"),
        D(20),
    )
    assert eth.liquidation_price == (None if binance(venue) else D("9412.123456789"))
    assert (btc.size, eth.is_isolated) == (D(0), False)
    assert (view.balance.wallet, view.balance.equity) == (D("10000.5"), D("10000.38"))
    assert (view.balance.available, view.balance.initial_margin) == (D("9775.371"), D("225.009"))
    assert view.balance.maintenance_margin == (12 if binance(venue) else D("18.00072"))
    quote = view.quotes[ETH]
    assert (quote.mark.price, quote.mark.index) == (D("3000.12"), D("3000.01"))
    assert (quote.book.bid, quote.book.bid_size, quote.book.ask) == (D("2999.99"), D("4.5"), D(3000))
    assert quote.funding is not None
    assert (quote.funding.rate, quote.funding.interval) == (D("0.0001"), timedelta(hours=8))
    assert (view.quotes[BTC].mark.price, view.unread) == (D("60001.2"), ())


@pytest.mark.parametrize("rate", ["", None, "n/a"])
async def test_a_market_without_a_funding_rate_is_there_with_all_else(venue: Played, rate: str | None) -> None:
    name, key = ("premium_index_eth", "lastFundingRate") if binance(venue) else ("fund_rate_eth", "fundingRate")
    recording = named(venue.venue, name)
    body: Any = copy.deepcopy(recording.body)
    (body if binance(venue) else body["data"][0])[key] = rate
    await venue.exchange.check([ETH])
    venue.server.faults["GET", recording.path] = lambda _: Reply(
        dated(body, int(venue.clock.true().timestamp() * 1000))
    )
    view = await venue.observed()
    assert (view.quotes[ETH].mark.price, view.quotes[ETH].funding, view.unread) == (D("3000.12"), None, ())


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"code": "40725", "msg": "service return an error", "data": None}, status=400),
        Reply({"code": "40034", "msg": "Parameter does not exist", "data": None}, status=400),
        Reply({"code": "00000", "msg": "success", "data": []}),
        Reply({"code": "00000", "msg": "success", "data": None}),
        Reply(raw=b"<html>maintenance</html>", content_type="text/html"),
    ],
    ids=str,
)
async def test_a_market_whose_funding_can_t_be_asked_for_is_there_with_all_else(venue: Played, reply: Reply) -> None:
    """At Binance mark and funding are of one answer: without it there is no price."""
    path = named(venue.venue, "premium_index_eth" if binance(venue) else "fund_rate_eth").path
    await venue.exchange.check([ETH, BTC])
    venue.server.faults["GET", path] = lambda seen: reply if seen.params["symbol"] == "ETHUSDT" else venue.answer(seen)
    view = await venue.observed()
    if binance(venue):
        assert (set(view.quotes), [item.what for item in view.unread]) == ({BTC}, [f"the market of {ETH}"])
        return
    assert (view.quotes[ETH].mark.price, view.quotes[ETH].funding, view.unread) == (D("3000.12"), None, ())
    assert view.quotes[BTC].funding is not None


async def test_the_working_orders_of_every_book_are_read(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    view = await venue.observed()
    stop = next(one for one in view.open_orders if one.kind is OrderKind.STOP_MARKET)
    assert (stop.remaining, stop.reduce_only, stop.price) == (D("1.5"), True, None)
    assert stop.trigger == (3900 if binance(venue) else D("3500.01"))
    (rest,) = view.strangers  # ours by its id, but no journal here knows its intent
    assert (rest.client_id, rest.remaining, rest.price, rest.reduce_only) == ("bot-1-3", D("-0.5"), D(3100), False)


async def test_an_order_is_found_by_its_client_id(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-1"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.quantity, found.filled, found.average_price) == (
        OrderStatus.FILLED,
        D("-0.5"),
        D("-0.5"),
        D("2999.99"),
    )
    assert found.fee == (None if binance(venue) else D("0.7499975"))
    assert isinstance(await venue.exchange.lookup(ClientOrderId("bot-1-99"), ETH), NotFound)


async def test_a_stop_that_fired_is_followed_to_the_order_that_it_became(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.client_id) == (OrderStatus.FILLED, D("1.5"), "bot-1-2")
    assert found.average_price == (D("3901.2") if binance(venue) else D("3501.2"))


async def test_a_placed_order_is_read_out_of_the_venues_answer(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    outcome = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Accepted)
    assert (outcome.report.status, outcome.report.filled) == (OrderStatus.FILLED, D("-0.5"))
    assert len(venue.server.writes) == 1


async def test_a_placed_stop_rests(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    number = 2 if binance(venue) else 4
    stop = intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D(3900), reduce_only=True, number=number)
    outcome = await venue.exchange.place(stop)
    assert isinstance(outcome, Accepted)
    assert (outcome.report.status, outcome.report.filled, outcome.report.quantity) == (OrderStatus.OPEN, D(0), D("1.5"))


async def test_cancelling_is_read_out_of_the_venues_answer(venue: Played) -> None:
    """Bitget's answer names ids only: the end is looked up later, as that of every order."""
    await venue.exchange.check([ETH, BTC])
    venue.exchange.orders.conditional[ClientOrderId("bot-1-3")] = False
    outcome = await venue.exchange.cancel(ClientOrderId("bot-1-3"), ETH)
    if binance(venue):
        assert isinstance(outcome, Accepted)
        assert outcome.report.status is OrderStatus.CANCELLED
    else:
        assert isinstance(outcome, Unknown)
    assert len(venue.server.writes) == 1


async def test_margin_and_leverage_are_taken(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.exchange.link.config = replace(venue.exchange.link.config, margin_mode="isolated")
    assert await venue.exchange.add_margin(ETH, D("5.12")) is None


async def test_a_post_only_order_rests_as_it_is_shown(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    order: OpenOrder = next(one for one in (await venue.observed()).strangers if one.client_id == "bot-1-3")
    sent = intent(quantity=D("-0.5"), price=D(3100), tif=TimeInForce.POST_ONLY, number=3).request
    assert (order.remaining, order.price, order.symbol) == (sent.quantity, sent.price, sent.symbol)
    assert order.placed_at == START - timedelta(minutes=1)
