"""Margin of linear (USD-settled) perpetuals: tiers, maintenance margin, bankruptcy and liquidation price.

Sizes are signed base units; ``cost`` is the signed USD that a position was opened for (size x average entry);
notionals, margins and collaterals are in USD, prices in USD per base unit.

maintenance = notional x rate - maintenance amount, tier by tier; some venues add the taker fee to every tier's rate,
here ``fee_rate``. The amounts make the table continuous. Sources: docs/venues.md, by venue.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from bot.core.market import MarginTier
from bot.core.types import ZERO


def tier_for(tiers: tuple[MarginTier, ...], notional: Decimal) -> MarginTier:
    """Return the tier of a notional (>= 0): floor < notional <= cap, the last tier above all caps.

    Raises:
        ValueError: the market has no tiers.
    """
    if not tiers:
        raise ValueError("a margin table needs at least one tier")
    return next((tier for tier in tiers if notional <= tier.notional_cap), tiers[-1])


def maintenance_margin(tiers: tuple[MarginTier, ...], notional: Decimal, fee_rate: Decimal = ZERO) -> Decimal:
    """Return notional x (rate + fee rate) - maintenance amount of the notional's tier."""
    if notional == 0:
        return ZERO
    tier = tier_for(tiers, notional)
    return notional * (tier.maintenance_rate + fee_rate) - tier.maintenance_amount


@lru_cache(maxsize=1 << 8)
def at_ratio(
    tiers: tuple[MarginTier, ...], fee_rate: Decimal, ratio: Decimal
) -> tuple[tuple[MarginTier, ...], Decimal]:
    """Return the table and fee rate at which liquidation is where maintenance margin / equity comes to ``ratio``."""
    scaled = (
        replace(
            tier,
            maintenance_rate=tier.maintenance_rate / ratio,
            maintenance_amount=tier.maintenance_amount / ratio,
        )
        for tier in tiers
    )
    return tuple(scaled), fee_rate / ratio


def max_notional(tiers: tuple[MarginTier, ...], leverage: Decimal) -> Decimal:
    """Return the largest position that the venue allows at a leverage; 0 where it allows none."""
    return max((tier.notional_cap for tier in tiers if tier.max_leverage >= leverage), default=ZERO)


def bankruptcy_price(size: Decimal, cost: Decimal, collateral: Decimal) -> Decimal:
    """Return the price at which a position has used its collateral up; not above 0 if a long can never."""
    return (cost - collateral) / size


def liquidation_price(
    tiers: tuple[MarginTier, ...], size: Decimal, cost: Decimal, collateral: Decimal, fee_rate: Decimal = ZERO
) -> Decimal | None:
    """Return the price at which collateral + size x price - cost falls to the maintenance margin at that price.

    ``collateral`` is the position's own wallet (isolated), or the cross wallet less the maintenance margins of the
    other cross positions, plus their unrealised profit (cross). The tier is the one at the liquidation price. Where a
    table jumps up between tiers, a short's price may be the jump. None: no price above 0 liquidates the position.
    """
    return (
        _short(tiers, size, collateral - cost, fee_rate)
        if size < 0
        else _long(tiers, size, cost - collateral, fee_rate)
    )


def _short(tiers: tuple[MarginTier, ...], size: Decimal, backing: Decimal, fee_rate: Decimal) -> Decimal | None:
    """Walk up: the first price at which what backs the short, backing - q x price, is the maintenance margin."""
    quantity = -size
    for tier in tiers:
        rate = tier.maintenance_rate + fee_rate
        price = max((backing + tier.maintenance_amount) / (quantity * (1 + rate)), tier.notional_floor / quantity)
        if price * quantity <= tier.notional_cap or tier is tiers[-1]:
            return price
    return None


def _long(tiers: tuple[MarginTier, ...], size: Decimal, owed: Decimal, fee_rate: Decimal) -> Decimal | None:
    """Walk down: the first price at which what a long is worth, q x price - owed, is the maintenance margin."""
    for tier in reversed(tiers):
        rate = tier.maintenance_rate + fee_rate
        price = (owed - tier.maintenance_amount) / (size * (1 - rate))
        if price > 0 and price * size > tier.notional_floor:
            return price
    return None
