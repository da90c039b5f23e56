"""Orders that are amended in place at Binance: one write, proven or read, never repeated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.core.orders import Accepted, Intent, OrderStatus, Rejected, RejectReason, TimeInForce, Unknown
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, intent
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


async def test_bitget_replaces_since_its_amendment_is_a_new_order(certificate: Certificate) -> None:
    async with played("bitget", certificate) as made:
        assert made.exchange.amends is False
