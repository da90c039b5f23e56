"""Ticks and square-root prices against the definition and the contract's own constants."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    nearest_usable_tick,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)
from tests.core.amm.reals import Q96, real_sqrt_ratio
from tests.core.amm.roots import sqrt_ratio_at_price

ticks = st.integers(MIN_TICK, MAX_TICK)
roots = st.integers(1, 2**160).filter(lambda root: MIN_SQRT_RATIO <= root < MAX_SQRT_RATIO)
near_boundaries = st.tuples(st.integers(MIN_TICK + 1, MAX_TICK - 1), st.integers(-2, 2)).map(
    lambda pair: sqrt_ratio_at_tick(pair[0]) + pair[1]
)


@pytest.mark.parametrize(
    ("tick", "sqrt_ratio"),
    [
        (MIN_TICK, 4295128739),
        (0, 2**96),
        (MAX_TICK, 1461446703485210103287273052203988822378723970342),
        # Vectors of the contract's own test suite.
        (MIN_TICK + 1, 4295343490),
        (MAX_TICK - 1, 1461373636630004318706518188784493106690254656249),
        (50, 79426470787362580746886972461),
        (-50, 79030349367926598376800521322),
        (250_000, 21246587762933397357449903968194344),
        (-250_000, 295440463448801648376846),
    ],
)
def test_known_square_root_prices(tick: int, sqrt_ratio: int) -> None:
    assert sqrt_ratio_at_tick(tick) == sqrt_ratio


@given(ticks)
def test_a_tick_stands_for_its_power_of_the_base(tick: int) -> None:
    with localcontext(Context(prec=80)):
        exact = real_sqrt_ratio(tick)
        # Twenty factors, each truncated at 2^-128 of a product that shrinks as the tick grows; then rounded up once.
        truncation = exact * 40 * (real_sqrt_ratio(abs(tick)) / Q96) / 2**128
        assert abs(sqrt_ratio_at_tick(tick) - exact) <= 1 + truncation


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_higher_tick_is_a_higher_price(tick: int) -> None:
    assert sqrt_ratio_at_tick(tick) < sqrt_ratio_at_tick(tick + 1)


@given(roots | near_boundaries)
def test_the_tick_of_a_price_is_the_greatest_at_or_below_it(root: int) -> None:
    tick = tick_at_sqrt_ratio(root)
    assert sqrt_ratio_at_tick(tick) <= root < sqrt_ratio_at_tick(tick + 1)


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_a_boundary_price_belongs_to_its_own_tick(tick: int) -> None:
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick)) == tick


def test_the_ends_of_the_price_range() -> None:
    assert tick_at_sqrt_ratio(MIN_SQRT_RATIO) == MIN_TICK
    assert tick_at_sqrt_ratio(MAX_SQRT_RATIO - 1) == MAX_TICK - 1


@pytest.mark.parametrize("root", [0, MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO])
def test_a_price_out_of_range_has_no_tick(root: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        tick_at_sqrt_ratio(root)


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_a_tick_out_of_range_has_no_price(tick: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        sqrt_ratio_at_tick(tick)
    with pytest.raises(ValueError, match="outside"):
        nearest_usable_tick(tick, 1)


@given(st.decimals(Decimal("1e-36"), Decimal("1e36"), allow_nan=False, allow_infinity=False).filter(lambda p: p > 0))
def test_the_square_root_price_of_a_price_is_rounded_down(price: Decimal) -> None:
    root = sqrt_ratio_at_price(price)
    numerator, denominator = price.as_integer_ratio()
    assert root**2 * denominator <= numerator * 2**192 < (root + 1) ** 2 * denominator


@given(ticks, st.sampled_from([1, 10, 60, 200, 887272]))
def test_a_usable_tick_is_the_nearest_multiple_in_range(tick: int, spacing: int) -> None:
    usable = nearest_usable_tick(tick, spacing)
    assert usable % spacing == 0
    others = (usable - spacing, usable + spacing)
    assert all(abs(usable - tick) <= abs(other - tick) for other in others if MIN_TICK <= other <= MAX_TICK)
    assert MIN_TICK <= usable <= MAX_TICK


def test_of_two_usable_ticks_as_near_the_upper_one_is_taken() -> None:
    assert nearest_usable_tick(30, 60) == 60
    assert nearest_usable_tick(-30, 60) == 0


def test_a_spacing_must_be_positive() -> None:
    with pytest.raises(ValueError, match="spacing"):
        nearest_usable_tick(0, 0)
