"""The band (b, r): trade when |drift| > b, and then back to |drift| = r on the same side. Floats inside only.

The drift D diffuses with yearly volatility s = g sigma (base units; g = d(amount)/d(ln price) = |Gamma| P for one
volatile leg). A trade of q costs c P q + k. Restarted at r, D leaves (-b, b) after (b^2 - r^2)/s^2 years on average
(solve (s^2/2) T'' = -1), having gathered (b^4 - r^4)/(6 s^2) of D^2 (solve (s^2/2) W'' = -D^2). So with A = b + r and
B = b - r, a year costs s^2 (c P/A + k/(A B)), and the variance of the tracking error is sigma^2 P^2 (A^2 + B^2)/12. The
minimum of cost + lambda/2 x variance is where

    A B^3 = 12 k (g/P)^2/lambda    and    A (A^2 - B^2) = 12 c P (g/P)^2/lambda;

sigma cancels. k = 0 gives r = b = (3/2 c P (g/P)^2/lambda)^(1/3), Whalley and Wilmott's band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.decision import Band, BandBasis
from bot.core.hedge.edges import edges
from bot.core.policy import DEFAULT_AVERSION, FixedWidth, Policy, RiskAversion, TrackingBudget
from bot.core.types import ZERO

_DIGITS: Final = 12
"""Significant digits of a float that leaves: fewer than the last bits in which machines' libraries differ."""
_BUDGET_STEPS: Final = 150
_QUICK_STEPS: Final = 20
_LIMIT: Final = 1e30
_CLOSED: Final = Band(ZERO, ZERO, ZERO, ZERO, BandBasis.NOTHING)
OVERSHOOT: Final = 0.5826
"""-zeta(1/2)/sqrt(2 pi)."""


@dataclass(frozen=True, slots=True)
class Diffusion:
    """How one underlying's drift moves and what correcting it costs.

    Attributes:
        target: the short that the exposure asks for, base units, absolute.
        slope: g, the drift's volatility in units of the underlying's own: base units.
        volatility: sigma, yearly.
        price: P, USD.
        cost: c, cost of trading as a fraction of the notional.
        fixed_cost: k, USD per trade.
        step: the smallest trade that the venue takes, base units; the floor of b - r.
        least: the smallest trade that is worth an order, as a share of b + r.
        free: the band that the positions without a range would have by themselves, as a share of that of all.
        ranges: of each position with one that share, and half of what its amount changes by over its range, base units.
        coupling: how many times as wide the band is best beside those of the other underlyings.
        near: half of what the positions change by over theirs which price may step through at the next observations.
        interval: between two observations at the drift, years; 0: it is observed continuously.
    """

    target: float
    slope: float
    volatility: float
    price: float
    cost: float
    fixed_cost: float
    step: Decimal
    interval: float = 0.0
    least: float = 0.0
    free: float = 1.0
    ranges: tuple[tuple[float, float], ...] = ()
    near: float = 0.0
    coupling: float = 1.0

    @property
    def stride(self) -> float:
        """The deviation of the drift from one look to the next, s sqrt(interval), base units."""
        return self.slope * self.volatility * math.sqrt(self.interval)

    def tracking_variance(self, outer: float, inner: float) -> float:
        """Return the yearly variance of the tracking error, USD^2: (sigma P)^2 (b^2 + r^2)/6, for edges as they act.

        It is that of the drift that each observation leaves; what the drift moves until the next one comes on top.
        """
        beyond, back = self._as_they_act(outer, inner)
        left = (beyond**2 + back**2) / 6
        if stride := self.stride:
            left = max(left - stride**2 / 4, inner**2 * (1 - outer / (2 * stride)), outer**2 / 100)
        return (self.volatility * self.price) ** 2 * left

    def yearly_cost(self, outer: float, inner: float) -> float:
        """Return the USD that trading costs a year: s^2 (c P (b - r) + k)/(b^2 - r^2), for edges as they act."""
        per_trade = self.cost * self.price
        if outer > inner:
            per_trade += self.fixed_cost / (outer - inner)
        width = sum(self._as_they_act(outer, inner))
        return (self.slope * self.volatility) ** 2 * per_trade / width if width > 0 else 0.0

    def _as_they_act(self, outer: float, inner: float) -> tuple[float, float]:
        """Return the edges between which a drift that is observed continuously would do as this one does.

        An observation finds the drift beyond b by 0.5826 s sqrt(dt) on average (Broadie, Glasserman and Kou, 1997). A
        return to near b is to an edge that acts as far out. That, and what is left above, is fitted to simulations:
        near r = b the error is true to 3% for strides up to 4 b, and the cost to 1%.
        """
        stride = self.stride
        if stride == 0:
            return outer, inner
        found = OVERSHOOT * stride
        return outer + found, inner + found * math.exp(-1.6 * (outer - inner) / stride)


def optimum(diffusion: Diffusion, risk_price: float) -> tuple[float, float]:
    """Return the (b, r) that minimises yearly cost + risk_price/2 x tracking variance; b - r >= step, r >= 0.

    That is as if each amount went on as it does at the present price. A range ends, so b is at most the sum over the
    positions of what each would have by itself, or half of what it changes by over its range where that is less: a
    small position in a narrow range widens no other's band.
    """
    scale = 12 * (diffusion.slope / diffusion.price) ** 2 * diffusion.coupling**3 / risk_price
    gamma, alpha = scale * diffusion.cost * diffusion.price, scale * diffusion.fixed_cost
    outer, inner = edges(gamma, alpha, float(diffusion.step), diffusion.least)
    if not diffusion.ranges:
        return outer, inner
    most = outer * diffusion.free + sum(min(outer * share, half) for share, half in diffusion.ranges)
    return _within(most, outer, inner, float(diffusion.step))


def _within(most: float, outer: float, inner: float, step: float) -> tuple[float, float]:
    """Return a band no wider than ``most``, of the same shape, with room for the smallest trade."""
    if outer <= most:
        return outer, inner
    wide = max(most, step)
    return wide, max(min(inner * wide / outer, wide - step), 0.0)


def bands(diffusions: Sequence[Diffusion], policy: Policy, lp_value: Decimal) -> list[Band]:
    """Return each underlying's band under the policy; ``lp_value`` is the USD value of all LP positions."""
    total = float(lp_value)
    match policy.band:
        case RiskAversion(a):
            risk_price = float(a) / total if total > 0 else _LIMIT
            basis, setting = BandBasis.RISK_AVERSION, a
        case TrackingBudget(fraction):
            risk_price = _risk_price_of_budget(diffusions, float(fraction), policy, total)
            basis, setting = BandBasis.BUDGET, fraction
        case FixedWidth(fraction):
            risk_price = 0.0
            basis, setting = BandBasis.FIXED, fraction
    return [_band(item, policy, risk_price, total, (basis, setting)) for item in diffusions]


def _risk_price_of_budget(diffusions: Sequence[Diffusion], budget: float, policy: Policy, lp_value: float) -> float:
    """Return the lambda of a budget, a fraction of the LP value.

    Prices are taken to move at least as the policy assumes, and no budget leads to wider bands than the default risk
    aversion: a day's history of a calm does not know of the crash that ends it.
    """
    least = float(policy.assumed_volatility)
    cautious = [replace(item, volatility=max(item.volatility, least)) for item in diffusions]
    default = float(DEFAULT_AVERSION) / lp_value if lp_value > 0 else _LIMIT
    return max(risk_price_of(cautious, budget * lp_value), default)


def _band(
    diffusion: Diffusion, policy: Policy, risk_price: float, lp_value: float, given: tuple[BandBasis, Decimal]
) -> Band:
    step = float(diffusion.step)
    if diffusion.target == 0 and not diffusion.near:
        return _CLOSED
    if isinstance(policy.band, FixedWidth):
        outer = max(float(policy.band.fraction) * diffusion.target, step)
        inner = outer - step
    elif diffusion.slope == 0:
        outer, inner = max(float(policy.floor_width) * diffusion.target, step), 0.0
        given = BandBasis.FLOOR, policy.floor_width
    else:
        outer, inner = optimum(diffusion, risk_price)
    # the price may be through these ranges at the next observation, and back at the one after: half of them is hedged
    outer, inner = outer + diffusion.near, inner + diffusion.near
    error = math.sqrt(diffusion.tracking_variance(outer, inner)) / lp_value if lp_value > 0 else 0.0
    cost = diffusion.yearly_cost(outer, inner)
    wide = max(to_decimal(outer), diffusion.step)
    narrow = max(min(to_decimal(inner), wide - diffusion.step), ZERO)
    return Band(wide, narrow, to_decimal(error), to_decimal(cost), *given, to_decimal(diffusion.cost))


def risk_price_of(diffusions: Sequence[Diffusion], error: float) -> float:
    """Find the lambda at which the tracking errors of all underlyings, taken as independent, come to one (USD).

    The error falls about as lambda^(-1/3) (lambda^(-1/4) where fixed costs rule), so multiplying lambda by the cube of
    what is too much mostly converges; where that takes long the bracket of what was tried is halved. An error below
    what the smallest trades allow ends at bands of one smallest trade.
    """
    moving = [item for item in diffusions if item.slope > 0 and item.target > 0]
    if not moving or error <= 0:
        return _LIMIT
    risk_price, low, high = 1.0, 1 / _LIMIT, _LIMIT
    for step in range(_BUDGET_STEPS):
        found = math.sqrt(sum(item.tracking_variance(*optimum(item, risk_price)) for item in moving))
        if found == 0 or math.isclose(found, error, rel_tol=1e-9):
            break
        low, high = (risk_price, high) if found > error else (low, risk_price)
        guess = risk_price * (found / error) ** 3
        risk_price = guess if low < guess < high and step < _QUICK_STEPS else math.sqrt(low * high)
    return risk_price


def to_decimal(number: float) -> Decimal:
    """Take a float out of the estimators."""
    return Decimal(f"{number:.{_DIGITS}g}")
