"""V3 positions against exact fractions, real-number formulas, and a ledger of fees that is kept another way."""

from dataclasses import replace
from decimal import Context, Decimal, localcontext
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.curve import Amounts, Curve
from bot.core.amm.tick_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    sqrt_ratio_at_tick,
    tick_at_sqrt_ratio,
)
from bot.core.errors import SkipCycle
from tests.core.amm.positions import at
from tests.core.amm.reals import Q96, range_amounts, real_sqrt_ratio

Q128 = 2**128
U256 = 2**256
_TRADABLE = range(MIN_TICK, MAX_TICK)
NOTHING = (Decimal(0), Decimal(0))

ranges = st.tuples(st.integers(MIN_TICK, MAX_TICK), st.integers(MIN_TICK, MAX_TICK)) | st.tuples(
    st.integers(-20_000, 20_000), st.integers(-20_000, 20_000)
)
growths = st.integers(0, U256 - 1)


@st.composite
def positions(draw: st.DrawFn, *, in_range: bool = False) -> ConcentratedPosition:
    lower, upper = sorted(draw(ranges.filter(lambda pair: pair[0] != pair[1])))
    low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
    roots = st.integers(low, high - 1)
    if not in_range:
        roots |= st.integers(MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)
        # Within one tick of a boundary, on either side.
        near = st.tuples(st.sampled_from([lower, upper]), st.integers(-1, 1)).map(sum).filter(_TRADABLE.__contains__)
        roots |= near.flatmap(lambda tick: st.integers(sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1) - 1))
    return at(draw(st.integers(1, 10**22) | st.integers(1, 2**100)), lower, upper, draw(roots))


def test_it_is_a_curve() -> None:
    curve: Curve = at(5, -10, 10, Q96)
    assert curve.liquidity == 5
    assert curve.in_range


@given(positions())
def test_principal_is_the_exact_amount_rounded_down(position: ConcentratedPosition) -> None:
    low, high = sqrt_ratio_at_tick(position.tick_lower), sqrt_ratio_at_tick(position.tick_upper)
    exact0, exact1 = range_amounts(position.liquidity, position.sqrt_price_x96, low, high)
    assert position.amounts() == Amounts(floor(exact0) % Q128, floor(exact1) % Q128, 0, 0)


@given(positions(), st.data())
def test_the_parts_of_a_split_position_pay_no_more_than_the_whole(
    position: ConcentratedPosition, data: st.DataObject
) -> None:
    position = replace(position, liquidity=min(position.liquidity, 10**15))
    part = data.draw(st.integers(0, position.liquidity))
    earned = replace(position, fee_growth_global0_x128=Q128 // 3, fee_growth_global1_x128=Q128 // 7)
    first, second = (replace(earned, liquidity=size).amounts() for size in (part, position.liquidity - part))
    whole = earned.amounts()
    assert 0 <= whole.principal0 - first.principal0 - second.principal0 <= 1
    assert 0 <= whole.principal1 - first.principal1 - second.principal1 <= 1
    assert 0 <= whole.fees0 - first.fees0 - second.fees0 <= 1
    assert 0 <= whole.fees1 - first.fees1 - second.fees1 <= 1


@pytest.mark.parametrize(
    ("tick", "in_range", "has0", "has1"),
    [
        (-61, False, True, False),
        (-60, True, True, False),
        (0, True, True, True),
        (59, True, True, True),
        (60, False, False, True),
        (61, False, False, True),
    ],
)
def test_the_lower_tick_is_in_and_the_upper_out(tick: int, *, in_range: bool, has0: bool, has1: bool) -> None:
    position = at(10**18, -60, 60, sqrt_ratio_at_tick(tick))
    assert position.in_range is in_range
    amounts = position.amounts()
    assert (amounts.principal0 > 0, amounts.principal1 > 0) == (has0, has1)
    slope0, slope1 = position.log_sensitivity()
    assert (slope0 < 0, slope1 > 0) == (in_range, in_range)


def test_after_a_swap_down_onto_a_boundary_the_tick_decides() -> None:
    # The pool stands exactly on the lower boundary's price, but a swap that fell there has crossed it already.
    crossed = at(10**18, -60, 60, sqrt_ratio_at_tick(-60), tick=-61)
    assert not crossed.in_range
    assert crossed.log_sensitivity() == NOTHING
    assert crossed.amounts() == at(10**18, -60, 60, sqrt_ratio_at_tick(-60)).amounts()
    # The upper boundary: in range again by its tick, at the price where token0 has just run out.
    entered = at(10**18, -60, 60, sqrt_ratio_at_tick(60), tick=59)
    assert entered.in_range
    assert entered.amounts().principal0 == 0


def test_the_widest_range_at_the_ends_of_the_price() -> None:
    bottom = at(10**6, MIN_TICK, MAX_TICK, MIN_SQRT_RATIO)
    assert bottom.in_range
    assert bottom.amounts().principal1 == 0
    assert bottom.amounts().principal0 == floor(range_amounts(10**6, MIN_SQRT_RATIO, MIN_SQRT_RATIO, MAX_SQRT_RATIO)[0])
    top = at(10**6, MIN_TICK, MAX_TICK, MAX_SQRT_RATIO - 1)
    assert top.in_range
    assert top.amounts().principal0 == 0


@pytest.mark.parametrize(("decimals0", "decimals1"), [(6, 18), (18, 6), (8, 18), (18, 8), (6, 8)])
def test_whole_token_values_do_not_depend_on_the_order_of_the_tokens(decimals0: int, decimals1: int) -> None:
    # 3000 whole token1 per token0, and the same pool with its tokens exchanged: the same amounts, exchanged.
    raw = Decimal(3000).scaleb(decimals1 - decimals0)
    with localcontext(Context(prec=60)):
        root, mirror = int(raw.sqrt() * Q96), int((1 / raw).sqrt() * Q96)
    tick = tick_at_sqrt_ratio(root)
    liquidity = 10**17
    one = at(liquidity, tick - 1000, tick + 1000, root)
    other = at(liquidity, -tick - 1000, -tick + 1000, mirror)
    for mine, theirs in zip(one.principal_at(raw), reversed(other.principal_at(1 / raw)), strict=True):
        assert abs(mine / theirs - 1) < Decimal("1e-12")
    for slope, opposite in zip(one.log_sensitivity(), reversed(other.log_sensitivity()), strict=True):
        assert abs(slope / -opposite - 1) < Decimal("1e-12")


@given(positions())
def test_the_principal_at_the_present_price_is_what_burn_pays(position: ConcentratedPosition) -> None:
    position = replace(position, liquidity=min(position.liquidity, 10**18))
    principal = position.principal_at(position.price())
    amounts = position.amounts()
    for real, paid in zip(principal, (amounts.principal0, amounts.principal1), strict=True):
        assert -1 < paid - real < Decimal("1e-12")


@given(positions(), st.integers(MIN_TICK, MAX_TICK))
def test_the_principal_at_a_price_follows_the_white_paper(position: ConcentratedPosition, tick: int) -> None:
    with localcontext(Context(prec=80)):
        root = real_sqrt_ratio(tick) / Q96
        low, high = (Decimal(sqrt_ratio_at_tick(t)) / Q96 for t in (position.tick_lower, position.tick_upper))
        held = min(max(root, low), high)
        exact = position.liquidity * (high - held) / (high * held), position.liquidity * (held - low)
        for real, formula in zip(position.principal_at(root**2), exact, strict=True):
            assert abs(real - formula) <= position.liquidity * Decimal("1e-38")


@given(positions(), st.tuples(st.integers(MIN_TICK, MAX_TICK), st.integers(MIN_TICK, MAX_TICK)))
def test_a_rising_price_sells_token0_for_token1(position: ConcentratedPosition, ticks: tuple[int, int]) -> None:
    low, high = (position.principal_at((real_sqrt_ratio(tick) / Q96) ** 2) for tick in sorted(ticks))
    assert high[0] <= low[0]
    assert high[1] >= low[1]


@given(positions(in_range=True))
def test_the_sensitivity_is_the_slope_of_the_principal(position: ConcentratedPosition) -> None:
    with localcontext(Context(prec=60)):
        step = Decimal("1e-18")
        price = position.price()
        low, high = ((Decimal(sqrt_ratio_at_tick(t)) / Q96) ** 2 for t in (position.tick_lower, position.tick_upper))
        up, down = price * step.exp(), price * (-step).exp()
        if not low < down < up < high:
            return
        above, below = position.principal_at(up), position.principal_at(down)
        for slope, more, less in zip(position.log_sensitivity(), above, below, strict=True):
            assert abs((more - less) / (2 * step) / slope - 1) < Decimal("1e-15")


@given(positions(in_range=True))
def test_the_value_moves_with_the_amount_of_token0_alone(position: ConcentratedPosition) -> None:
    with localcontext(Context(prec=60)):
        price = position.price()
        step = Decimal("1e-15")
        values = []
        for where in (price * (1 + step), price * (1 - step)):
            amount0, amount1 = position.principal_at(where)
            values.append(amount0 * where + amount1)
        slope = (values[0] - values[1]) / (2 * step * price)
        # Gamma, -L/(2 P^1.5), bounds what the step can add, with room for a kink within it.
        bound = position.liquidity / price.sqrt() * step + Decimal("1e-18") * position.liquidity
        assert abs(slope - position.principal_at(price)[0]) <= bound


def test_the_price_is_the_square_of_the_root() -> None:
    assert at(1, -60, 60, 2 * Q96).price() == 4
    with localcontext(Context(prec=50)):
        assert abs(at(1, -60, 60, sqrt_ratio_at_tick(-200_000)).price() / Decimal("1.0001") ** -200_000 - 1) < Decimal(
            "1e-20"
        )


def test_a_pool_that_was_never_initialised_has_no_price() -> None:
    with pytest.raises(SkipCycle, match="not initialised"):
        at(0, -60, 60, 0, tick=0).price()


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        at(1, -60, 60, Q96).principal_at(Decimal(price))
