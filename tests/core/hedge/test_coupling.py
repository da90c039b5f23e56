"""What several drifts have to do with each other: one factor where there is one, nothing where there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hedge.coupling import Leg, couplings

LEGS = st.builds(Leg, st.floats(0.2, 5), st.floats(0.5, 2), st.floats(1e-4, 1e-2))
CORRELATIONS = st.floats(-0.95, 0.95)


def matrix(entry: float) -> list[list[float]]:
    return [[1.0, entry], [entry, 1.0]]


@given(st.floats(0, 0.95), st.floats(0.3, 2), st.floats(1e-4, 1e-2), st.floats(0.5, 2))
def test_one_pool_of_two_alike_tokens_has_the_band_of_its_one_factor(
    rho: float, sigma: float, cost: float, times: float
) -> None:
    """b^3 = (3/2)(c + c') g^2/lambda for both drifts; where prices move apart, unlike costs matter little."""
    other = cost if rho < 0.6 else cost * times
    deviation = sigma * math.sqrt(2 - 2 * rho)  # g = 1
    legs = [Leg(deviation, sigma, cost), Leg(deviation, sigma, other)]
    for leg, one in zip(legs, couplings(legs, matrix(rho), matrix(-1)), strict=True):
        moved = deviation * one.deviation / sigma
        outer = math.cbrt(1.5 * leg.cost * moved**2) * one.width
        edge = outer / (1 - sum(one.leans))  # the drifts are D and -D
        assert edge == pytest.approx(math.cbrt(1.5 * (cost + other)), rel=0.015)


@given(LEGS, LEGS)
def test_what_moves_apart_has_the_bands_that_it_has_alone(one: Leg, other: Leg) -> None:
    for found in couplings([one, other], matrix(0), matrix(0)):
        assert max(map(abs, found.leans)) == 0
        assert (found.deviation, found.width) == pytest.approx((1, 1))


@given(LEGS, LEGS, CORRELATIONS, CORRELATIONS)
def test_a_price_told_upside_down_changes_signs_alone(one: Leg, other: Leg, rho: float, r: float) -> None:
    plain, turned = (couplings([one, other], matrix(side * rho), matrix(side * r)) for side in (1, -1))
    for found, mirrored in zip(plain, turned, strict=True):
        assert mirrored.leans == pytest.approx([-lean for lean in found.leans])
        assert (mirrored.deviation, mirrored.width) == pytest.approx((found.deviation, found.width))


@given(LEGS, LEGS, CORRELATIONS, CORRELATIONS)
def test_bands_lean_so_that_both_edges_stay_apart(one: Leg, other: Leg, rho: float, r: float) -> None:
    """Trades at both edges at once come to an end: the product of both leans is below 1; each band has a width."""
    first, second = couplings([one, other], matrix(rho), matrix(r))
    assert abs(first.leans[1] * second.leans[0]) <= rho**2 / 2 + 1e-9
    assert min(first.deviation * first.width, second.deviation * second.width) > 0


def test_the_slower_one_is_leaned_on() -> None:
    """One that trades often barely moves before the other has come back: its band leans on the slow one, not back."""
    fast, slow = Leg(5.0, 0.8, 1e-4), Leg(0.5, 0.8, 1e-2)
    of_fast, of_slow = couplings([fast, slow], matrix(0.6), matrix(0))
    assert of_fast.leans[1] == pytest.approx(0.6, rel=0.01)
    assert of_slow.leans[0] < 0.05
