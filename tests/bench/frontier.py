"""How near the band comes to the theoretical optimum: eta = cost x tracking error / K on simulated paths of a V2 pool.

eta = 1 is the best that any policy can do without fixed costs; trading back to the centre of the same band scores 1.42.
K/V^2 = c sigma^3/(16 sqrt 12) for V2. The band is the decision's own; steps are a minute, which costs about 1%.
"""

from __future__ import annotations

import math
import random
from decimal import Decimal

from bot.core.band import Diffusion, optimum

_SIGMA = 0.8
_COST = 5e-4
_AVERSION = 50.0
_STEPS_A_YEAR = 525_600


def _band() -> float:
    """Give b/x of a V2 position, the same at every size and price."""
    value, price = 1.0, 1.0
    amount = value / 2 / price
    diffusion = Diffusion(amount, amount / 2, _SIGMA, price, _COST, 0.0, Decimal(0))
    outer, _ = optimum(diffusion, _AVERSION / value)
    return outer / amount


def eta(*, is_centred: bool, years: int, seed: int = 1) -> float:
    """Run one policy: trade at the edge back to the edge (or to the centre), and score it."""
    rng = random.Random(seed)
    width = _band()
    root = _SIGMA / math.sqrt(_STEPS_A_YEAR)
    cost = error = 0.0
    half, drift = 0.5, 0.0  # the volatile half of V = 1, and the drift's worth; both scale with the pool
    steps = years * _STEPS_A_YEAR
    for _ in range(steps):
        move = root * rng.gauss(0, 1)
        error += (drift * move) ** 2
        # x = L/sqrt(P): its worth, and the drift's, grow with the price; the pool sold half of the move
        growth = math.exp(move)
        drift = (drift + half * (math.exp(-move / 2) - 1)) * growth
        scale = math.exp(move / 2)
        drift /= scale  # measured against a pool that is always worth 1
        if abs(drift) > width * half:
            inner = 0.0 if is_centred else width * half
            cost += _COST * (abs(drift) - inner)
            drift = math.copysign(inner, drift)
    optimum_product = _COST * _SIGMA**3 / (16 * math.sqrt(12))
    return cost / years * math.sqrt(error / years) / optimum_product


def run() -> dict[str, float]:
    """Give eta of both policies; about 1.0 and 1.42."""
    return {"eta, edge": eta(is_centred=False, years=5), "eta, centre": eta(is_centred=True, years=5)}
