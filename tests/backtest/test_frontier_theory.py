"""The theoretical curve: the closed form on a market that hardly moves, and a replay that comes near it."""

import math

import numpy as np
import pytest

from bot.backtest.engine import replay
from bot.backtest.frontier_theory import cost_of, frontier
from bot.backtest.sweep import figures_of
from tests.backtest.scenes import generated, plan_of

FULL = [{"value": 100_000, "full": True}]


@pytest.mark.parametrize("ratio", ["1", "0.5"])
def test_a_full_range_has_the_closed_form(ratio: str) -> None:
    plan = plan_of(generated(FULL, {"volatility": "0.1", "noise_volume": 0}), hedge__ratio=ratio)
    (day,) = list(plan.market.days())
    moves = np.diff(np.log([float(mark) for mark in next(iter(day.marks.values()))]))
    years = (day.times[-1] - day.times[0]) / (365 * 86_400)
    volatility = math.sqrt(float(np.square(moves).sum()) / years)
    cost = float(cost_of(plan, day.pools[0].facts.underlying))
    assert cost == pytest.approx(0.0005 + 0.0001)  # the example's taker fee and half spread
    assert frontier(plan) == pytest.approx(cost * volatility**3 * float(ratio) ** 2 / (16 * math.sqrt(12)), rel=0.02)


def test_a_replay_at_the_takers_cost_comes_near_the_curve() -> None:
    market = {"volatility": "0.8", "noise_volume": 0, "days": 10}
    plan = plan_of(generated(FULL, market), execution__style="taker", hedge__band__risk_aversion="200")
    found = figures_of(replay(plan))
    assert 0.9 <= found.rebalancing_a_year * found.tracking_error_a_year / frontier(plan) <= 1.25


def test_a_market_without_a_hedge_has_no_curve() -> None:
    assert frontier(plan_of(generated(FULL), hedge__ratio="0")) == 0
