"""Real-number side of the curves: Decimals with digits to spare, whatever context the caller works in."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

PRECISE: Final = Context(prec=60)
"""Enough for a Q64.96 square-root price (49 digits) and its square's leading digits; use with ``localcontext``,
or by its own methods where that would cost more than the arithmetic."""

_Q96: Final = Decimal(2**96)


def from_x96(value_x96: int) -> Decimal:
    """Return a Q64.96 fixed-point number as a Decimal."""
    return PRECISE.divide(Decimal(value_x96), _Q96)


def require_price(price: Decimal) -> None:
    """Reject what is not a price.

    Raises:
        ValueError: the price is not a finite number above 0.
    """
    if not (price.is_finite() and price > 0):
        raise ValueError(f"a price must be finite and above 0, not {price}")
