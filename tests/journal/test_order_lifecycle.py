"""The life of an intent, report by report."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.inputs import PendingStatus
from bot.core.orders import NotFound, OrderStatus, Outcome, Rejected, RejectReason, Unknown
from bot.core.types import ClientOrderId
from bot.journal.order_lifecycle import IntentState, IntentStatus, Verdict, after_fills, after_outcome
from tests.journal.things import NOW, report

ID = ClientOrderId("bot-1-1")
REJECTED = Rejected(ID, RejectReason.OTHER, "", "")
UNKNOWN = Unknown(ID, "")
GONE = NotFound(ID, NOW)
QUANTITY = Decimal("-1.25")
OUTCOMES = [REJECTED, UNKNOWN, GONE] + [
    report(ID, status, filled) for status in OrderStatus for filled in ("0", "-0.5", "-1.25")
]
STATES = [IntentState(status, Decimal(filled)) for status in IntentStatus for filled in ("0", "-0.5", "-1.25")]


def state(status: str, filled: str = "0") -> IntentState:
    return IntentState(IntentStatus(status), Decimal(filled))


@pytest.mark.parametrize(
    ("before", "outcome", "after", "verdict"),
    [
        (state("sent"), report(ID, OrderStatus.OPEN), state("open"), "moved"),
        (state("sent"), report(ID, OrderStatus.FILLED, "-1.25"), state("filled", "-1.25"), "moved"),
        (state("sent"), REJECTED, state("rejected"), "moved"),
        (state("sent"), UNKNOWN, state("unknown"), "moved"),
        (state("unknown"), GONE, state("not_found"), "moved"),
        (state("unknown"), report(ID, OrderStatus.OPEN, "-0.5"), state("open", "-0.5"), "moved"),
        (state("open"), report(ID, OrderStatus.OPEN, "-0.5"), state("open", "-0.5"), "moved"),
        (state("open", "-0.5"), report(ID, OrderStatus.OPEN), state("open", "-0.5"), "same"),
        (state("open", "-0.5"), UNKNOWN, state("unknown", "-0.5"), "moved"),
        (state("open", "-0.5"), report(ID, OrderStatus.CANCELLED), state("cancelled", "-0.5"), "moved"),
        # stale reads after the end
        (state("filled", "-1.25"), report(ID, OrderStatus.OPEN, "-0.5"), state("filled", "-1.25"), "refused"),
        (state("cancelled"), report(ID, OrderStatus.OPEN), state("cancelled"), "refused"),
        (state("filled", "-1.25"), GONE, state("filled", "-1.25"), "same"),
        (state("filled", "-1.25"), UNKNOWN, state("filled", "-1.25"), "same"),
        (state("filled", "-1.25"), REJECTED, state("filled", "-1.25"), "refused"),
        # effects after the end
        (state("not_found"), report(ID, OrderStatus.OPEN), state("open"), "late"),
        (state("rejected"), report(ID, OrderStatus.FILLED, "-1.25"), state("filled", "-1.25"), "late"),
        (state("cancelled"), report(ID, OrderStatus.CANCELLED, "-0.5"), state("cancelled", "-0.5"), "late"),
        (state("cancelled"), report(ID, OrderStatus.OPEN, "-0.5"), state("cancelled", "-0.5"), "late"),
        (state("expired", "-0.5"), report(ID, OrderStatus.FILLED, "-1.25"), state("filled", "-1.25"), "late"),
    ],
)
def test_a_report_moves_an_intent(
    before: IntentState, outcome: Outcome | NotFound, after: IntentState, verdict: str
) -> None:
    assert after_outcome(before, outcome) == (after, Verdict(verdict))


@given(st.sampled_from(STATES), st.lists(st.sampled_from(OUTCOMES), max_size=6))
def test_whatever_is_reported_fills_never_shrink_and_an_end_with_effect_stands(
    start: IntentState, outcomes: list[Outcome | NotFound]
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
        (state("sent"), "-0.5", state("sent", "-0.5"), "moved"),
        (state("unknown"), "-1.25", state("unknown", "-1.25"), "moved"),
        (state("open", "-0.5"), "-0.25", state("open", "-0.5"), "same"),
        (state("filled", "-1.25"), "-1.25", state("filled", "-1.25"), "same"),
        (state("cancelled", "-0.5"), "-0.5", state("cancelled", "-0.5"), "same"),
        (state("cancelled", "-0.5"), "-0.75", state("cancelled", "-0.75"), "late"),
        (state("cancelled", "-0.5"), "-1.25", state("filled", "-1.25"), "late"),
        (state("not_found"), "-0.5", state("unknown", "-0.5"), "late"),
        (state("rejected"), "-1.25", state("filled", "-1.25"), "late"),
    ],
)
def test_fills_count(before: IntentState, total: str, after: IntentState, verdict: str) -> None:
    assert after_fills(before, QUANTITY, Decimal(total)) == (after, Verdict(verdict))


def test_what_is_unresolved_is_what_the_core_calls_pending() -> None:
    assert {status.value for status in IntentStatus if not status.is_final} == {
        status.value for status in PendingStatus
    }
