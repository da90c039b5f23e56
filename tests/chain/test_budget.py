"""A budget of requests a day is spent evenly: whatever is asked for, the day's requests are never passed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chain.budget import DAY, RESERVE, Budget
from bot.chain.rpc_errors import RateLimited
from bot.clock import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_without_a_budget_nothing_waits() -> None:
    budget = Budget(None, ManualClock(START))
    for _ in range(10_000):
        budget.spend(100, "it")
    assert budget.pause(100) == 0


@given(st.integers(1_000, 1_000_000), st.lists(st.tuples(st.floats(0, 600), st.integers(1, 100)), max_size=200))
def test_no_time_sees_more_requests_than_its_share_and_the_savings(
    per_day: int, steps: list[tuple[float, int]]
) -> None:
    clock = ManualClock(START)
    budget, spent, passed = Budget(per_day, clock), 0, 0.0
    for seconds, calls in steps:
        clock.advance(seconds)
        passed += seconds
        with suppress(RateLimited):
            budget.spend(calls, "it")
            spent += calls
        assert spent <= per_day * (passed + RESERVE) / DAY + 120


def test_a_refusal_says_when_there_is_something_again() -> None:
    clock = ManualClock(START)
    budget = Budget(86_400, clock)
    budget.spend(1_800, "it")
    with pytest.raises(RateLimited, match="its budget of 86400 requests a day") as caught:
        budget.spend(10, "it")
    assert caught.value.seconds == pytest.approx(10)
    clock.advance(10)
    budget.spend(10, "it")


@pytest.mark.parametrize("per_day", [10_000, 100_000])
@pytest.mark.parametrize("block", [0.25, 2.0, 12.0])
def test_who_keeps_to_the_pauses_is_never_refused_and_uses_what_there_is(per_day: int, block: float) -> None:
    clock = ManualClock(START)
    budget, rounds, waited = Budget(per_day, clock), 0, 0.0
    while waited < DAY:
        step = max(block, budget.pause(2))
        clock.advance(step)
        waited += step
        budget.spend(2, "it")
        rounds += 1
    wanted = DAY / block
    assert 2 * rounds <= per_day * 1.05
    assert 2 * rounds >= min(2 * wanted, per_day) * 0.9
