"""What became of Binance's conditional orders, and those that somebody set by hand for a whole position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import Retryable
from bot.core.inputs import Hold
from bot.core.orders import NotFound, OrderKind, OrderReport, OrderStatus
from bot.core.reconciliation.orders import disputes
from bot.core.types import ClientOrderId
from tests.exchange.loopback import Certificate
from tests.exchange.scene import ETH, ME
from tests.recorded.files import named
from tests.recorded.scene import BTC, Played, played

D = Decimal
STOP = ClientOrderId("bot-1-2")
CHILDLESS: Mapping[str, object] = {"actualOrderId": "", "actualQty": "0.000", "actualPrice": "0.00000"}


@pytest.fixture
async def venue(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("binance", certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


def show(venue: Played, name: str, **changed: object) -> None:
    """Prefer a recording whose body is changed."""
    recorded = named("binance", name)
    body: Any = recorded.body
    venue.shown.insert(0, replace(recorded, body={**body, **changed}))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, (OrderStatus.FILLED, D("1.5"))),
        ({"algoStatus": "TRIGGERED"}, (OrderStatus.FILLED, D("1.5"))),
        ({"actualOrderId": 974828351111}, (OrderStatus.FILLED, D("1.5"))),
        ({"algoStatus": "TRIGGERING", **CHILDLESS}, (OrderStatus.OPEN, D(0))),
        ({"algoStatus": "REJECTED", **CHILDLESS}, (OrderStatus.REJECTED, D(0))),
        ({"algoStatus": "REJECTED"}, (OrderStatus.FILLED, D("1.5"))),  # the order that it became has the last word
        ({"algoStatus": "EXPIRED", **CHILDLESS}, (OrderStatus.EXPIRED, D(0))),
        ({"algoStatus": "CANCELED", **CHILDLESS}, (OrderStatus.CANCELLED, D(0))),
        (CHILDLESS, (OrderStatus.REJECTED, D(0))),
        ({**CHILDLESS, "actualOrderId": "0"}, (OrderStatus.REJECTED, D(0))),
        ({"actualOrderId": None, "actualQty": None}, (OrderStatus.REJECTED, D(0))),
    ],
    ids=str,
)
async def test_a_conditional_order_is_what_the_order_that_it_became_is(
    venue: Played, changed: Mapping[str, object], wanted: tuple[OrderStatus, Decimal]
) -> None:
    show(venue, "algo_order", **changed)
    found = await venue.exchange.lookup(STOP, ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.quantity, found.client_id) == (*wanted, D("1.5"), STOP)


@pytest.mark.parametrize(
    ("status", "filled", "wanted"),
    [
        ("CANCELED", "0.000", (OrderStatus.CANCELLED, D(0))),
        ("EXPIRED", "0.600", (OrderStatus.EXPIRED, D("0.6"))),
        ("PARTIALLY_FILLED", "0.600", (OrderStatus.OPEN, D("0.6"))),
    ],
)
async def test_finished_does_not_mean_filled(
    venue: Played, status: str, filled: str, wanted: tuple[OrderStatus, Decimal]
) -> None:
    show(venue, "order_of_stop", status=status, executedQty=filled)
    found = await venue.exchange.lookup(STOP, ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled) == wanted


@pytest.mark.parametrize(
    "changed",
    [
        {**CHILDLESS, "algoStatus": "TRIGGERED"},
        {**CHILDLESS, "updateTime": "@ms-2000#"},
        {**CHILDLESS, "actualQty": "1.500"},
        {"algoStatus": "MERGED", **CHILDLESS},
        {"algoStatus": None, **CHILDLESS},
    ],
    ids=str,
)
async def test_what_nobody_can_say_yet_stays_unresolved(venue: Played, changed: Mapping[str, object]) -> None:
    show(venue, "algo_order", **changed)
    with pytest.raises(Retryable):
        await venue.exchange.lookup(STOP, ETH)


async def test_an_order_of_neither_book_is_not_found(venue: Played) -> None:
    assert isinstance(await venue.exchange.lookup(ClientOrderId("bot-1-77"), ETH), NotFound)


@pytest.mark.parametrize(
    "odd", [None, "x", {}, {"actualOrderId": "5"}, {"actualOrderId": "5", "clientAlgoId": ""}, {"clientAlgoId": 7}]
)
async def test_an_odd_conditional_order_of_the_past_hides_no_trade(venue: Played, odd: object) -> None:
    recorded = named("binance", "all_algo_orders")
    body: Any = recorded.body
    venue.shown.insert(0, replace(recorded, body=[odd, *body]))
    since: datetime = venue.clock.now() - timedelta(hours=1)
    found = await venue.exchange.dialect.children(venue.exchange.link, "ETHUSDT", since)
    assert found == {"974828351111": STOP}


async def test_what_somebody_set_for_the_whole_position_is_told_and_holds_nothing(venue: Played) -> None:
    venue.show("open_algo_orders_hand_set")
    view = await venue.observed()
    (ours,) = (one for one in view.open_orders if one.kind is OrderKind.STOP_MARKET)
    assert (ours.client_id, ours.remaining, ours.trigger) == (STOP, D("1.5"), D(3900))
    by_hand = [one for one in view.strangers if one.closes_all]
    assert [(one.trigger, one.remaining, one.can_open) for one in by_hand] == [
        (D(2600), D("1.5"), False),
        (D(3600), D("1.5"), False),
    ]
    told = [one for one in disputes(view, ME, (STOP,)) if one.key.startswith("foreign")]
    assert {one.hold for one in told} == {Hold.NOTHING}
    assert {"it can only close" in one.message for one in told if "300000000000471" in one.key} == {True}


@pytest.mark.parametrize(
    "changed",
    [
        {"quantity": "0"},
        {"quantity": ""},
        {"quantity": None},
        {"reduceOnly": False},
        {"orderType": "TRAILING_STOP_MARKET", "callbackRate": "1.0"},
        {"positionSide": "SHORT"},
        {"timeInForce": "GTE_GTC", "goodTillDate": None},
    ],
    ids=str,
)
async def test_however_it_was_set_it_closes_what_there_is_and_holds_nothing(
    venue: Played, changed: dict[str, object]
) -> None:
    recorded = named("binance", "open_algo_orders_hand_set")
    body: Any = recorded.body
    assert body[1]["closePosition"] is True
    venue.shown.insert(0, replace(recorded, body=[body[0], {**body[1], **changed}]))
    view = await venue.observed()
    assert [one.client_id for one in view.open_orders if one.kind is OrderKind.STOP_MARKET] == [STOP]
    (by_hand,) = (one for one in view.strangers if one.closes_all)
    assert (by_hand.remaining, by_hand.can_open) == (D("1.5"), False)
    assert {one.hold for one in disputes(view, ME, (STOP,)) if one.key.startswith("foreign")} == {Hold.NOTHING}
    assert view.unread == ()


@pytest.mark.parametrize(
    "changed", [{"algoId": None}, {"side": "HOLD"}, {"quantity": "much"}, {"createTime": None, "updateTime": None}]
)
async def test_an_odd_waiting_order_holds_adds_on_its_symbol_alone(venue: Played, changed: dict[str, object]) -> None:
    recorded = named("binance", "open_algo_orders_hand_set")
    body: Any = recorded.body
    venue.shown.insert(0, replace(recorded, body=[body[0], {**body[0], "clientAlgoId": "hand", **changed}]))
    view = await venue.observed()
    assert {(one.symbol, one.hold) for one in disputes(view, ME, (STOP,)) if one.hold is not Hold.NOTHING} == {
        (ETH, Hold.ADDS)
    }
    assert [one.client_id for one in view.open_orders if one.kind is OrderKind.STOP_MARKET] == [STOP]
