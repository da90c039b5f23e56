"""Pool prices: raw pool state mapped to units of the underlyings."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final

from bot.core.amm.decimal_context import PRECISE, from_x96
from bot.core.snapshot import PoolPrice, Token
from bot.core.types import PoolId

ONE_PERCENT: Final = Decimal("1.01").sqrt(PRECISE) - 1
"""A price that moves by 1% moves its square root, which token1's amount is proportional to, by this much."""


def price_of_reserves(pool: PoolId, token0: Token, token1: Token, reserves: tuple[int, int]) -> PoolPrice | None:
    """Price a pool with a constant product by its reserves; None where it has none."""
    if not all(reserves):
        return None
    with localcontext(PRECISE):
        return price_of_raw(pool, token0, token1, Decimal(reserves[1]) / reserves[0], reserves[1] * ONE_PERCENT)


def price_of_root(pool: PoolId, token0: Token, token1: Token, sqrt_price_x96: int, liquidity: int) -> PoolPrice | None:
    """Price a concentrated pool by the root of its price, X96; None where it is not initialised."""
    if sqrt_price_x96 == 0:
        return None
    with localcontext(PRECISE):
        root = from_x96(sqrt_price_x96)
        return price_of_raw(pool, token0, token1, root**2, liquidity * root * ONE_PERCENT)


def price_of_raw(pool: PoolId, token0: Token, token1: Token, raw: Decimal, depth: Decimal) -> PoolPrice:
    """Price a pool by raw token1 per raw token0, and the raw token1 that a move by 1% trades."""
    whole = raw.scaleb(token0.decimals - token1.decimals)
    return PoolPrice(
        pool=pool,
        underlying0=token0.underlying,
        underlying1=token1.underlying,
        price=whole * token1.rate / token0.rate,
        depth=token1.to_units(depth),
    )
