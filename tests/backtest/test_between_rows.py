"""Between two rows: the way ends where the next row begins, and what rests lives as long as its deadline says."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from bot.backtest.between_rows import PACE, moments
from bot.backtest.columns import YEAR, moment
from bot.backtest.engine import replay
from bot.backtest.market import MarketDay, open_market
from bot.core.orders import OrderKind, TimeInForce
from bot.core.types import Underlying
from tests.backtest.scenes import generated, plan_of

ETH = Underlying("ETH")
LOOKS = 29
"""Two seconds apart within a minute."""


@pytest.fixture(scope="module")
def day() -> MarketDay:
    return next(iter(open_market(generated()).days()))


def test_a_way_has_the_volatility_that_it_is_told_and_no_trend_of_its_own(day: MarketDay) -> None:
    # Brownian bridge: Var[middle] = sigma^2 T/4, whatever the ends are
    middles = []
    for row in range(1, 1001):
        way = [float(prices[ETH]) for _, prices in moments(day, row, {ETH: 0.8})]
        ends = float(day.marks[ETH][row]), float(day.marks[ETH][row + 1])
        middles.append(math.log(way[14]) - (math.log(ends[0]) + math.log(ends[1])) / 2)
    expected = 0.8 * math.sqrt(60 / YEAR / 4)
    assert np.std(middles) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(middles)) < 4 * expected / math.sqrt(len(middles))


def test_a_way_without_volatility_is_straight_and_the_same_row_gives_the_same(day: MarketDay) -> None:
    way = list(moments(day, 7, {ETH: 0.0}))
    assert [now for now, _ in way] == [moment(day.times[7]) + n * PACE for n in range(1, LOOKS + 1)]
    logs = [math.log(float(day.marks[ETH][7])), *(math.log(float(prices[ETH])) for _, prices in way)]
    steps = [b - a for a, b in pairwise(logs)]
    assert steps == pytest.approx([steps[0]] * LOOKS, abs=1e-9)
    assert list(moments(day, 7, {ETH: 0.8})) == list(moments(day, 7, {ETH: 0.8}))


@pytest.mark.parametrize("deadline", [8, 20])
def test_a_post_lives_as_long_as_its_deadline_says(deadline: int) -> None:
    plan = plan_of(generated(), execution__style="maker", execution__deadline=f"{deadline}s")
    orders = [one for one in replay(plan).orders if one.intent.request.kind is OrderKind.LIMIT]
    posts = [one for one in orders if one.intent.request.time_in_force is TimeInForce.POST_ONLY]
    assert {one.status for one in posts} >= {"filled", "cancelled"}
    began = None
    waits = []
    for one in orders:
        at = one.intent.created_at
        if one.intent.request.time_in_force is TimeInForce.POST_ONLY:
            began = began if began is not None and at - began <= timedelta(seconds=deadline) else at
        elif began is not None and at - began < timedelta(seconds=60):
            waits.append((at - began).total_seconds())
            began = None
    assert waits
    assert max(waits) <= deadline
