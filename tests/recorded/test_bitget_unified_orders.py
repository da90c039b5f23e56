"""Recorded answers of a unified account about orders and stops, as the adapter reads and writes them."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.orders import Accepted, NotFound, OrderKind, OrderReport, OrderStatus
from bot.core.types import ClientOrderId
from bot.exchange.errors import Unbelievable
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, intent
from tests.recorded.files import dated, named
from tests.recorded.scene import BTC, Played, played

D = Decimal

VENUE = "bitget-uta"

V3 = "/api/v3"


@pytest.fixture
async def venue(certificate: Certificate) -> AsyncIterator[Played]:
    async with played(VENUE, certificate) as made:
        yield made


async def test_a_stop_goes_to_the_strategy_orders_and_no_trigger_to_the_normal_ones(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    stop = intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D("3500.01"), reduce_only=True, number=4)
    outcome = await venue.exchange.place(stop)
    assert isinstance(outcome, Accepted)
    (write,) = venue.server.writes
    assert write.path == f"{V3}/trade/place-strategy-order"
    assert write.params == {
        "category": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "clientOid": "bot-1-4",
        "side": "buy",
        "posSide": "short",
        "reduceOnly": "yes",
        "qty": "1.5",
        "type": "tpsl",
        "tpslMode": "partial",
        "stopLoss": "3500.01",
        "slTriggerBy": "mark",
        "slOrderType": "market",
    }


async def test_every_order_names_its_margin_mode(venue: Played) -> None:
    """Left out, it would be crossed, whatever the symbol is set to."""
    await venue.exchange.check([ETH, BTC])
    await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    one = venue.exchange.instruments[ETH]
    venue.exchange.instruments = {**venue.exchange.instruments, ETH: replace(one, margin_mode="isolated")}
    await venue.exchange.place(intent(quantity=D("0.5"), price=D(3010), reduce_only=True))
    first, second = venue.server.writes
    assert (first.params["marginMode"], first.params["reduceOnly"]) == ("crossed", "no")
    assert (second.params["marginMode"], second.params["reduceOnly"]) == ("isolated", "yes")


async def test_an_order_that_replaced_another_is_found_by_its_client_id(venue: Played) -> None:
    venue.show("order_replaced")
    await venue.exchange.check([ETH, BTC])
    outcome = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Accepted)
    assert outcome.report.venue_order_id == "1375512090022222222"


async def test_an_immediate_order_that_filled_in_part_is_told_with_its_average_price(venue: Played) -> None:
    venue.show("order_info_cancelled")
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-5"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.average_price, found.fee) == (
        OrderStatus.CANCELLED,
        D("-0.1"),
        D(3650),
        D("0.219"),
    )


@pytest.mark.parametrize(("client_id", "shown"), [("bot-1-98", "order_info_null"), ("bot-1-99", "order_info_missing")])
async def test_both_ways_to_say_that_there_is_no_order_are_believed(venue: Played, client_id: str, shown: str) -> None:
    venue.show(shown)
    await venue.exchange.check([ETH, BTC])
    assert isinstance(await venue.exchange.lookup(ClientOrderId(client_id), ETH), NotFound)


async def test_a_stop_that_was_cancelled_is_found_among_those_that_ended(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-7"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.kind) == (OrderStatus.CANCELLED, D(0), OrderKind.STOP_MARKET)


@pytest.mark.parametrize("shown", ["sub_orders_none", None])
async def test_a_stop_that_fired_is_followed_through_the_order_history_where_its_orders_are_not_listed(
    venue: Played, shown: str | None
) -> None:
    path = f"{V3}/trade/strategy-sub-orders"
    if shown is None:
        gone = {"code": "40404", "msg": "Request URL NOT FOUND", "requestTime": 1, "data": None}
        venue.server.faults["GET", path] = lambda _: Reply(gone, status=404)
    else:
        venue.show(shown)
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.average_price) == (OrderStatus.FILLED, D("1.5"), D("3501.2"))


async def test_a_stop_that_fired_and_became_nobody_knows_what_is_not_told_as_something(venue: Played) -> None:
    venue.show("sub_orders_none")
    history = dated(named(VENUE, "order_history").body, 0)
    assert isinstance(history, dict)
    twins: Any = copy.deepcopy(history)
    twins["data"]["list"] = [{**twins["data"]["list"][0], "orderId": number} for number in ("1", "2")]
    await venue.exchange.check([ETH, BTC])
    found: list[list[object]] = [[], twins["data"]["list"]]
    for rows in found:
        reply = Reply({**twins, "data": {"list": rows, "cursor": None}})
        venue.server.faults["GET", f"{V3}/trade/history-orders"] = lambda _, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(Unbelievable, match="bot-1-2"):
            await venue.exchange.lookup(ClientOrderId("bot-1-2"), ETH)
