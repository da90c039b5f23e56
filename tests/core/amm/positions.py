"""Positions for tests that care for a few of their fields."""

from __future__ import annotations

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.tick_math import tick_at_sqrt_ratio


def at(liquidity: int, lower: int, upper: int, root: int, tick: int | None = None) -> ConcentratedPosition:
    """A V3 position where no fee was ever earned, in a pool at a square-root price (and its tick, if not given)."""
    return ConcentratedPosition(
        liquidity=liquidity,
        tick_lower=lower,
        tick_upper=upper,
        sqrt_price_x96=root,
        tick=tick_at_sqrt_ratio(root) if tick is None else tick,
        fee_growth_global0_x128=0,
        fee_growth_global1_x128=0,
        fee_growth_outside_lower0_x128=0,
        fee_growth_outside_lower1_x128=0,
        fee_growth_outside_upper0_x128=0,
        fee_growth_outside_upper1_x128=0,
        fee_growth_inside_last0_x128=0,
        fee_growth_inside_last1_x128=0,
        tokens_owed0=0,
        tokens_owed1=0,
    )
