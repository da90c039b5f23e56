"""How the bands of several underlyings depend on each other, since their errors move together. Floats only.

A year's error is lambda/2 x sum over i, j of rho_ij sigma_i sigma_j D_i D_j, for drifts D (USD) whose deviations are s
and whose moves' correlations are r. While D_j is open, i's part is least at D_i = -rho sigma_j/sigma_i D_j. So i's band
does not lie around 0 but leans on the others: it holds

    u_i = D_i + sum over j of k_ij D_j,    k_ij = rho sigma_j/sigma_i x T_j/sqrt(T_i^2 + T_j^2),

the more on those that come back slower, T = (width/s)^2 being the time in which a drift crosses its band. Its width is
Whalley and Wilmott's of u_i: b^3 = (3/2) c s_u^2/(lambda sigma^2).

Where one pool moves two drifts at once, against each other (r = -1), what trading one costs is paid for both, and each
is driven by the other's trades. With Q = |r|^5 (1 - (1 - |rho|)^4) where rho r < 0, else 0, costs go to their mean by Q
and the cube of the width is ((1 - rho/sqrt(2))/(1 - rho))^(2 Q x share) times as large, the share being T_i^2/(T_i^2 +
T_j^2). For one pool of two alike tokens that goes to the band of its one factor, b^3 = (3/2)(c + c') g^2/lambda.

Exponents are fitted to value iteration over both drifts; tests/frontier says how near the optimum the whole comes. The
errors of the u_i, taken as independent, come to the true one or more; for one such pool to 0.9 of it at least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LEAST: Final = 0.05
"""Least variance of a leaning drift, as a share of the drift's own: what the others' trades drive it by."""

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Leg:
    """One drift: the USD deviation with which it moves, its price's volatility, and the cost of trading."""

    deviation: float
    volatility: float
    cost: float

    def crossing(self, cost: float) -> float:
        """Return T, up to a factor that all legs share, at a cost of trading (USD per deviation)."""
        return math.cbrt(cost / (self.volatility * self.deviation) ** 2) ** 2

    @property
    def paid(self) -> float:
        """What trading a deviation costs, USD."""
        return self.cost * self.deviation


@dataclass(frozen=True, slots=True)
class Coupling:
    """What one leg's band has to do with the others.

    Attributes:
        leans: USD by which the band's middle falls for each USD of the others' drifts; 0 for its own.
        deviation: that of the leaning drift over the drift's own.
        width: how many times as wide the band is besides.
    """

    leans: tuple[float, ...]
    deviation: float
    width: float


def couplings(legs: Sequence[Leg], prices: Matrix, drifts: Matrix) -> tuple[Coupling, ...]:
    """Return the couplings of some legs; only proportions of what they are count.

    Args:
        legs: the drifts; each moves.
        prices: the correlations of the prices, none of them 1 or -1 but a leg's with itself.
        drifts: the correlations with which the drifts move.
    """
    return tuple(_coupling(place, legs, prices, drifts) for place in range(len(legs)))


def _coupling(place: int, legs: Sequence[Leg], prices: Matrix, drifts: Matrix) -> Coupling:
    leg, own = legs[place], legs[place].paid
    leans, cost, cube = [0.0] * len(legs), own, 1.0
    for at, other in enumerate(legs):
        rho, r = prices[place][at], drifts[place][at]
        if at == place:
            continue
        factor = abs(r) ** 5 * (1 - (1 - abs(rho)) ** 4) if rho * r < 0 else 0.0
        shared = factor * (other.paid - own) / 2
        mine, its = leg.crossing(own + shared), other.crossing(other.paid - shared)
        whole = math.hypot(mine, its)
        leans[at] = rho * other.volatility / leg.volatility * its / whole
        cost += shared
        cube *= ((1 - abs(rho) * math.sqrt(0.5)) / (1 - abs(rho))) ** (2 * factor * (mine / whole) ** 2)
    weights = [lean * other.deviation / leg.deviation for lean, other in zip(leans, legs, strict=True)]
    weights[place] = 1.0
    variance = sum(one * too * drifts[a][b] for a, one in enumerate(weights) for b, too in enumerate(weights))
    return Coupling(
        tuple(leans), math.sqrt(max(variance, _LEAST)), math.cbrt(max(cost, 0.0) / own * cube) if own else 1.0
    )
