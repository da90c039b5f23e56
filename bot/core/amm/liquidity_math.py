"""Liquidity against token amounts between two square-root prices of Uniswap V3, rounded down as the contracts do.

Square-root prices are Q64.96 integers above 0, in any order; amounts are raw token units.
"""

from __future__ import annotations

from typing import Final

_Q96: Final = 1 << 96
_U128_MAX: Final = (1 << 128) - 1


def amount0_delta(sqrt_a: int, sqrt_b: int, liquidity: int) -> int:
    """Return the token0 that ``liquidity`` holds between two prices (SqrtPriceMath.getAmount0Delta, rounding down)."""
    low, high = (sqrt_a, sqrt_b) if sqrt_a <= sqrt_b else (sqrt_b, sqrt_a)
    # The contract divides twice, rounding down twice; that always equals one division by the product.
    return (liquidity << 96) * (high - low) // (high * low)


def amount1_delta(sqrt_a: int, sqrt_b: int, liquidity: int) -> int:
    """Return the token1 that ``liquidity`` holds between two prices (SqrtPriceMath.getAmount1Delta, rounding down)."""
    return liquidity * abs(sqrt_b - sqrt_a) >> 96


def liquidity_for_amounts(sqrt_price: int, sqrt_a: int, sqrt_b: int, amount0: int, amount1: int) -> int:
    """Return the most liquidity that the amounts buy between two prices (LiquidityAmounts.getLiquidityForAmounts).

    Raises:
        ValueError: the range is empty, or what either amount buys does not fit the contract's 128 bits.
    """
    if sqrt_a == sqrt_b:
        raise ValueError("a position needs two different boundary prices")
    low, high = (sqrt_a, sqrt_b) if sqrt_a < sqrt_b else (sqrt_b, sqrt_a)
    if sqrt_price <= low:
        return _for_amount0(low, high, amount0)
    if sqrt_price < high:
        return min(_for_amount0(sqrt_price, high, amount0), _for_amount1(low, sqrt_price, amount1))
    return _for_amount1(low, high, amount1)


def _for_amount0(low: int, high: int, amount0: int) -> int:
    return _fitting(amount0 * (low * high // _Q96) // (high - low))


def _for_amount1(low: int, high: int, amount1: int) -> int:
    return _fitting(amount1 * _Q96 // (high - low))


def _fitting(liquidity: int) -> int:
    if liquidity > _U128_MAX:
        raise ValueError(f"liquidity {liquidity} does not fit the contract's 128 bits: less tokens or a wider range")
    return liquidity
