"""A replay: the same orders whether rows are left out or not, the same bytes each time, and every cent explained."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from bot.backtest.engine import replay
from bot.core.errors import ConfigError
from bot.core.orders import OrderKind
from tests.backtest.scenes import generated, plan_of

Specs = list[dict[str, Any]]
NARROW: Specs = [{"value": 100_000, "width": "4%"}]
FULL: Specs = [{"value": 100_000, "full": True}]
TWO: Specs = [{"value": 60_000, "width": "10%"}, {"value": 40_000, "full": True}]
CASES: dict[str, tuple[Specs | None, dict[str, Any], dict[str, str]]] = {
    "default": (None, {}, {}),
    "leaves its range": (NARROW, {"volatility": 5}, {}),
    "full range": (FULL, {}, {}),
    "two positions": (TWO, {}, {}),
    "jumps": (None, {"kind": "jumps", "jumps_a_year": 500, "jump_size": "2%"}, {}),
    "basis and funding": (None, {"basis": "0.05%", "basis_deviation": "0.05%", "funding_deviation": "0.05%"}, {}),
    "ratio": (None, {}, {"hedge__ratio": "0.5"}),
    "fixed cost": (None, {}, {"hedge__fixed_cost": "1"}),
    "tracking budget": (FULL, {}, {"hedge__band__tracking_error": "1%"}),
    "tracking budget, narrow range": (None, {}, {"hedge__band__tracking_error": "3%"}),
    "wide": (None, {"volatility": 3}, {"hedge__band__fixed_width": "30%", "venues__paper__deposit": "40000"}),
    "resting": (None, {}, {"execution__style": "maker"}),
    "resting, first in the queue": (None, {}, {"execution__style": "maker", "venues__paper__queue": "0"}),
    "high leverage, little collateral": (None, {"volatility": 2, "seed": 3}, {"venues__paper__deposit": "9000"}),
}


@pytest.mark.parametrize("name", CASES)
def test_orders_are_those_of_every_row(name: str) -> None:
    positions, model, overrides = CASES[name]
    plan = plan_of(generated(positions, model), **overrides)
    skipping, stepping = replay(plan, skip=True), replay(plan, skip=False)
    assert skipping.order_lines() == stepping.order_lines()
    assert len(skipping.orders) > 3
    assert skipping.steps < stepping.steps == stepping.rows
    assert skipping.total.total == stepping.total.total
    assert skipping.hedged.variance == pytest.approx(stepping.hedged.variance, rel=1e-6)
    assert skipping.worst_distance == stepping.worst_distance
    assert (skipping.guards, skipping.alarms) == (stepping.guards, stepping.alarms)
    assert skipping.opening == stepping.opening


def test_the_same_replay_gives_the_same_bytes() -> None:
    scenario = generated()
    one, other = replay(plan_of(scenario)), replay(plan_of(scenario))
    assert one.order_lines() == other.order_lines()
    assert one.as_data() == other.as_data()


def test_another_seed_gives_another_market() -> None:
    assert replay(plan_of(generated())).as_data() != replay(plan_of(generated(model={"seed": 6}))).as_data()


@pytest.mark.parametrize("skip", [True, False])
def test_nothing_is_left_unexplained(*, skip: bool) -> None:
    scenario = generated(TWO, {"basis": "0.1%", "basis_deviation": "0.05%", "funding_deviation": "0.05%"})
    found = replay(plan_of(scenario), skip=skip)
    assert abs(found.total.residual) <= Decimal("1e-9") * found.start_value
    assert found.total.total == found.end_value - found.start_value + found.end_equity - found.start_equity
    assert sum((item.total for item in found.days.values()), Decimal(0)) == found.total.total
    assert len(found.total.positions) == 2
    assert found.total.hedge.funding != 0
    assert found.total.hedge.trading_fees < 0
    assert found.total.liquidity.fees > 0


def test_the_hedge_takes_most_of_the_variance_away() -> None:
    found = replay(plan_of(generated(FULL, {"days": 5})))
    assert found.variance_ratio < 0.01


def test_the_drift_leaves_the_error_that_the_budget_allows() -> None:
    scenario = generated(FULL, {"days": 40, "volatility": "0.8"})
    found = replay(plan_of(scenario, hedge__band__tracking_error="0.4%"))
    assert found.tracking_error_adrift == pytest.approx(0.004, rel=0.15)
    assert found.tracking_error_adrift < found.tracking_error < 0.0048


def test_without_a_hedge_the_drift_is_the_exposure() -> None:
    found = replay(plan_of(generated(FULL, {"days": 3}), hedge__ratio="0"))
    assert found.tracking_error_adrift == pytest.approx(found.tracking_error, rel=0.01)


def test_a_ratio_of_zero_trades_nothing() -> None:
    found = replay(plan_of(generated(), hedge__ratio="0"))
    assert not found.orders
    assert found.variance_ratio == pytest.approx(1)


def test_little_collateral_is_reduced_by_the_ladder_before_the_venue_liquidates() -> None:
    scenario = generated(FULL, {"drift": 300, "volatility": "0.8"}, collateral=9_000)
    found = replay(plan_of(scenario))
    reasons = [order.intent.request.reason for order in found.orders]
    assert [reason for reason in reasons if reason.startswith("margin ladder")]
    assert found.liquidations == 0
    assert abs(found.total.residual) <= Decimal("1e-9") * found.start_value


def test_a_latency_of_a_row_is_refused() -> None:
    with pytest.raises(ConfigError, match="shorter than a row"):
        plan_of(generated(latency="60s"))


def test_orders_arrive_after_the_latency() -> None:
    found = replay(plan_of(generated(latency="300ms"), execution__style="taker"))
    late = replay(plan_of(generated(), execution__style="taker"))
    assert [order.intent.request.quantity for order in found.orders] == [
        order.intent.request.quantity for order in late.orders
    ]
    assert len(found.orders) > 3


def test_a_market_that_no_venue_trades_is_refused() -> None:
    scenario = generated()
    token = {"symbol": "FOO", "decimals": 18, "underlying": "FOO"}
    pools = [{**scenario.pools[0].model_dump(), "token1": token}]
    with pytest.raises(ConfigError, match="FOO"):
        plan_of(type(scenario).model_validate({"pools": pools}))


def test_a_stop_that_follows_every_trade_never_counts_as_missing() -> None:
    scenario = generated(FULL, {"volatility": 3, "days": 1})
    found = replay(plan_of(scenario, execution__style="taker", hedge__band__risk_aversion="100000"))
    reasons = {order.intent.request.reason for order in found.orders}
    assert not [reason for reason in reasons if "no verified stop" in reason]
    times = [order.intent.created_at for order in found.orders if order.intent.request.kind is OrderKind.LIMIT]
    run = sum(1 for one, three in zip(times, times[3:], strict=False) if three - one == timedelta(minutes=3))
    assert run, "no four trades followed on each other: the scene shows nothing"


def test_orders_tell_their_trades_and_these_sum_to_the_fees() -> None:
    found = replay(plan_of(generated(), execution__style="maker"))
    lines = [json.loads(line) for line in found.order_lines().splitlines()]
    fees = sum((Decimal(line["fee_usd"]) for line in lines), Decimal(0))
    assert fees == -found.total.hedge.trading_fees > 0
    for line in lines:
        assert Decimal(line["filled"]) == sum((Decimal(fill["quantity"]) for fill in line["fills"]), Decimal(0))
        assert all(fill["at"] >= line["at"] for fill in line["fills"])
    assert {line["style"] for line in lines} == {"maker", "taker", "stop"}
    assert all(fill["maker"] for line in lines if line["style"] == "maker" for fill in line["fills"])


def test_opening_is_told_apart_from_rebalancing() -> None:
    # in a market that stands still nothing is traded but the opening: the taker fee and half the spread of it
    found = replay(plan_of(generated(FULL, {"volatility": "0.01"}), hedge__assumed_volatility="1%"))
    assert 45_000 < found.turnover < 50_000
    assert float(found.opening) == pytest.approx(float(found.turnover) * (0.0005 + 0.0001), rel=0.02)
    assert abs(found.rebalancing_a_year) < 0.001


def test_the_variance_of_longer_spans_is_that_of_the_values_at_their_ends() -> None:
    found = replay(plan_of(generated(FULL, {"days": 3})), skip=False)
    hours = found.horizons["1h"]
    at = np.array(found.series.at)
    whole = at % 3600 == 0  # the hedge is in place within the first hour
    assert found.series.every == 1
    assert hours.unhedged.count == whole.sum() - 1
    assert hours.unhedged.variance == pytest.approx(float(np.diff(np.array(found.series.value)[whole]).var()), rel=1e-9)
    assert hours.ratio is not None


def test_the_parts_of_the_answer_sum_to_the_result() -> None:
    found = replay(plan_of(generated(None, {"funding_deviation": "0.01%"})))
    pays, total = found.pool_result, found.total
    assert pays.fees is not None
    assert pays.lvr is not None
    assert pays.left_open is not None
    assert pays.fees - pays.lvr - pays.cost + total.hedge.funding + pays.left_open == total.total
    low, high = pays.funding
    assert low < high


@pytest.mark.parametrize("fee", [500, 3000])
def test_a_generated_pool_loses_what_the_variance_says_and_its_fees_are_about_that(fee: int) -> None:
    """At the market's prices; an arbitraged pool's own ones stand its fee off them, on the side that is worse."""
    scenario = generated(FULL, {"volatility": "0.8", "days": 10})
    scenario = scenario.model_copy(update={"pools": (scenario.pools[0].model_copy(update={"fee": fee}),)})
    found = replay(plan_of(scenario))
    liquidity = found.total.liquidity
    assert float(liquidity.lvr) == pytest.approx(0.64 / 8 * 100_000 * 10 / 365, rel=0.1)
    assert 0.8 < liquidity.fees / liquidity.lvr < 1.2
    # left to chance: the drift within the band, and where within its fee of the market the pool stands at both ends
    assert found.pool_result.left_open is not None
    assert abs(found.pool_result.left_open) < liquidity.lvr / 10 + 2 * 50_000 * Decimal(fee) / 10**6


def test_funding_that_is_not_known_is_a_range_from_a_payment_to_a_receipt() -> None:
    found = replay(plan_of(generated(FULL, {"volatility": "0.01", "days": 2})))
    low, high = found.pool_result.funding
    years = 50_000 * 2 / 365
    assert (float(low), float(high)) == pytest.approx((-0.03285 * years, 0.1095 * years), rel=0.03)
    assert found.total.hedge.funding < 0
    assert [line for line in found.assumptions if line.startswith("Funding is not in the data")]
