"""Orders that are amended in place: one write, proven or read, never repeated."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.orders import Accepted, Intent, OrderStatus, Rejected, RejectReason, TimeInForce, Unknown
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, intent
from tests.recorded.files import named
from tests.recorded.scene import BTC, Played, played

D = Decimal
AMEND = "PUT", "/fapi/v1/order"
RESTING: Intent = intent(quantity=D("-0.5"), price=D(3105), tif=TimeInForce.POST_ONLY, number=3)


@pytest.fixture
async def venue(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("binance", certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


async def test_the_whole_quantity_and_the_new_price_are_sent_under_the_old_id(venue: Played) -> None:
    outcome = await venue.exchange.amend(RESTING.client_id, RESTING.request)
    assert isinstance(outcome, Accepted)
    assert (outcome.report.client_id, outcome.report.status, outcome.report.quantity) == (
        RESTING.client_id,
        OrderStatus.OPEN,
        D("-0.5"),
    )
    (write,) = venue.server.writes
    sent = {key: write.params[key] for key in ("symbol", "side", "quantity", "price", "origClientOrderId")}
    assert sent == {
        "symbol": "ETHUSDT",
        "side": "SELL",
        "quantity": "0.5",
        "price": "3105",
        "origClientOrderId": "bot-1-3",
    }
    assert "orderId" not in write.params, "it would prevail over the id that is ours"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-5027, RejectReason.OTHER),
        (-5026, RejectReason.OTHER),
        (-5025, RejectReason.OTHER),
        (-5024, RejectReason.MARKET_CLOSED),
        (-5029, RejectReason.BELOW_MIN_NOTIONAL),
        (-2013, RejectReason.OTHER),
        (-4014, RejectReason.BAD_TICK),
    ],
)
async def test_a_refusal_is_proven_to_leave_it_as_it_was(venue: Played, code: int, reason: RejectReason) -> None:
    venue.server.faults[AMEND] = lambda _: Reply({"code": code, "msg": "no"}, status=400)
    outcome = await venue.exchange.amend(RESTING.client_id, RESTING.request)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason
    assert len(venue.server.writes) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply({"code": -1007, "msg": "Timeout"}, status=408),
        Reply({"code": -5043, "msg": "A pending modification already exists for this order."}, status=400),
        Reply(raw=b"<html>", content_type="text/html", status=502),
        Reply({"code": -1000, "msg": "unknown"}, status=503),
    ],
    ids=str,
)
async def test_what_proves_nothing_is_unknown_and_not_sent_again(venue: Played, reply: Reply) -> None:
    venue.server.faults[AMEND] = lambda _: reply
    assert isinstance(await venue.exchange.amend(RESTING.client_id, RESTING.request), Unknown)
    assert len(venue.server.writes) == 1


@pytest.mark.parametrize("body", [{}, [], {"orderId": 1}, {"status": "NEW", "clientOrderId": "somebody"}], ids=str)
async def test_an_answer_that_is_no_such_order_is_looked_up(venue: Played, body: object) -> None:
    venue.server.faults[AMEND] = lambda _: Reply(body)
    outcome = await venue.exchange.amend(RESTING.client_id, RESTING.request)
    assert not isinstance(outcome, Rejected)
    assert len(venue.server.writes) == 1


async def test_bitget_s_classic_account_replaces_since_its_amendment_is_a_new_order(certificate: Certificate) -> None:
    async with played("bitget", certificate) as made:
        assert made.exchange.amends is False


MODIFY = "POST", "/api/v3/trade/modify-order"
LOOK = "GET", "/api/v3/trade/order-info"


@pytest.fixture
async def unified(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("bitget-uta", certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


async def test_the_unified_account_is_sent_the_price_alone_and_the_order_is_read(unified: Played) -> None:
    """Its answer says nothing of the order, and the documentation nothing of what a quantity would mean."""
    outcome = await unified.exchange.amend(RESTING.client_id, RESTING.request)
    (write,) = unified.server.writes
    assert write.params == {
        "category": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "clientOid": "bot-1-3",
        "price": "3105",
        "autoCancel": "no",
    }
    assert isinstance(outcome, Accepted)
    assert (outcome.report.status, outcome.report.quantity) == (OrderStatus.OPEN, D("-0.5"))


@pytest.mark.parametrize(
    ("change", "status", "filled"),
    [
        ({"cumExecQty": "0.2", "avgPrice": "3100", "orderStatus": "partially_filled"}, OrderStatus.OPEN, D("-0.2")),
        ({"cumExecQty": "0.5", "avgPrice": "3100", "orderStatus": "filled"}, OrderStatus.FILLED, D("-0.5")),
        ({"orderStatus": "cancelled", "cancelReason": "post_only_fill_cancel"}, OrderStatus.CANCELLED, D(0)),
        ({"orderStatus": "cancelled", "cancelReason": "modify_limit_order"}, OrderStatus.CANCELLED, D(0)),
        ({"price": "3100"}, OrderStatus.OPEN, D(0)),  # it was acknowledged, and failed
    ],
    ids=str,
)
async def test_whatever_became_of_an_acknowledged_amendment_is_read(
    unified: Played, change: dict[str, str], status: OrderStatus, filled: Decimal
) -> None:
    fresh = named("bitget-uta", "order_info_fresh")
    body: Any = copy.deepcopy(fresh.body)
    body["data"] |= change
    unified.shown.insert(0, replace(fresh, body=body))
    outcome = await unified.exchange.amend(RESTING.client_id, RESTING.request)
    assert isinstance(outcome, Accepted)
    assert (outcome.report.status, outcome.report.filled, len(unified.server.writes)) == (status, filled, 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("25204", RejectReason.OTHER),
        ("25205", RejectReason.PRICE_OUT_OF_BAND),
        ("25244", RejectReason.BAD_TICK),
        ("25102", RejectReason.MARKET_CLOSED),
        ("429", RejectReason.TOO_MANY_ORDERS),
    ],
)
async def test_the_unified_account_s_refusals_leave_it_as_it_was(
    unified: Played, code: str, reason: RejectReason
) -> None:
    status = 429 if code == "429" else 400
    unified.server.faults[MODIFY] = lambda _: Reply({"code": code, "msg": "no", "data": None}, status=status)
    outcome = await unified.exchange.amend(RESTING.client_id, RESTING.request)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, len(unified.server.writes)) == (reason, 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply({"code": "25001", "msg": "Operation timed out", "data": None}),
        Reply({"code": "40010", "msg": "Request timed out", "data": None}, status=400),
        Reply({"code": "25999", "msg": "a modification is being processed", "data": None}, status=400),
        Reply(raw=b"<html>", content_type="text/html", status=502),
    ],
    ids=str,
)
async def test_what_proves_nothing_there_is_unknown_and_not_sent_again(unified: Played, reply: Reply) -> None:
    unified.server.faults[MODIFY] = lambda _: reply
    assert isinstance(await unified.exchange.amend(RESTING.client_id, RESTING.request), Unknown)
    assert len(unified.server.writes) == 1


async def test_an_acknowledged_order_that_cannot_be_read_is_unknown(unified: Played) -> None:
    unified.server.faults[LOOK] = lambda _: Reply({"code": "25000", "msg": "System error", "data": None}, status=400)
    assert isinstance(await unified.exchange.amend(RESTING.client_id, RESTING.request), Unknown)
    assert len(unified.server.writes) == 1


async def test_the_unified_account_s_reduce_only_orders_are_replaced(unified: Played) -> None:
    closing = intent(quantity=D("0.5"), price=D(2990), tif=TimeInForce.POST_ONLY, number=3, reduce_only=True)
    assert isinstance(await unified.exchange.amend(closing.client_id, closing.request), Rejected)
    assert unified.server.writes == []
