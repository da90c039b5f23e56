"""The band solves its equations, is the minimum it claims to be, and costs what it says."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hedge.band import Diffusion, bands, optimum
from bot.core.policy import FixedWidth, RiskAversion, TrackingBudget
from tests.core.scenes import policy

V = 100_000.0
P = 2000.0
X = V / 2 / P
V2 = Diffusion(target=X, slope=X / 2, volatility=0.7, price=P, cost=5e-4, fixed_cost=0.0, step=Decimal(0))


def objective(item: Diffusion, risk_price: float, outer: float, inner: float) -> float:
    return item.yearly_cost(outer, inner) + risk_price / 2 * item.tracking_variance(outer, inner)


diffusions = st.builds(
    Diffusion,
    target=st.just(X),
    slope=st.floats(0.01, 1000),
    volatility=st.floats(0.1, 2),
    price=st.floats(0.01, 1e5),
    cost=st.floats(1e-5, 1e-2),
    fixed_cost=st.one_of(st.just(0.0), st.floats(1e-4, 10)),
    step=st.just(Decimal(0)),
)
risk_prices = st.floats(1e-7, 1e-1)


def test_the_v2_band_at_the_default_risk_aversion_is_the_closed_form() -> None:
    outer, inner = optimum(V2, 50 / V)
    assert outer == inner
    assert outer / X == pytest.approx((3 * 5e-4 / (4 * 50)) ** (1 / 3), rel=1e-12)
    assert outer / X == pytest.approx(0.0196, abs=1e-4)


@given(diffusions, risk_prices)
def test_without_fixed_cost_it_is_whalley_and_wilmotts_band(item: Diffusion, risk_price: float) -> None:
    outer, inner = optimum(replace(item, fixed_cost=0.0), risk_price)
    gamma = item.slope / item.price
    assert outer == pytest.approx((3 * item.cost * item.price * gamma**2 / (2 * risk_price)) ** (1 / 3), rel=1e-9)
    assert inner == outer


@given(diffusions, risk_prices)
def test_a_vanishing_fixed_cost_leads_to_the_same_band(item: Diffusion, risk_price: float) -> None:
    limit, _ = optimum(replace(item, fixed_cost=0.0), risk_price)
    outer, inner = optimum(replace(item, fixed_cost=1e-30), risk_price)
    assert outer == pytest.approx(limit, rel=1e-4)
    assert inner == pytest.approx(limit, rel=1e-4)


@given(diffusions, risk_prices)
def test_both_equations_hold(item: Diffusion, risk_price: float) -> None:
    outer, inner = optimum(item, risk_price)
    total, gap = outer + inner, outer - inner
    gamma = item.slope / item.price
    right = 12 * item.cost * item.price * gamma**2 / risk_price
    assert total * (total**2 - gap**2) == pytest.approx(right, rel=1e-6)
    if item.fixed_cost:
        assert total * gap**3 == pytest.approx(12 * item.fixed_cost * gamma**2 / risk_price, rel=1e-4)


@given(diffusions, risk_prices, st.floats(1e-3, 10))
def test_no_other_band_is_better_also_where_lots_bind(item: Diffusion, risk_price: float, scale: float) -> None:
    free, _ = optimum(item, risk_price)
    step = Decimal(repr(free * scale))
    bound = replace(item, step=step)
    outer, inner = optimum(bound, risk_price)
    best = objective(item, risk_price, outer, inner)
    assert outer - inner >= float(step) * (1 - 1e-12)
    assert inner >= 0
    for wider in (0.25, 0.5, 0.8, 0.95, 0.99, 1.0, 1.01, 1.05, 1.25, 2, 4):
        for share in (0.0, 0.2, 0.5, 0.8, 0.9, 0.99, 0.999, 1.0):
            other = outer * wider
            back = min(other * share, other - float(step))
            if back >= 0:
                assert objective(item, risk_price, other, back) >= best * (1 - 1e-9)


def walk(outer: int, inner: int) -> tuple[float, float]:
    """Solve a symmetric random walk that leaves (-outer, outer) from ``inner``: mean steps and mean sum of squares."""
    size = 2 * outer - 1
    answers = []
    for power in (0, 2):
        upper, right = [0.0] * size, [0.0] * size
        for row in range(size):
            below = upper[row - 1] if row else 0.0
            behind = right[row - 1] if row else 0.0
            pivot = 1 - 0.5 * below
            upper[row] = 0.5 / pivot
            right[row] = (abs(row - outer + 1) ** power + 0.5 * behind) / pivot
        for row in range(size - 2, -1, -1):
            right[row] += upper[row] * right[row + 1]
        answers.append(right[inner + outer - 1])
    return answers[0], answers[1]


@pytest.mark.parametrize(("outer", "inner"), [(200, 199), (200, 150), (200, 0)])
def test_cost_and_tracking_error_are_those_of_a_random_walk_in_the_band(outer: int, inner: int) -> None:
    grain = V2.target * 0.02 / outer
    steps, squares = walk(outer, inner)
    years = steps * grain**2 / (V2.slope * V2.volatility) ** 2
    item = replace(V2, fixed_cost=0.3)
    per_trade = item.cost * item.price * (outer - inner) * grain + item.fixed_cost
    assert item.yearly_cost(outer * grain, inner * grain) == pytest.approx(per_trade / years, rel=1e-6)
    variance = squares / steps * grain**2 * (item.volatility * item.price) ** 2
    assert item.tracking_variance(outer * grain, inner * grain) == pytest.approx(variance, rel=1e-3)


def test_the_edge_policy_has_the_published_cost_and_error() -> None:
    outer, inner = optimum(V2, 50 / V)
    beta = outer / X
    assert V2.yearly_cost(outer, inner) / V == pytest.approx(5e-4 * 0.7**2 / (16 * beta), rel=1e-12)
    assert math.sqrt(V2.tracking_variance(outer, inner)) / V == pytest.approx(0.7 * beta / math.sqrt(12), rel=1e-12)


@given(st.lists(diffusions, min_size=1, max_size=4), st.floats(1e-3, 0.2))
def test_a_budget_is_spent_to_the_last_basis_point(items: list[Diffusion], budget: float) -> None:
    wanted = replace(policy(TrackingBudget(Decimal(repr(budget)))), assumed_volatility=Decimal(0))
    found = bands(items, wanted, Decimal(100_000))
    error = math.sqrt(sum(float(band.tracking_error) ** 2 for band in found))
    default = bands(items, replace(wanted, band=RiskAversion(Decimal(50))), Decimal(100_000))
    most = math.sqrt(sum(float(band.tracking_error) ** 2 for band in default))
    assert error == pytest.approx(min(budget, most), rel=1e-6)


@given(st.lists(diffusions, min_size=1, max_size=4), st.floats(1e-3, 0.2), st.floats(0, 2))
def test_no_budget_leads_to_a_wider_band_than_the_default(items: list[Diffusion], budget: float, calm: float) -> None:
    wanted = replace(policy(TrackingBudget(Decimal(repr(budget)))), assumed_volatility=Decimal(repr(calm)))
    found = bands(items, wanted, Decimal(100_000))
    default = bands(items, replace(wanted, band=RiskAversion(Decimal(50))), Decimal(100_000))
    assert all(one.outer <= other.outer * (1 + Decimal("1e-9")) for one, other in zip(found, default, strict=True))


def test_a_budget_does_not_trust_a_calm() -> None:
    wanted = policy(TrackingBudget(Decimal("0.002")))
    calm, crash = (replace(V2, volatility=volatility) for volatility in (0.05, 0.7))
    (one,), (other,) = (bands([item], wanted, Decimal(100_000)) for item in (calm, crash))
    assert one.outer == other.outer
    (shaken,) = bands([replace(V2, volatility=1.4)], wanted, Decimal(100_000))
    assert float(shaken.outer) == pytest.approx(float(other.outer) / 2, rel=1e-6)


@given(diffusions, risk_prices, st.floats(0.01, 1))
def test_no_other_band_is_better_where_trades_have_a_least_share(
    item: Diffusion, risk_price: float, least: float
) -> None:
    bound = replace(item, least=least)
    outer, inner = optimum(bound, risk_price)
    best = objective(item, risk_price, outer, inner)
    assert outer - inner >= least * (outer + inner) * (1 - 1e-9)
    for wider in (0.25, 0.5, 0.8, 0.95, 0.99, 1.0, 1.01, 1.05, 1.25, 2, 4):
        for share in (0.0, 0.2, 0.5, 0.8, 0.9, 0.99, 0.999, 1.0):
            other, back = outer * wider, outer * wider * share
            if other - back >= least * (other + back):
                assert objective(item, risk_price, other, back) >= best * (1 - 1e-9)


def test_a_least_trade_of_a_tenth_costs_little() -> None:
    free, bound = (optimum(replace(V2, least=least), 50 / V) for least in (0.0, 0.1))
    assert objective(V2, 50 / V, *bound) / objective(V2, 50 / V, *free) - 1 == pytest.approx(0.0033, abs=0.0005)


@given(diffusions, risk_prices, st.floats(1e-3, 2))
def test_a_band_is_never_wider_than_half_of_what_its_range_can_change_by(
    item: Diffusion, risk_price: float, share: float
) -> None:
    free, _ = optimum(item, risk_price)
    half = share * free
    outer, inner = optimum(replace(item, free=0.0, ranges=((1.0, half),)), risk_price)
    assert outer == pytest.approx(min(free, half), rel=1e-9)
    assert 0 <= inner <= outer


def test_a_tiny_position_in_a_narrow_range_widens_no_others_band() -> None:
    """100 ETH in a full range, and beside it a position of +-1 tick with ten times its slope."""
    alone = optimum(V2, 50 / V)[0]
    beside = replace(V2, slope=11 * V2.slope, free=math.cbrt(1 / 11) ** 2, ranges=((math.cbrt(10 / 11) ** 2, 0.05),))
    assert optimum(replace(beside, free=1.0, ranges=()), 50 / V)[0] > 4.9 * alone
    assert optimum(beside, 50 / V)[0] == pytest.approx(alone + 0.05, rel=1e-9)


def test_what_one_step_of_the_price_may_lead_through_is_hedged_by_half() -> None:
    (band,) = bands([replace(V2, target=2.0, slope=0.0, near=1.0)], policy(), Decimal(100_000))
    assert (band.outer, band.inner) == (Decimal("1.04"), Decimal(1))


def test_a_budget_that_lots_do_not_allow_ends_at_one_lot() -> None:
    (band,) = bands([replace(V2, step=Decimal(1))], policy(TrackingBudget(Decimal("0.0001"))), Decimal(100_000))
    assert float(band.outer) == pytest.approx(1, rel=1e-6)
    assert float(band.inner) == pytest.approx(0, abs=1e-6)


def test_a_fixed_width_is_a_share_of_the_target_and_trades_one_step_back() -> None:
    (band,) = bands([replace(V2, step=Decimal("0.1"))], policy(FixedWidth(Decimal("0.04"))), Decimal(100_000))
    assert (band.outer, band.inner) == (Decimal(1), Decimal("0.9"))
    (tight,) = bands([replace(V2, step=Decimal(3))], policy(FixedWidth(Decimal("0.04"))), Decimal(100_000))
    assert (tight.outer, tight.inner) == (Decimal(3), Decimal(0))


@pytest.mark.parametrize("kind", [RiskAversion(Decimal(50)), TrackingBudget(Decimal("0.01"))])
def test_out_of_range_the_floor_width_stands_in_and_trades_back_to_the_target(
    kind: RiskAversion | TrackingBudget,
) -> None:
    (band,) = bands([replace(V2, slope=0.0)], policy(kind), Decimal(100_000))
    assert (band.outer, band.inner, band.cost) == (Decimal("0.5"), Decimal(0), Decimal(0))


def test_nothing_to_hedge_has_no_band() -> None:
    (band,) = bands([replace(V2, target=0.0)], policy(), Decimal(0))
    assert (band.outer, band.inner) == (Decimal(0), Decimal(0))


@given(diffusions, risk_prices, st.decimals("0.001", "10", places=3))
def test_a_band_leaves_room_for_the_smallest_trade_exactly(item: Diffusion, risk_price: float, step: Decimal) -> None:
    (band,) = bands([replace(item, step=step)], policy(RiskAversion(Decimal(repr(risk_price * 1000)))), Decimal(1000))
    assert band.outer - band.inner >= step or (band.outer >= step and band.inner == 0)


@pytest.mark.parametrize("stride", [0.03, 0.1, 0.3, 0.6, 1.0, 2.0, 4.0])
def test_a_drift_that_is_looked_at_now_and_then_leaves_and_costs_what_a_simulation_does(stride: float) -> None:
    years = 1 / (365 * 1440)
    item = replace(V2, slope=stride / (V2.volatility * math.sqrt(years)), interval=years)
    draw, drift = np.random.default_rng(7), np.zeros(20_000)
    squares, traded, looks = 0.0, 0.0, 0
    settled = round(4 / stride**2) + 20  # looks; what is left of the start halves every 0.14 / stride**2
    for look in range(settled + 60):
        if look >= settled:
            squares, looks = squares + float(np.square(drift).mean()), looks + 1
        drift = drift + draw.normal(0, stride, len(drift))
        back = np.clip(drift, -1, 1)
        if look >= settled:
            traded += float(np.abs(drift - back).mean())
        drift = back
    left = math.sqrt(item.tracking_variance(1.0, 1.0)) / (item.volatility * item.price)
    assert left == pytest.approx(math.sqrt(squares / looks), rel=0.035)
    cost = item.yearly_cost(1.0, 1.0) / (item.cost * item.price)
    assert cost == pytest.approx(traded / looks / years, rel=0.02)


def test_a_budget_counts_how_seldom_the_drift_is_looked_at() -> None:
    wanted = replace(policy(), band=TrackingBudget(Decimal("0.004")))
    seldom = replace(V2, interval=60 / (365 * 86_400), slope=20 * V2.slope)
    often = replace(seldom, interval=0.0)
    (one,), (other,) = (bands([item], wanted, Decimal(100_000)) for item in (seldom, often))
    assert float(one.tracking_error) == pytest.approx(0.004, rel=1e-6)
    assert float(other.tracking_error) == pytest.approx(0.004, rel=1e-6)
    stride = seldom.slope * seldom.volatility * math.sqrt(seldom.interval)
    expected = math.sqrt(float(other.outer) ** 2 + 0.75 * stride**2) - 0.5826 * stride
    assert float(one.outer) == pytest.approx(expected, rel=1e-6)
