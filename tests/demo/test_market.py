"""Arbitrage is optimal for the arbitrageur, against the pair's own formula, and ends on the edge of the fee's band."""

import math
import random
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bot.demo.market import (
    V2_FEE,
    band,
    nearest_tick,
    noise_sizes,
    raw_amount,
    raw_price,
    v2_arbitrage,
    v3_arbitrage,
)
from bot.demo.uniswap_v3 import sqrt_price_x96

RESERVES = st.integers(10**12, 10**28)
OFF = st.fractions(Fraction(1, 2), Fraction(2), max_denominator=10**6)


def amount_out(amount_in: int, here: int, there: int) -> int:
    """UniswapV2Library.getAmountOut."""
    return amount_in * 997 * there // (here * 1000 + amount_in * 997)


@given(RESERVES, RESERVES, OFF)
def test_v2_arbitrage_is_the_best_there_is(reserve0: int, reserve1: int, off: Fraction) -> None:
    market = Fraction(reserve1, reserve0) * off
    trade = v2_arbitrage(reserve0, reserve1, market)
    if trade is None:
        low, high = band(market, V2_FEE)
        # Inside the band, or so near to it that rounding eats the trade.
        assert low * (1 - Fraction(1, 10**9)) <= Fraction(reserve1, reserve0) <= high * (1 + Fraction(1, 10**9))
        return
    here, there, rate = (reserve0, reserve1, market) if trade.zero_for_one else (reserve1, reserve0, 1 / market)

    def profit(amount: int) -> Fraction:
        """In units of the token put in, without the rounding of the output."""
        return Fraction(amount * 997 * there, here * 1000 + amount * 997) / rate - amount

    step = max(trade.amount_in // 1000, 2)
    assert profit(trade.amount_in) >= profit(trade.amount_in + step)
    assert profit(trade.amount_in) >= profit(max(trade.amount_in - step, 0))
    assert profit(trade.amount_in) >= 0


@given(RESERVES, RESERVES, OFF)
def test_v2_arbitrage_leaves_the_pair_in_its_band(reserve0: int, reserve1: int, off: Fraction) -> None:
    market = Fraction(reserve1, reserve0) * off
    trade = v2_arbitrage(reserve0, reserve1, market)
    if trade is None:
        return
    if trade.zero_for_one:
        after = Fraction(
            reserve1 - amount_out(trade.amount_in, reserve0, reserve1),
            reserve0 + trade.amount_in,
        )
    else:
        after = Fraction(
            reserve1 + trade.amount_in,
            reserve0 - amount_out(trade.amount_in, reserve1, reserve0),
        )
    low, high = band(market, V2_FEE)
    assert low * (1 - Fraction(1, 10**9)) <= after <= high * (1 + Fraction(1, 10**9))


@given(st.fractions(Fraction(1, 10**12), Fraction(10**12)), OFF)
def test_v3_arbitrage_aims_at_the_near_edge_of_the_band(market: Fraction, off: Fraction) -> None:
    fee = Fraction(500, 10**6)
    low, high = (sqrt_price_x96(edge) for edge in band(market, fee))
    here = sqrt_price_x96(market * off)
    move = v3_arbitrage(here, market, fee)
    if move is None:
        assert low <= here <= high
    elif move.zero_for_one:
        assert move.limit == high < here
    else:
        assert move.limit == low > here


def test_prices_and_amounts_mind_the_decimals() -> None:
    # 1 WETH (18) is 3000 USDC (6): 3000e6 raw USDC for 1e18 raw WETH.
    assert raw_price(Decimal(3000), 18, Decimal(1), 6) == Fraction(3000 * 10**6, 10**18)
    assert raw_price(Decimal(1), 6, Decimal(3000), 18) == Fraction(10**18, 3000 * 10**6)
    assert raw_amount(Decimal(10_000), Decimal(60_000), 8) == 16_666_666


def test_the_nearest_tick_is_a_multiple_of_the_spacing() -> None:
    # The tick of 3000 USDC per WETH, USDC being token1: log(3e-9) / log(1.0001) = -196256.6.
    assert nearest_tick(Fraction(3000 * 10**6, 10**18), 10) == -196260
    assert nearest_tick(Fraction(1), 60) == 0


def test_noise_has_both_signs_and_its_typical_size() -> None:
    rng = random.Random(3)
    sizes = [size for _ in range(2000) for size in noise_sizes(rng, 100)]
    assert 3000 < len(sizes) < 5000
    assert abs(sum(size > 0 for size in sizes) / len(sizes) - 0.5) < 0.03
    assert math.exp(sum(math.log(abs(size)) for size in sizes) / len(sizes)) - 100 < 5
