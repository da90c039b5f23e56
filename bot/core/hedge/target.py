"""Target: the short that an exposure asks for, how far the account is from it, and how fast that distance moves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.hedge.band import Diffusion
from bot.core.hedge.markets import HedgeMarkets, MarketState
from bot.core.hedge.volatility import YEAR, Volatility
from bot.core.lp.exposure import Exposure
from bot.core.policy import HedgePolicy, Policy
from bot.core.types import ZERO, Underlying

STRIDES: Final = 3
"""Deviations of the price between two observations within which it is taken to step."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class HedgeTarget:
    """One underlying's exposure, wanted position (``target`` <= 0, base units) and markets.

    ``assumed`` is what the venues that are silent for long are taken to hold at most (<= 0): what was last seen there;
    None where that is not known, or not to be relied on yet.

    Attributes:
        in_flight: what unresolved orders may still add to the position.
        drift: position + in flight - target: above 0 is under-hedged. None where a venue is unknown.
        drift_min: the smallest drift there can be: every unresolved sale and every stranger's one fills, no purchase
            does. None where unbounded.
        drift_max: the largest drift there can be: all our unresolved purchases fill, no sale does; unknown venues are
            not long. Strangers' purchases are left out: no reduction waits for them.
        lean: what ``target`` has of other underlyings' drifts (see ``bot.core.hedge.coupling``).
    """

    underlying: Underlying
    exposure: Exposure
    ratio: Decimal
    target: Decimal
    hedge_markets: HedgeMarkets
    in_flight: Decimal
    drift: Decimal | None
    drift_min: Decimal | None
    drift_max: Decimal
    assumed: Decimal | None = None
    lean: Decimal = ZERO

    def among(self, hedge_markets: HedgeMarkets) -> HedgeTarget:
        """Return the same target among other markets."""
        wanted = self.ratio, self.target
        found = _among(self.underlying, self.exposure, wanted, hedge_markets, self.assumed)
        return replace(found, lean=self.lean) if self.lean else found

    def leaning(self, middle: Decimal) -> HedgeTarget:
        """Return the target from which the drift is the present one less ``middle`` (base units)."""
        wanted = self.ratio, self.target + middle
        found = _among(self.underlying, self.exposure, wanted, self.hedge_markets, self.assumed)
        return replace(found, lean=self.lean + middle)

    @property
    def short_notional(self) -> Decimal:
        """The USD notional that is short, orders in flight included.

        A venue that can't be read is taken to hold what it was last seen with; where that is not to be relied on, what
        the policy lets it hold, at most what the target asks for.
        """
        idle, first = max(-self.hedge_markets.idle, ZERO), self.hedge_markets.first
        known = sum((market_state.short_notional for market_state in self.hedge_markets.open), ZERO)
        known += idle * first.worst_price if first else ZERO
        if not self.hedge_markets.unreachable:
            return known
        if self.assumed is not None and first:
            return known - self.assumed * first.worst_price
        dark = sum((market.max_notional for market in self.hedge_markets.unreachable), ZERO)
        return known + (min(dark, -self.target * first.worst_price) if first else dark)


@dataclass(frozen=True, slots=True)
class TargetModifiers:
    """What modifies every target: whether all is closed, and what share is kept (where funding is above its limit)."""

    is_closed: bool = False
    keep: Decimal = Decimal(1)


def hedge_target_of(
    underlying: Underlying,
    exposure: Exposure,
    hedge: HedgePolicy,
    hedge_markets: HedgeMarkets,
    modifiers: TargetModifiers,
    assumed: Decimal | None = None,
) -> HedgeTarget:
    """Return target = -(hedge ratio x share kept) x exposure, or 0 where everything is to be closed."""
    ratio = hedge.ratio * modifiers.keep
    target = ZERO if modifiers.is_closed else -ratio * exposure.amount
    return _among(underlying, exposure, (ratio, target), hedge_markets, assumed)


def _among(
    underlying: Underlying,
    exposure: Exposure,
    wanted: tuple[Decimal, Decimal],
    hedge_markets: HedgeMarkets,
    assumed: Decimal | None,
) -> HedgeTarget:
    ratio, target = wanted
    known, flight = hedge_markets.known_position, hedge_markets.selling + hedge_markets.buying
    is_known = hedge_markets.open and not hedge_markets.unreachable
    is_bounded = assumed is not None or not hedge_markets.unreachable
    sales = hedge_markets.selling + hedge_markets.stranger_sales
    return HedgeTarget(
        underlying,
        exposure,
        ratio,
        target,
        hedge_markets,
        in_flight=flight,
        drift=known + flight - target if is_known else None,
        drift_min=known + (assumed or ZERO) + sales - target if is_bounded else None,
        drift_max=known + hedge_markets.buying - target,
        assumed=assumed,
    )


def diffusion(item: HedgeTarget, market_state: MarketState, policy: Policy, volatilities: Volatility) -> Diffusion:
    """Return how the drift moves and what correcting it costs on the market that gives mark, fee and lot."""
    volatility, interval = volatilities.of(item.underlying), volatilities.history.spacing / YEAR
    free, ranges, near = _ranges(item, STRIDES * volatility * math.sqrt(interval))
    return Diffusion(
        target=float(-item.target),
        slope=float(item.ratio) * volatilities.slope(item.underlying, item.exposure.sensitivity),
        volatility=volatility,
        price=float(market_state.mark),
        cost=float(
            market_state.rules.taker_fee + max(market_state.ask - market_state.bid, ZERO) / (2 * market_state.mark)
        ),
        fixed_cost=float(policy.fixed_cost),
        step=market_state.smallest(market_state.limit_price(Decimal(-1), policy.guards.slippage)),
        interval=interval,
        least=float(policy.least_trade),
        free=free,
        ranges=ranges,
        near=near,
    )


def _ranges(item: HedgeTarget, stride: float) -> tuple[float, tuple[tuple[float, float], ...], float]:
    """Return ``free``, ``ranges`` and ``near`` of a Diffusion; ``stride`` is how far ln(price) may step between looks.

    A band goes as the slope to the power of 2/3, so that of a part is known from its share of the slope.
    """
    whole = left = abs(float(item.exposure.sensitivity.get(item.underlying, ZERO)))
    found, near, ratio = [], 0.0, float(item.ratio)
    for leg in item.exposure.ranges:
        half = (leg.span or 0.0) / 2 * ratio
        if leg.reach is not None:
            near += half if leg.reach <= stride else 0.0
        elif leg.sensitivity and whole:
            slope = abs(float(leg.sensitivity))
            left -= slope
            found.append((math.cbrt(slope / whole) ** 2, half))
    share = left / whole if whole else 0.0
    return (math.cbrt(share) ** 2 if share > _ROUNDING else 0.0), tuple(found), near
