"""Margin of linear (USD-settled) perpetuals: tiers and maintenance margin. Notionals and margins in USD."""

from __future__ import annotations

from decimal import Decimal

from bot.core.market import MarginTier
from bot.core.types import ZERO


def tier_for(tiers: tuple[MarginTier, ...], notional: Decimal) -> MarginTier:
    """Give the tier of a notional (>= 0): floor < notional <= cap, the last tier above all caps.

    Raises:
        ValueError: the market has no tiers.
    """
    if not tiers:
        raise ValueError("a margin table needs at least one tier")
    return next((tier for tier in tiers if notional <= tier.notional_cap), tiers[-1])


def maintenance_margin(tiers: tuple[MarginTier, ...], notional: Decimal) -> Decimal:
    """Give notional x rate - maintenance amount of the notional's tier (Binance's and Bitget's USDT-M formula)."""
    if notional == 0:
        return ZERO
    tier = tier_for(tiers, notional)
    return notional * tier.maintenance_rate - tier.maintenance_amount


def max_notional(tiers: tuple[MarginTier, ...], leverage: Decimal) -> Decimal:
    """Give the largest position that the venue allows at a leverage, USD; 0 where it allows none."""
    return max((tier.notional_cap for tier in tiers if tier.max_leverage >= leverage), default=ZERO)
