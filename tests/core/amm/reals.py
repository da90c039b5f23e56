"""Formulas of the curves written down a second time, in exact fractions or many digits, for tests to compare with."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

Q96 = 2**96


def real_sqrt_ratio(tick: int) -> Decimal:
    """The square-root price that a tick stands for, times 2^96, unrounded."""
    with localcontext(Context(prec=80)):
        return (Decimal("1.0001") ** tick).sqrt() * Q96


def range_amounts(liquidity: int, root: int, low: int, high: int) -> tuple[Fraction, Fraction]:
    """Token amounts of a range by the white paper: L(1/sqrt P - 1/sqrt b) and L(sqrt P - sqrt a), P held in [a, b]."""
    inside = min(max(root, low), high)
    amount0 = liquidity * (Fraction(Q96, inside) - Fraction(Q96, high))
    return amount0, liquidity * Fraction(inside - low, Q96)
