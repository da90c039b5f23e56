"""A replay: the same orders whether rows are left out or not, the same bytes each time, and every cent explained."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

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
