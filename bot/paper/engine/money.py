"""Rounding of the paper exchange: cash in steps of 1e-8 USD, prices to the tick, quantities to the lot."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

QUANTUM: Final = Decimal("1e-8")
"""The smallest amount of cash, USD; every booked amount is a multiple, so sums of them are exact."""


def usd(amount: Decimal) -> Decimal:
    """Round an amount of cash to the quantum, half to even."""
    return amount.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether a value is a whole number of steps."""
    return value % step == 0


def price_down(price: Decimal, tick: Decimal) -> Decimal:
    """Round a price down to the tick."""
    return (price / tick).to_integral_value(ROUND_FLOOR) * tick


def price_up(price: Decimal, tick: Decimal) -> Decimal:
    """Round a price up to the tick."""
    return (price / tick).to_integral_value(ROUND_CEILING) * tick


def lots_down(quantity: Decimal, lot: Decimal) -> Decimal:
    """Cut a quantity towards zero to whole lots."""
    return (quantity / lot).to_integral_value(ROUND_DOWN) * lot
