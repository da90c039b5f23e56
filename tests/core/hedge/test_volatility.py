"""Marks' covariance: unbiased at any spacing, forgetful, and silent until it knows enough."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.hedge.volatility import MIN_WEIGHT, YEAR, Volatility, pair, update
from bot.core.state import MarkHistory
from tests.core.scenes import BTC, ETH, NOW

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
    assert known.correlation(ETH, BTC) == pytest.approx(0.6, abs=0.05)


def test_one_leg_needs_no_volatility() -> None:
    known = Volatility(simulate(20_000, [12.0], 3), assumed=9.0)
    assert known.slope(BTC, {BTC: Decimal("-2.5"), ETH: Decimal(0)}) == 2.5


def test_before_there_is_enough_history_the_assumption_stands_in() -> None:
    history = simulate(int(MIN_WEIGHT / 12) - 10, [12.0], 3)
    assert history.weight < MIN_WEIGHT
    known = Volatility(history, assumed=0.7)
    assert known.of(ETH) == 0.7
    assert known.slope(ETH, {ETH: Decimal(-3), BTC: Decimal(3)}) == pytest.approx(3 * math.sqrt(2 - 2 * 0.8))


def test_a_dollar_moves_nothing() -> None:
    known = Volatility(MarkHistory(), assumed=0.7)
    assert known.slope(ETH, {ETH: Decimal(-3)}) == 3
