"""Between which widths a band lies while what it rests on stays within bounds: how long a decision to wait stands.

Every band is monotone in each number that it rests on, so the narrowest and the widest one stand at corners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.hedge.band import Diffusion, bands
from bot.core.policy import DEFAULT_AVERSION, Policy, RiskAversion, TrackingBudget

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest of each number of some diffusions of one underlying, and of the LP value (USD).

    ``least.ranges`` and ``greatest.ranges`` are of the same positions in the same order.
    """

    least: Diffusion
    greatest: Diffusion
    least_value: float
    greatest_value: float


def narrowest(bounds: Bounds, policy: Policy) -> float:
    """Return an outer edge, base units, that is not above that of any band within the bounds.

    With a given risk aversion b grows with slope, cost, step and value, and falls with the price. With a budget it is
    the error that is given: what makes it greater, volatility, price and stride, narrows the band.
    """
    least, greatest = bounds.least, bounds.greatest
    corners = [replace(least, price=greatest.price)]
    if isinstance(policy.band, TrackingBudget):
        corners.append(replace(greatest, step=least.step, ranges=least.ranges, free=least.free, near=least.near))
    value = Decimal(bounds.least_value)
    found = min(float(bands([corner], policy, value)[0].outer) for corner in corners)
    return found * (1 - _ROUNDING)


def widest(bounds: Bounds, policy: Policy) -> float:
    """Return an outer edge, base units, that is not below that of any band within the bounds."""
    if isinstance(policy.band, TrackingBudget):
        policy = replace(policy, band=RiskAversion(DEFAULT_AVERSION))
    corner = replace(bounds.greatest, price=bounds.least.price)
    return float(bands([corner], policy, Decimal(bounds.greatest_value))[0].outer) * (1 + _ROUNDING)
