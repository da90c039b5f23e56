"""What traders do to a pool: the arbitrage that ties it to the market, and the noise that pays its fees. Pure.

A pool with fee f, at price p, gives an arbitrageur nothing while the market m is within p(1-f) <= m <= p/(1-f).
Outside they trade until the pool's marginal price, fee included, is the market's: down to p = m/(1-f) or up to m(1-f).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Final

from bot.core.analysis.first_passage import paying_noise
from bot.demo.uniswap_v3 import sqrt_price_x96

V2_FEE: Final = Fraction(3, 1000)
_NOISE_SPREAD: Final = 0.6
"""Standard deviation of the log of a noise trade's size."""
_NOISE_TRADES: Final = 3
"""Most noise trades in a pool and block; one at least."""
_NOISE_SHARE: Final = 0.7
"""Of the volume that pays for LVR: the rest is the arbitrage that follows large noise trades, and pays the same fee."""


@dataclass(frozen=True, slots=True)
class PoolTrade:
    """An exact input, raw units: of token0 where ``zero_for_one``, else of token1."""

    amount_in: int
    zero_for_one: bool


@dataclass(frozen=True, slots=True)
class PriceMove:
    """A swap up to a price: ``limit`` is a sqrtPriceX96."""

    limit: int
    zero_for_one: bool


def raw_price(usd0: Decimal, decimals0: int, usd1: Decimal, decimals1: int) -> Fraction:
    """Return raw token1 per raw token0 from the tokens' USD prices."""
    return Fraction(usd0) / Fraction(usd1) * Fraction(10) ** (decimals1 - decimals0)


def raw_amount(usd: Decimal, price: Decimal, decimals: int) -> int:
    """Return the raw units that so many USD buy."""
    return int((usd / price).scaleb(decimals))


def band(market: Fraction, fee: Fraction) -> tuple[Fraction, Fraction]:
    """Return the pool prices between which no arbitrage pays."""
    return market * (1 - fee), market / (1 - fee)


def v2_arbitrage(reserve0: int, reserve1: int, market: Fraction) -> PoolTrade | None:
    """Return the input that earns an arbitrageur most on a V2 pair; None where none earns anything.

    With g = 1 - f, the marginal rate of an input dx of token0 is g x y / (x + g dx)²: equal to m at
    x + g dx = sqrt(g x y / m). For an input of token1 the same with the sides changed and 1/m.
    """
    low, high = band(market, V2_FEE)
    price = Fraction(reserve1, reserve0)
    if low <= price <= high:
        return None
    zero_for_one = price > high
    here, rate = (reserve0, market) if zero_for_one else (reserve1, 1 / market)
    keep = 1 - V2_FEE
    square = keep * reserve0 * reserve1 / rate
    amount = int((isqrt(square.numerator // square.denominator) - here) / keep)
    return PoolTrade(amount, zero_for_one) if amount > 0 else None


def v3_arbitrage(sqrt_price: int, market: Fraction, fee: Fraction) -> PriceMove | None:
    """Return the swap that brings a V3 pool to the edge of its band; None inside the band."""
    low, high = (sqrt_price_x96(edge) for edge in band(market, fee))
    if low <= sqrt_price <= high:
        return None
    return PriceMove(high, zero_for_one=True) if sqrt_price > high else PriceMove(low, zero_for_one=False)


def nearest_tick(price: Fraction, spacing: int) -> int:
    """Return the usable tick nearest to a price in raw token1 per raw token0: 1.0001^tick."""
    return round(math.log(price) / math.log(1.0001) / spacing) * spacing


def paying_trade(variance: float, value: float, fee: Fraction, years: float) -> float:
    """Return the size of a typical noise trade, USD, with which fees come to about what arbitrage takes of a pool.

    ``variance`` is that of a block's move, ``years`` between two blocks.
    """
    volume = _NOISE_SHARE * paying_noise(1.0, value, variance / years, float(fee), years) * years
    trades = (1 + _NOISE_TRADES) / 2
    return volume / trades / math.exp(_NOISE_SPREAD**2 / 2)


def noise_sizes(rng: random.Random, typical: float) -> tuple[float, ...]:
    """Return 1 to `NOISE_TRADES` trades in USD: log-normal around ``typical``, of either sign at even odds."""
    count = rng.randint(1, _NOISE_TRADES)
    return tuple(rng.choice((-1, 1)) * typical * math.exp(rng.gauss(0, _NOISE_SPREAD)) for _ in range(count))
