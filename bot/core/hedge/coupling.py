"""How the bands of several underlyings depend on each other, since their errors move together. Floats only.

Each drift is kept in a band of its own, of half-width b (USD), and moves with a yearly deviation s (USD). With c the
cost of trading, as a fraction, and sigma the volatilities, a year costs

    sum c s^2/(2 b) + lambda/6 x (sum sigma^2 b^2 + 2 x sum over pairs of rho sigma sigma' b b' k),

where rho is the correlation of two prices and k that of two drifts inside their bands. Drifts that move with a
correlation r keep less than that, the less the more their bands differ, each measured by what moves its drift; the fit
of k is to simulated walks, true to 0.03. Widths that minimise the sum need no rule that trades two legs together: one
pool of two volatile tokens moves both drifts at once, so its two bands come out alike, and both legs reach their edges
in the same moment, whatever the correlation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SWEEPS: Final = 12
_SECTIONS: Final = 24
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_REACH: Final = 2.0
"""How far ln(b) is searched on both sides of the width that a drift alone would have."""
_CLOSE: Final = 1e-3
_DIGITS: Final = 2

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Leg:
    """One drift: the USD deviation with which it moves, its price's volatility, and the cost of trading."""

    deviation: float
    volatility: float
    cost: float

    @property
    def alone(self) -> float:
        """The width, up to a factor that all legs share, of the band that it would have alone."""
        return math.cbrt(1.5 * self.cost * (self.deviation / self.volatility) ** 2)


def together(r: float, ratio: float) -> float:
    """Return the correlation of two drifts inside their bands.

    Args:
        r: the correlation with which they move.
        ratio: of their bands, each measured by what moves its drift.
    """
    q = min(ratio, 1 / ratio)
    return r * (0.86 + 0.14 * r**4) * (1 - 0.95 * (1 - q) ** 2)


def factors(legs: Sequence[Leg], prices: Matrix, drifts: Matrix) -> tuple[float, ...]:
    """Return how many times as wide as alone the band of each leg is best.

    Only proportions count, and they are rounded to a hundredth, so that the answer is kept from cycle to cycle.

    Args:
        legs: the drifts; each moves.
        prices: the correlations of the prices.
        drifts: the correlations with which the drifts move.
    """
    first = legs[0]
    proportions = tuple(
        (
            round(math.log(leg.deviation / first.deviation), _DIGITS),
            round(math.log(leg.volatility / first.volatility), _DIGITS),
            round(math.log(leg.cost / first.cost), _DIGITS),
        )
        for leg in legs
    )
    return _factors(proportions, _rounded(prices), _rounded(drifts))


def _rounded(matrix: Matrix) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(one, _DIGITS) for one in row) for row in matrix)


@lru_cache(maxsize=1 << 10)
def _factors(
    proportions: tuple[tuple[float, float, float], ...],
    prices: tuple[tuple[float, ...], ...],
    drifts: tuple[tuple[float, ...], ...],
) -> tuple[float, ...]:
    """Coordinate descent: the best width of each leg given the others', then the best common scale."""
    legs = [Leg(*map(math.exp, one)) for one in proportions]
    alone = [leg.alone for leg in legs]
    widths = list(alone)
    for _ in range(_SWEEPS):
        before = tuple(widths)
        for place, leg in enumerate(legs):
            others = [at for at in range(len(legs)) if at != place]
            pulls = [(prices[place][at] * legs[at].volatility * widths[at], drifts[place][at]) for at in others]
            paces = [widths[at] / legs[at].deviation for at in others]
            widths[place] = _best(leg, alone[place], pulls, paces)
        scale = _scale(legs, widths, prices, drifts)
        widths = [scale * width for width in widths]
        if all(math.isclose(one, other, rel_tol=_CLOSE) for one, other in zip(before, widths, strict=True)):
            break
    return tuple(width / one for width, one in zip(widths, alone, strict=True))


def _scale(legs: Sequence[Leg], widths: Sequence[float], prices: Matrix, drifts: Matrix) -> float:
    """Return the factor t by which all widths are best multiplied: of C/t + Q t^2 it is (C/(2 Q))^(1/3)."""
    cost = sum(leg.cost * leg.deviation**2 / (2 * width) for leg, width in zip(legs, widths, strict=True))
    errors = [leg.volatility * width for leg, width in zip(legs, widths, strict=True)]
    paces = [width / leg.deviation for leg, width in zip(legs, widths, strict=True)]
    variance = 0.0
    for one, error in enumerate(errors):
        variance += error**2
        for other in range(one):
            kept = together(drifts[one][other], paces[one] / paces[other])
            variance += 2 * prices[one][other] * error * errors[other] * kept
    return math.cbrt(3 * cost / variance)


def _best(leg: Leg, alone: float, pulls: Sequence[tuple[float, float]], paces: Sequence[float]) -> float:
    """Return the width that costs least, by golden section around the one that the drift alone would have."""

    def objective(log: float) -> float:
        width = alone * math.exp(log)
        pace = width / leg.deviation
        pulled = sum(pull * together(r, pace / other) for (pull, r), other in zip(pulls, paces, strict=True))
        error = leg.volatility * width
        return leg.cost * leg.deviation**2 / (2 * width) + error * (error + 2 * pulled) / 6

    low, high = -_REACH, _REACH
    for _ in range(_SECTIONS):
        third = _GOLDEN * (high - low)
        if objective(high - third) < objective(low + third):
            high = low + third
        else:
            low = high - third
    return alone * math.exp((low + high) / 2)
