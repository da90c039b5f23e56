"""The life of an intent, report by report."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import NotFound, OrderStatus, Outcome, Rejected, RejectReason, Unknown
from bot.core.state import PendingStatus
from bot.core.types import ClientOrderId
from bot.journal.order_lifecycle import IntentStatus, Standing, Verdict, after_fills, after_outcome
from tests.journal.things import NOW, report

ID = ClientOrderId("bot-1-1")
REJECTED = Rejected(ID, RejectReason.OTHER, "", "")
UNKNOWN = Unknown(ID, "")
GONE = NotFound(ID, NOW)
QUANTITY = Decimal("-1.25")
OUTCOMES = [REJECTED, UNKNOWN, GONE] + [
    report(ID, status, filled) for status in OrderStatus for filled in ("0", "-0.5", "-1.25")
]
STANDINGS = [Standing(status, Decimal(filled)) for status in IntentStatus for filled in ("0", "-0.5", "-1.25")]


def standing(status: str, filled: str = "0") -> Standing:
    return Standing(IntentStatus(status), Decimal(filled))


@pytest.mark.parametrize(
    ("before", "outcome", "after", "verdict"),
    [
        (standing("sent"), report(ID, OrderStatus.OPEN), standing("open"), "moved"),
        (standing("sent"), report(ID, OrderStatus.FILLED, "-1.25"), standing("filled", "-1.25"), "moved"),
        (standing("sent"), REJECTED, standing("rejected"), "moved"),
        (standing("sent"), UNKNOWN, standing("unknown"), "moved"),
        (standing("unknown"), GONE, standing("not_found"), "moved"),
        (standing("unknown"), report(ID, OrderStatus.OPEN, "-0.5"), standing("open", "-0.5"), "moved"),
        (standing("open"), report(ID, OrderStatus.OPEN, "-0.5"), standing("open", "-0.5"), "moved"),
        (standing("open", "-0.5"), report(ID, OrderStatus.OPEN), standing("open", "-0.5"), "same"),
        (standing("open", "-0.5"), UNKNOWN, standing("unknown", "-0.5"), "moved"),
        (standing("open", "-0.5"), report(ID, OrderStatus.CANCELLED), standing("cancelled", "-0.5"), "moved"),
        # stale reads after the end
        (standing("filled", "-1.25"), report(ID, OrderStatus.OPEN, "-0.5"), standing("filled", "-1.25"), "refused"),
        (standing("cancelled"), report(ID, OrderStatus.OPEN), standing("cancelled"), "refused"),
        (standing("filled", "-1.25"), GONE, standing("filled", "-1.25"), "same"),
        (standing("filled", "-1.25"), UNKNOWN, standing("filled", "-1.25"), "same"),
        (standing("filled", "-1.25"), REJECTED, standing("filled", "-1.25"), "refused"),
        # effects after the end
        (standing("not_found"), report(ID, OrderStatus.OPEN), standing("open"), "late"),
        (standing("rejected"), report(ID, OrderStatus.FILLED, "-1.25"), standing("filled", "-1.25"), "late"),
        (standing("cancelled"), report(ID, OrderStatus.CANCELLED, "-0.5"), standing("cancelled", "-0.5"), "late"),
        (standing("cancelled"), report(ID, OrderStatus.OPEN, "-0.5"), standing("cancelled", "-0.5"), "late"),
        (standing("expired", "-0.5"), report(ID, OrderStatus.FILLED, "-1.25"), standing("filled", "-1.25"), "late"),
    ],
)
def test_a_report_moves_an_intent(before: Standing, outcome: Outcome | NotFound, after: Standing, verdict: str) -> None:
    assert after_outcome(before, outcome) == (after, Verdict(verdict))


@given(st.sampled_from(STANDINGS), st.lists(st.sampled_from(OUTCOMES), max_size=6))
def test_whatever_is_reported_fills_never_shrink_and_an_end_with_effect_stands(
    start: Standing, outcomes: list[Outcome | NotFound]
) -> None:
    now = start
    for outcome in outcomes:
        then, verdict = after_outcome(now, outcome)
        assert abs(then.filled) >= abs(now.filled)
        assert (then == now) == (verdict in {Verdict.SAME, Verdict.REFUSED})
        if now.status in {IntentStatus.FILLED, IntentStatus.CANCELLED, IntentStatus.EXPIRED}:
            assert then.status.is_final
        if now.status.is_final and then != now:
            assert verdict is Verdict.LATE
        assert after_outcome(then, outcome)[0] == then
        now = then


@pytest.mark.parametrize(
    ("before", "total", "after", "verdict"),
    [
        (standing("sent"), "-0.5", standing("sent", "-0.5"), "moved"),
        (standing("unknown"), "-1.25", standing("unknown", "-1.25"), "moved"),
        (standing("open", "-0.5"), "-0.25", standing("open", "-0.5"), "same"),
        (standing("filled", "-1.25"), "-1.25", standing("filled", "-1.25"), "same"),
        (standing("cancelled", "-0.5"), "-0.5", standing("cancelled", "-0.5"), "same"),
        (standing("cancelled", "-0.5"), "-0.75", standing("cancelled", "-0.75"), "late"),
        (standing("cancelled", "-0.5"), "-1.25", standing("filled", "-1.25"), "late"),
        (standing("not_found"), "-0.5", standing("unknown", "-0.5"), "late"),
        (standing("rejected"), "-1.25", standing("filled", "-1.25"), "late"),
    ],
)
def test_fills_count(before: Standing, total: str, after: Standing, verdict: str) -> None:
    assert after_fills(before, QUANTITY, Decimal(total)) == (after, Verdict(verdict))


def test_what_is_unresolved_is_what_the_core_calls_pending() -> None:
    assert {status.value for status in IntentStatus if not status.is_final} == {
        status.value for status in PendingStatus
    }
