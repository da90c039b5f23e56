"""The edges (b, r) of a no-trade band, from what trading costs and what an error weighs. Floats only.

With A = b + r and B = b - r a year costs, up to a factor, gamma/A + alpha/(A B) + (A^2 + B^2)/2: gamma from the cost
of what is traded, alpha from that of each trade, the rest from the error (see ``bot.core.hedge.band``).
"""

from __future__ import annotations

import math
from typing import Final

_NEWTON_STEPS: Final = 50
_CLOSE: Final = 1e-14


def edges(gamma: float, alpha: float, step: float, least: float = 0.0) -> tuple[float, float]:
    """Return the (b, r) that minimises it under B >= step, B >= least x A, r >= 0.

    Free, A B^3 = alpha and A (A^2 - B^2) = gamma; B = alpha^(1/4)/z turns the two into z^9 - z = gamma/alpha^(3/4),
    z >= 1. The problem is convex in (ln A, ln B), so where that B is too small it is at its bound: with B = least x A
    the optimum has (1 + least^2) A^4 = gamma A + 2 alpha/least, with B = step A^3 = gamma + alpha/step; below A = B
    (r = 0) both are the step.

    Args:
        gamma: of the cost in proportion to what is traded.
        alpha: of the cost of each trade.
        step: the smallest trade.
        least: the smallest trade as a share of A, 0 to 1.
    """
    root = alpha**0.25
    if root > 0:
        z = _nonic(gamma / root**3)
        gap, total = root / z, root * z**3
    else:
        gap, total = 0.0, math.cbrt(gamma)
    if gap < least * total:
        total = _quartic(1 + least**2, gamma, 2 * alpha / least)
        gap = least * total
    if gap < step:
        gap, total = step, max(math.cbrt(gamma + alpha / step), step)
    return (total + gap) / 2, (total - gap) / 2


def _nonic(right: float) -> float:
    """Solve z^9 - z = right for z >= 1 by Newton's steps, which fall onto the root once they are above it."""
    z = math.exp(math.log1p(right) / 9)
    for _ in range(_NEWTON_STEPS):
        better = z - (z**9 - z - right) / (9 * z**8 - 1)
        if math.isclose(better, z, rel_tol=_CLOSE):
            break
        z = better
    return z


def _quartic(lead: float, slope: float, rest: float) -> float:
    """Solve lead x^4 = slope x + rest for x > 0 by Newton's steps from above, where they only fall."""
    x = math.cbrt(slope / lead) + (rest / lead) ** 0.25
    for _ in range(_NEWTON_STEPS):
        better = x - (lead * x * x * x * x - slope * x - rest) / (4 * lead * x * x * x - slope)
        if math.isclose(better, x, rel_tol=_CLOSE):
            break
        x = better
    return float(x)
