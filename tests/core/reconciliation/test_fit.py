"""A report counts for an intent only where it can be the intent's: an id alone proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import Fill, Intent, OrderKind, OrderReport, OrderRequest, OrderStatus, TimeInForce
from bot.core.reconciliation.fit import TOLERANCE, fitting, misfit, total
from bot.core.types import ClientOrderId
from bot.exchange.config import CcxtConfig
from bot.venues.registry import KINDS
from tests.core.scenes import BTC, ETH, NOW, PAPER, symbol

OWN = ClientOrderId("dn-3-1")
D = Decimal
MINUTE = timedelta(minutes=1)


def intent(quantity: str = "-2", kind: OrderKind = OrderKind.LIMIT, *, reduce_only: bool = False) -> Intent:
    request = OrderRequest(PAPER, symbol(ETH), ETH, D(quantity), kind, TimeInForce.GTC, reduce_only, "", D(2000))
    return Intent(OWN, 1, request, NOW)


def report(filled: str = "-1", quantity: str = "-2") -> OrderReport:
    filled_at = D(2000) if D(filled) else None
    return OrderReport(
        OWN,
        "9",
        symbol(ETH),
        OrderStatus.OPEN,
        D(quantity),
        D(filled),
        filled_at,
        None,
        NOW,
        kind=OrderKind.LIMIT,
        reduce_only=False,
        placed_at=NOW,
    )


def fill(quantity: str, after: timedelta = timedelta(0), number: str = "t") -> Fill:
    return Fill(number, OWN, PAPER, symbol(ETH), D(quantity), D(2000), D(0), D(0), False, NOW + after)


@pytest.mark.parametrize(
    "told",
    [
        report(),
        report("0"),
        report("-2"),
        report("-1", "-1"),  # a venue may shrink what is reduce-only
        replace(report(), kind=None, reduce_only=None, placed_at=None),
        replace(report(), placed_at=NOW - TOLERANCE),
        replace(report(), placed_at=NOW + timedelta(days=1)),
    ],
)
def test_what_can_be_the_intents_fits(told: OrderReport) -> None:
    assert misfit(intent(), told) is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (replace(report(), symbol=symbol(BTC)), "it is of BTC/USDT:USDT"),
        (report("1", "2"), "its quantity is 2"),
        (report("-1", "-2.001"), "its quantity is -2.001"),
        (replace(report("-2"), filled=D("-2.5")), "its filled quantity is -2.5"),
        (replace(report(), filled=D(1)), "its filled quantity is 1"),
        (replace(report(), kind=OrderKind.MARKET), "it is a market order"),
        (replace(report(), kind=OrderKind.STOP_MARKET), "it is a stop_market order"),
        (replace(report(), reduce_only=True), "reduce-only is True there"),
        (replace(report(), placed_at=NOW - TOLERANCE - timedelta(seconds=1)), "older than the intent"),
    ],
)
def test_what_cant_be_the_intents_does_not_fit(told: OrderReport, why: str) -> None:
    said = misfit(intent(), told)
    assert said is not None
    assert said.startswith(why) or why in said


def test_a_stop_may_be_told_as_the_market_order_that_it_became() -> None:
    stop = intent("2", OrderKind.STOP_MARKET, reduce_only=True)
    told = replace(report("2", "2"), reduce_only=True)
    assert misfit(stop, replace(told, kind=OrderKind.MARKET)) is None
    assert misfit(stop, replace(told, kind=OrderKind.STOP_MARKET)) is None
    assert misfit(stop, told) is not None  # a limit order
    assert misfit(intent("2", OrderKind.MARKET, reduce_only=True), replace(told, kind=OrderKind.STOP_MARKET))


def test_trades_count_by_side_age_and_sum() -> None:
    old = fill("-1", -2 * TOLERANCE)
    assert fitting(intent(), [fill("-1"), old, fill("1"), replace(fill("-1"), symbol=symbol(BTC))]) == (fill("-1"),)
    assert fitting(intent(), [fill("-1"), fill("-1.5")]) == ()
    assert fitting(intent(), []) == ()


@given(
    st.lists(st.tuples(st.integers(-30, 30).filter(bool), st.integers(-300, 300)), max_size=8), st.sampled_from("+-")
)
def test_no_sum_of_trades_is_more_than_the_intent_or_of_the_other_side(
    trades: list[tuple[int, int]], side: str
) -> None:
    fills = [fill(str(D(size) / 10), timedelta(seconds=after)) for size, after in trades]
    sum_ = total(fitting(intent(f"{side}2"), fills))
    assert abs(sum_) <= 2
    assert sum_ * D(f"{side}1") >= 0


def test_no_venues_rules_call_a_duplicate_id_a_rejection() -> None:
    """A request that came twice is answered as a duplicate, though its first copy was taken: unknown, and looked up."""
    for name, kind in KINDS.items():
        facts = kind.dialect(CcxtConfig(PAPER, name, (symbol(ETH),))).facts
        assert not [rule for rule in facts.rejections if rule.reason.value == "duplicate_id"]
