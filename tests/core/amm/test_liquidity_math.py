"""Liquidity and amounts against exact fractions."""

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.liquidity_math import amount0_delta, amount1_delta, liquidity_for_amounts
from bot.core.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from tests.core.amm.reals import range_amounts

roots = st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1) | st.integers(2**90, 2**102)
liquidities = st.integers(0, 2**128 - 1) | st.integers(0, 10**22)
amounts = st.integers(0, 10**30)


@given(roots, roots, liquidities)
def test_deltas_are_the_exact_amounts_rounded_down(root_a: int, root_b: int, liquidity: int) -> None:
    low, high = sorted((root_a, root_b))
    all_in_0, _ = range_amounts(liquidity, low, low, high)
    _, all_in_1 = range_amounts(liquidity, high, low, high)
    assert amount0_delta(root_a, root_b, liquidity) == floor(all_in_0)
    assert amount1_delta(root_a, root_b, liquidity) == floor(all_in_1)


@given(roots, roots, liquidities)
def test_the_order_of_the_prices_does_not_matter(root_a: int, root_b: int, liquidity: int) -> None:
    assert amount0_delta(root_a, root_b, liquidity) == amount0_delta(root_b, root_a, liquidity)
    assert amount1_delta(root_a, root_b, liquidity) == amount1_delta(root_b, root_a, liquidity)


@given(
    st.integers(2**90, 2**102),
    st.tuples(st.integers(2**90, 2**102), st.integers(2**90, 2**102)).filter(lambda pair: pair[0] != pair[1]),
    amounts,
    amounts,
)
def test_bought_liquidity_is_paid_for_and_nearly_all_that_the_amounts_buy(
    root: int, boundaries: tuple[int, int], amount0: int, amount1: int
) -> None:
    low, high = sorted(boundaries)
    try:
        liquidity = liquidity_for_amounts(root, *boundaries, amount0, amount1)
    except ValueError:
        # The contract refuses either amount that alone would buy more than it can hold.
        needed0, needed1 = range_amounts(2**128, root, low, high)
        assert 0 < needed0 <= amount0 or 0 < needed1 <= amount1
        return
    needed0, needed1 = range_amounts(liquidity, root, low, high)
    assert needed0 <= amount0
    assert needed1 <= amount1
    # The contract truncates sqrt(a) sqrt(b) at 2^-96, a relative error of 2^-84 here; beyond that all is used.
    more0, more1 = range_amounts(liquidity + (liquidity >> 80) + 2, root, low, high)
    assert more0 > amount0 or more1 > amount1


def test_a_range_without_width_takes_no_liquidity() -> None:
    with pytest.raises(ValueError, match="different"):
        liquidity_for_amounts(2**96, 2**96, 2**96, 1, 1)


def test_liquidity_beyond_128_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="128 bits"):
        liquidity_for_amounts(2**96, 2**96, 2**96 + 1, 2**60, 0)
