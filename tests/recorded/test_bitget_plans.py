"""What became of a plan order that Bitget executed: the order that came of it may have failed, or still work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import Retryable
from bot.core.orders import OrderReport, OrderStatus
from bot.core.types import ClientOrderId
from tests.exchange.loopback import Certificate
from tests.exchange.scene import ETH
from tests.recorded.files import named
from tests.recorded.scene import BTC, Played, played

D = Decimal
STOP = ClientOrderId("bot-1-2")


@pytest.fixture
async def venue(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("bitget", certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


def show(venue: Played, name: str, **changed: object) -> None:
    """Prefer a recording whose one row is changed."""
    recorded = named("bitget", name)
    body: Any = recorded.body
    venue.shown.insert(0, replace(recorded, body={**body, "data": [{**body["data"][0], **changed}]}))


@pytest.mark.parametrize(
    ("name", "changed", "wanted"),
    [
        ("plan_sub_order_success", {}, (OrderStatus.FILLED, D("1.5"))),
        ("plan_sub_order_fail", {}, (OrderStatus.REJECTED, D(0))),
        ("plan_sub_order_fail", {"orderId": ""}, (OrderStatus.REJECTED, D(0))),
        ("plan_sub_order_fail", {"orderId": None}, (OrderStatus.REJECTED, D(0))),
        ("plan_sub_order_in_progress", {}, (OrderStatus.OPEN, D(0))),
        ("plan_sub_order_in_progress", {"orderId": None}, (OrderStatus.OPEN, D(0))),
        ("plan_sub_order_cancelled", {}, (OrderStatus.FILLED, D("1.5"))),  # the order itself tells what was filled
        ("plan_sub_order_cancelled", {"orderId": ""}, (OrderStatus.CANCELLED, D(0))),
    ],
)
async def test_an_executed_stop_is_what_the_order_that_came_of_it_is(
    venue: Played, name: str, changed: Mapping[str, object], wanted: tuple[OrderStatus, Decimal]
) -> None:
    show(venue, name, **changed)
    found = await venue.exchange.lookup(STOP, ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.quantity, found.client_id) == (*wanted, D("1.5"), STOP)


@pytest.mark.parametrize("changed", [{"status": "merged"}, {"status": None}, {"status": ""}, {"orderId": ""}], ids=str)
async def test_what_nobody_can_say_stays_unresolved(venue: Played, changed: Mapping[str, object]) -> None:
    show(venue, "plan_sub_order_success", **changed)
    with pytest.raises(Retryable):
        await venue.exchange.lookup(STOP, ETH)


@pytest.mark.parametrize("odd", [None, "x", {}, {"clientOid": "", "orderId": "5"}, {"clientOid": "a"}], ids=str)
async def test_an_odd_plan_order_of_the_past_hides_no_trade(venue: Played, odd: object) -> None:
    recorded = named("bitget", "plan_history")
    body: Any = recorded.body
    rows = [odd, *body["data"]["entrustedList"]]
    venue.shown.insert(0, replace(recorded, body={**body, "data": {**body["data"], "entrustedList": rows}}))
    since: datetime = venue.clock.now() - timedelta(hours=1)
    found = await venue.exchange.dialect.children(venue.exchange.link, "ETHUSDT", since)
    assert found == {"1375512090033333333": STOP}
