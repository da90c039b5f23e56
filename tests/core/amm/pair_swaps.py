"""Swaps on a constant-product pair with the 0.3% fee, for tests that trade on one."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import isqrt

from bot.core.amm.decimal_context import require_price


def amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """Return what a swap of ``amount_in`` pays after the 0.3% fee (UniswapV2Library.getAmountOut).

    Raises:
        ValueError: an amount or a reserve is not above 0.
    """
    if amount_in <= 0 or reserve_in <= 0 or reserve_out <= 0:
        raise ValueError(f"a swap needs amounts above 0, not {amount_in} into reserves {reserve_in} and {reserve_out}")
    after_fee = amount_in * 997
    return after_fee * reserve_out // (reserve_in * 1000 + after_fee)


def input_to_price(reserve0: int, reserve1: int, target: Decimal) -> tuple[int, int]:
    """Return the swap that moves a pair to a price: the token0 and the token1 to put in, at least one of them 0.

    It is the largest input, 0.3% fee included, that does not pass ``target`` (raw token1 per raw token0). With reserves
    R in and S out, input a and p the target as "in" per "out", (R + a)(1000 R + 997 a) = 1000 p R S gives
    a = (sqrt(9 R^2 + 3988000 p R S) - 1997 R) / 1994.

    Raises:
        ValueError: a reserve or the price is not above 0.
    """
    require_price(target)
    if reserve0 <= 0 or reserve1 <= 0:
        raise ValueError(f"reserves must be above 0, not {reserve0} and {reserve1}")
    price = Fraction(target)
    return _input_to(reserve0, reserve1, 1 / price), _input_to(reserve1, reserve0, price)


def _input_to(reserve_in: int, reserve_out: int, target: Fraction) -> int:
    discriminant = 9 * reserve_in**2 + int(3_988_000 * target * reserve_in * reserve_out)
    return max(0, (isqrt(discriminant) - 1997 * reserve_in) // 1994)
