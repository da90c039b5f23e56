"""Square-root prices of prices, for tests that set a pool up."""

from __future__ import annotations

from decimal import Decimal
from math import isqrt

from bot.core.amm.decimal_context import require_price


def sqrt_ratio_at_price(price: Decimal) -> int:
    """Return the square-root price, rounded down, of a price in raw token1 per raw token0.

    Raises:
        ValueError: the price is not above 0.
    """
    require_price(price)
    numerator, denominator = price.as_integer_ratio()
    return isqrt((numerator << 192) // denominator)
