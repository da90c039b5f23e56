"""Ticks and square-root prices of Uniswap V3, equal to its TickMath library bit by bit.

A tick t stands for the price 1.0001^t (raw token1 per raw token0); the contracts work with its square root as a
Q64.96 fixed-point number, here ``sqrt_ratio`` or ``sqrt_price_x96``.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Final

MIN_TICK: Final = -887272
MAX_TICK: Final = -MIN_TICK
MIN_SQRT_RATIO: Final = 4295128739
"""The square-root price at MIN_TICK; a pool's price may reach it."""
MAX_SQRT_RATIO: Final = 1461446703485210103287273052203988822378723970342
"""The square-root price at MAX_TICK; a pool's price stays below it."""

_TICKS: Final = range(MIN_TICK, MAX_TICK + 1)
_U256_MAX: Final = 2**256 - 1


def _powers() -> tuple[int, ...]:
    """Return 1.0001^(-2^i / 2) for the 20 bits of a tick, as the contract has them: Q128.128, rounded to nearest."""
    with localcontext(Context(prec=100)):
        power = Decimal("1.0001").sqrt()
        powers = []
        for _ in range(MAX_TICK.bit_length()):
            powers.append(int((2**128 / power).to_integral_value()))
            power *= power
        return tuple(powers)


_POWERS: Final = _powers()


@lru_cache(maxsize=1 << 14)
def sqrt_ratio_at_tick(tick: int) -> int:
    """Return the square-root price at a tick (TickMath.getSqrtRatioAtTick).

    Raises:
        ValueError: the tick is outside MIN_TICK..MAX_TICK.
    """
    if tick not in _TICKS:
        raise ValueError(f"tick {tick} is outside {MIN_TICK}..{MAX_TICK}")
    ratio = 1 << 128
    for bit, power in enumerate(_POWERS):
        if abs(tick) >> bit & 1:
            ratio = ratio * power >> 128
    if tick > 0:
        ratio = _U256_MAX // ratio
    return -(-ratio >> 32)


def tick_at_sqrt_ratio(sqrt_ratio: int) -> int:
    """Return the greatest tick whose square-root price is at most ``sqrt_ratio`` (TickMath.getTickAtSqrtRatio).

    Raises:
        ValueError: the price is outside MIN_SQRT_RATIO (included) to MAX_SQRT_RATIO (excluded).
    """
    _require_sqrt_ratio(sqrt_ratio)
    # A search through the uncached function: its twenty probes would only push useful ticks out of the cache.
    return _TICKS[bisect_right(_TICKS, sqrt_ratio, key=sqrt_ratio_at_tick.__wrapped__) - 1]


def nearest_usable_tick(tick: int, spacing: int) -> int:
    """Return the multiple of a pool's tick spacing nearest to ``tick`` (the upper one of two) within the tick range.

    Raises:
        ValueError: the tick is outside MIN_TICK..MAX_TICK, or the spacing is not above 0.
    """
    if tick not in _TICKS:
        raise ValueError(f"tick {tick} is outside {MIN_TICK}..{MAX_TICK}")
    if spacing <= 0:
        raise ValueError(f"a tick spacing must be above 0, not {spacing}")
    largest = MAX_TICK // spacing * spacing
    nearest = (2 * tick + spacing) // (2 * spacing) * spacing
    return max(-largest, min(nearest, largest))


def _require_sqrt_ratio(sqrt_ratio: int) -> None:
    if not MIN_SQRT_RATIO <= sqrt_ratio < MAX_SQRT_RATIO:
        raise ValueError(f"square-root price {sqrt_ratio} is outside {MIN_SQRT_RATIO}..{MAX_SQRT_RATIO - 1}")
