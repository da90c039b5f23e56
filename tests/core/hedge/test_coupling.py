"""Widths of several bands: the least of their sum, one factor where there is one, and drifts inside their bands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hedge.coupling import Leg, factors, together


@pytest.mark.parametrize(("r", "ratio"), [(0.3, 1.0), (-0.8, 1.0), (1.0, 1.0), (0.6, 0.6), (-1.0, 0.4)])
def test_drifts_in_their_bands_go_together_as_simulated_walks_do(r: float, ratio: float) -> None:
    rng, step, walks = np.random.default_rng(3), 0.1 * ratio, 600
    first, second, sums = np.zeros(walks), np.zeros(walks), np.zeros(3)
    for look in range(round(12 / step**2)):
        one = rng.standard_normal(walks)
        other = r * one + math.sqrt(1 - r * r) * rng.standard_normal(walks)
        first, second = np.clip(first + step * one, -ratio, ratio), np.clip(second + step * other, -1, 1)
        if look * step**2 > 3:
            sums += [
                float((left * right).mean()) for left, right in ((first, second), (first, first), (second, second))
            ]
    assert together(r, ratio) == pytest.approx(sums[0] / math.sqrt(sums[1] * sums[2]), abs=0.04)
    assert together(r, 1 / ratio) == together(r, ratio)


@given(st.floats(0, 0.95), st.floats(0.3, 2), st.floats(1e-4, 1e-2))
def test_one_pool_of_two_tokens_has_one_width_whatever_the_correlation(rho: float, sigma: float, cost: float) -> None:
    """b^3 = (3/2)(c + c') g^2/lambda, the Whalley-Wilmott band of the one factor."""
    deviation = sigma * math.sqrt(2 - 2 * round(rho, 2))  # g = 1
    legs = [Leg(deviation, sigma, cost)] * 2
    found = factors(legs, [[1, round(rho, 2)], [round(rho, 2), 1]], [[1, -1], [-1, 1]])
    for leg, factor in zip(legs, found, strict=True):
        assert leg.alone * factor == pytest.approx(math.cbrt(1.5 * 2 * cost), rel=0.01)


def test_what_does_not_move_together_stays_as_it_is_alone() -> None:
    legs = [Leg(1.0, 0.8, 5e-4), Leg(3.0, 0.5, 1e-3)]
    assert factors(legs, [[1, 0], [0, 1]], [[1, 0], [0, 1]]) == pytest.approx([1, 1], rel=1e-3)


@given(st.floats(0.2, 5), st.floats(0.5, 2), st.floats(0.3, 3), st.floats(-0.9, 0.9), st.floats(-0.95, 0.95))
def test_no_other_widths_are_better(deviation: float, volatility: float, cost: float, rho: float, r: float) -> None:
    rho, r = round(rho, 2), round(r, 2)
    legs = [Leg(1.0, 1.0, 1.0), Leg(*(math.exp(round(math.log(x), 2)) for x in (deviation, volatility, cost)))]

    def objective(one: float, other: float) -> float:
        errors = [leg.volatility * width for leg, width in zip(legs, (one, other), strict=True)]
        kept = together(r, one / legs[0].deviation / (other / legs[1].deviation))
        return (
            legs[0].cost * legs[0].deviation ** 2 / (2 * one)
            + legs[1].cost * legs[1].deviation ** 2 / (2 * other)
            + (errors[0] ** 2 + errors[1] ** 2 + 2 * rho * errors[0] * errors[1] * kept) / 6
        )

    found = factors(legs, [[1, rho], [rho, 1]], [[1, r], [r, 1]])
    one, other = (leg.alone * factor for leg, factor in zip(legs, found, strict=True))
    best = objective(one, other)
    for first in (0.7, 0.9, 1.0, 1.1, 1.4):
        for second in (0.7, 0.9, 1.0, 1.1, 1.4):
            assert objective(one * first, other * second) >= best * 0.999
