"""Marks' covariance: unbiased at any spacing, forgetful, and silent until it knows enough."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hedge.volatility import HALF_LIFE, MIN_WEIGHT, YEAR, Volatility, pair, update
from bot.core.state import MarkHistory
from tests.core.scenes import BTC, ETH, NOW, USD

BOTH = (BTC, ETH)


def simulate(steps: int, spacings: list[float], seed: int) -> MarkHistory:
    """Feed a correlated random walk (BTC 50%, ETH 80% a year, correlation 0.6), seen at irregular times."""
    rng = random.Random(seed)
    history, at = MarkHistory(), NOW
    logs = [0.0, 0.0]
    for step in range(steps):
        dt = spacings[step % len(spacings)]
        root = math.sqrt(dt / YEAR)
        first, second = rng.gauss(0, 1), rng.gauss(0, 1)
        logs[0] += 0.5 * root * first
        logs[1] += 0.8 * root * (0.6 * first + 0.8 * second)
        at += timedelta(seconds=dt)
        marks = {key: Decimal(repr(1000 * math.exp(value))) for key, value in zip(BOTH, logs, strict=True)}
        history = update(history, marks, BOTH, at)
    return history


@pytest.mark.parametrize("spacings", [[12.0], [1.0, 40.0, 7.0], [200.0]])
def test_it_finds_volatilities_and_correlation_at_any_spacing(spacings: list[float]) -> None:
    history = simulate(20_000, spacings, 7)
    known = Volatility(history, assumed=9.0)
    assert known.of(BTC) == pytest.approx(0.5, rel=0.05)
    assert known.of(ETH) == pytest.approx(0.8, rel=0.05)
    correlation = history.covariance[pair(ETH, BTC)] * YEAR / known.of(BTC) / known.of(ETH)
    assert correlation == pytest.approx(0.6, abs=0.05)


def test_two_volatile_legs_take_the_variance_of_the_ratio() -> None:
    known = Volatility(simulate(20_000, [12.0], 3), assumed=9.0)
    slope = known.slope(BTC, {BTC: Decimal(-2), ETH: Decimal(2)})
    ratio = math.sqrt(0.5**2 + 0.8**2 - 2 * 0.6 * 0.5 * 0.8)
    assert slope == pytest.approx(2 * ratio / 0.5, rel=0.07)


def test_one_leg_needs_no_volatility() -> None:
    known = Volatility(simulate(20_000, [12.0], 3), assumed=9.0)
    assert known.slope(BTC, {BTC: Decimal("-2.5"), ETH: Decimal(0)}) == 2.5


def test_before_there_is_enough_history_the_assumption_and_the_one_leg_form_stand_in() -> None:
    history = simulate(int(MIN_WEIGHT / 12) - 10, [12.0], 3)
    assert history.weight < MIN_WEIGHT
    known = Volatility(history, assumed=0.7)
    assert known.of(ETH) == 0.7
    assert known.slope(ETH, {ETH: Decimal(-3), BTC: Decimal(3)}) == 3


def test_an_underlying_without_a_mark_falls_back_to_the_one_leg_form() -> None:
    known = Volatility(simulate(20_000, [12.0], 3), assumed=0.7)
    assert known.slope(ETH, {ETH: Decimal(-3), BTC: Decimal(1), USD: Decimal(2)}) == 3


@given(st.floats(-1e6, 0))
def test_time_that_does_not_advance_changes_nothing(seconds: float) -> None:
    history = simulate(10, [12.0], 3)
    assert history.last_at is not None
    at = history.last_at + timedelta(seconds=seconds)
    assert update(history, {BTC: Decimal(1), ETH: Decimal(9)}, BOTH, at) == history


def test_a_missing_mark_makes_the_update_wait_and_the_next_return_span_the_gap() -> None:
    history = simulate(10, [12.0], 3)
    assert history.last_at is not None
    later = history.last_at + timedelta(seconds=60)
    assert update(history, {BTC: Decimal(1000)}, BOTH, later) == history
    moved = {key: price * 2 for key, price in history.last.items()}
    resumed = update(history, moved, BOTH, later)
    weight = history.weight * 2 ** (-60 / HALF_LIFE)
    expected = (weight * history.covariance[ETH, ETH] + 60 * math.log(2) ** 2 / 60) / (weight + 60)
    assert resumed.covariance[ETH, ETH] == pytest.approx(expected, rel=1e-12)


def test_an_underlying_that_joins_starts_the_estimate_again_and_one_that_leaves_is_forgotten() -> None:
    history = simulate(10, [12.0], 3)
    assert history.last_at is not None
    later = history.last_at + timedelta(seconds=60)
    alone = update(history, {BTC: Decimal(1000), ETH: Decimal(1000)}, (BTC,), later)
    assert list(alone.last) == [BTC]
    assert list(alone.covariance) == [(BTC, BTC)]
    again = update(alone, {BTC: Decimal(1000), ETH: Decimal(1000)}, BOTH, later + timedelta(seconds=60))
    assert (again.weight, again.covariance) == (0, {})


def test_two_marks_a_day_apart_are_not_a_days_history() -> None:
    history = update(MarkHistory(), {ETH: Decimal(1000)}, (ETH,), NOW)
    history = update(history, {ETH: Decimal(1100)}, (ETH,), NOW + timedelta(days=1))
    assert Volatility(history, assumed=0.7).of(ETH) == 0.7
