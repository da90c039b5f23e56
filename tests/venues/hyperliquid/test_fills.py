"""Hyperliquid's fills: each is judged by itself, and an order has filled what its own fills tell."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.core.errors import Retryable
from bot.core.orders import OrderReport, OrderStatus
from tests.exchange.loopback import Certificate
from tests.exchange.scene import START
from tests.recorded.files import Recording, named
from tests.venues.hyperliquid.scene import BTC, ETH, FILLED, REST, D, played


def fills_with(*odd: object) -> Recording:
    """Return the recorded fills, and odd rows behind them: whole ones, or fields of the first that are others."""
    recorded = named("hyperliquid", "user_fills_by_time")
    assert isinstance(recorded.body, list)
    rows = [{**recorded.body[0], **one} if isinstance(one, dict) else one for one in odd]
    return replace(recorded, body=[*recorded.body, *rows])


NOT_TO_BE_READ: Final[tuple[object, ...]] = (
    {"tid": 901, "sz": "9" * 60},
    {"tid": 902, "time": None},
    {"tid": 903, "side": None, "crossed": "yes"},
    {"tid": None},
    {"coin": None, "tid": 904},
    None,
    "x",
    [],
)


async def test_fills_carry_their_owner_and_the_fee_as_it_was_paid(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        fills = await venue.exchange.fills(START - timedelta(days=1))
        mine = [fill for fill in fills if fill.symbol == ETH]
        assert [(fill.client_id, fill.quantity, fill.fee, fill.is_maker) for fill in mine] == [
            (FILLED, D("-0.3"), D("0.404986"), False),
            (FILLED, D("-0.2"), D("0.27"), False),
        ]
        (other,) = [fill for fill in fills if fill.symbol == BTC]
        assert (other.client_id, other.realised, other.fee, other.is_maker) == (None, D("12.5"), D("-0.018"), True)


async def test_a_fill_that_cannot_be_read_is_told_and_spoils_no_other(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        since = START - timedelta(days=1)
        whole = await venue.exchange.fills(since)
        found = await venue.exchange.lookup(FILLED, ETH)
    async with played(certificate) as venue:
        strangers = {"coin": "XYZ", "oid": 7, "sz": None}, {"coin": "XYZ", "oid": 8, "tid": None}
        venue.shown.insert(
            0, fills_with(*({"oid": 6, **one} if isinstance(one, dict) else one for one in NOT_TO_BE_READ), *strangers)
        )
        await venue.exchange.check([ETH, BTC])
        assert await venue.exchange.fills(since) == whole
        assert await venue.exchange.lookup(FILLED, ETH) == found, "told by its own fills"
        told = [item for item in (await venue.exchange.ledger(since)).aside if item.what == "trades that can't be read"]
        assert len(told) == len(NOT_TO_BE_READ), "each once, and nobody else's"


@pytest.mark.parametrize("odd", [{"sz": None}, {"px": "much"}, {"sz": "NaN"}], ids=str)
async def test_an_order_with_a_fill_that_cannot_be_read_is_not_believed(
    certificate: Certificate, odd: dict[str, object]
) -> None:
    async with played(certificate) as venue:
        venue.shown.insert(0, fills_with({"tid": 905, **odd}))
        await venue.exchange.check([ETH, BTC])
        with pytest.raises(Retryable):
            await venue.exchange.lookup(FILLED, ETH)


@pytest.mark.parametrize(("told", "filled"), [("0.2", "-0.2"), ("0.1", "-0.1"), (None, "0")])
async def test_an_order_that_filled_in_part_is_what_its_fills_tell_so_far(
    certificate: Certificate, told: str | None, filled: str
) -> None:
    """The order's own answer has no average price; and its time is its status's, which a fill does not change."""
    async with played(certificate) as venue:
        rests = named("hyperliquid", "order_status_rest")
        body: Any = copy.deepcopy(rests.body)
        body["order"]["order"]["sz"] = "0.3"
        fill = {"tid": 906, "oid": 91490942, "sz": told, "px": "3100.0", "cloid": REST, "crossed": False}
        venue.shown[:0] = [replace(rests, body=body), fills_with(*([] if told is None else [fill]))]
        await venue.exchange.check([ETH, BTC])
        found = await venue.exchange.lookup(REST, ETH)
        assert isinstance(found, OrderReport)
        assert (found.status, found.quantity, found.filled) == (OrderStatus.OPEN, D("-0.5"), D(filled))
        assert found.average_price == (None if told is None else 3100)
        assert venue.clock.now() - found.updated_at < timedelta(seconds=5)
