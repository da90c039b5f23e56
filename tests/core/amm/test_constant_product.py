"""V2 positions against exact fractions, the white paper's protocol fee and the constant product itself."""

from dataclasses import replace
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import floor, isqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts, Curve
from bot.core.errors import SkipCycle
from tests.core.amm.pair_swaps import amount_out, input_to_price

reserves = st.integers(1, 2**112 - 1) | st.integers(10**6, 10**24)
prices = st.decimals(Decimal("1e-18"), Decimal("1e18"), allow_nan=False, allow_infinity=False).filter(lambda p: p > 0)

SHARES = [(1, 6), (1, 4), (8, 25), (3, 4), (1, 100_000)]
"""Of Uniswap, of PancakeSwap's package, of PancakeSwap on BSC."""
NOTHING = (Decimal(0), Decimal(0))


@st.composite
def positions(draw: st.DrawFn, *, donated: bool = True) -> ConstantProductPosition:
    reserve0, reserve1 = draw(reserves), draw(reserves)
    supply = draw(st.integers(1, 2**112))
    k = reserve0 * reserve1
    extra = st.integers(0, 10**12) if donated else st.just(0)
    return ConstantProductPosition(
        liquidity=draw(st.integers(1, supply)),
        total_supply=supply,
        balance0=reserve0 + draw(extra),
        balance1=reserve1 + draw(extra),
        reserve0=reserve0,
        reserve1=reserve1,
        k_last=draw(st.sampled_from([0, k, k // 2, k * 99 // 100]) | st.integers(0, k)),
        fee_on=draw(st.booleans()),
        **dict(zip(("protocol_part", "protocol_whole"), draw(st.sampled_from(SHARES)), strict=True)),
    )


POSITION = ConstantProductPosition(
    liquidity=10**18,
    total_supply=4 * 10**18,
    balance0=2 * 10**18,
    balance1=8 * 10**18,
    reserve0=2 * 10**18,
    reserve1=8 * 10**18,
    k_last=0,
    fee_on=False,
)


def test_it_is_a_curve() -> None:
    curve: Curve = POSITION
    assert curve.liquidity == 10**18
    assert curve.in_range


def test_burn_pays_a_share_of_the_balances() -> None:
    assert POSITION.amounts() == Amounts(5 * 10**17, 2 * 10**18, 0, 0)
    assert replace(POSITION, balance0=2 * 10**18 + 7).amounts().principal0 == 5 * 10**17 + 1


def test_the_protocol_takes_a_sixth_of_the_growth_first() -> None:
    # sqrt(k) grew from 3e18 to 4e18: of a growth of 1/4 of the pool the protocol owns a sixth, the position a quarter
    # of the rest: 1/4 * (1 - 1/24).
    position = replace(POSITION, fee_on=True, k_last=9 * 10**36)
    exact = Fraction(1, 4) * (1 - Fraction(1, 24)) * 2 * 10**18
    assert abs(position.amounts().principal0 - exact) <= 1
    assert replace(position, fee_on=False).amounts() == POSITION.amounts()


@given(positions())
def test_amounts_are_the_share_rounded_down(position: ConstantProductPosition) -> None:
    supply: Fraction = Fraction(position.total_supply)
    if position.fee_on and position.k_last:
        # White paper (6), phi the share: s = (sqrt k2 - sqrt k1) / ((1/phi - 1) sqrt k2 + sqrt k1) * supply, with whole
        # square roots.
        share = Fraction(position.protocol_part, position.protocol_whole)
        root, last = (
            int(Decimal(k).sqrt(Context(prec=80))) for k in (position.reserve0 * position.reserve1, position.k_last)
        )
        supply += max(0, floor(supply * (root - last) / ((1 / share - 1) * root + last)))
    exact0, exact1 = (position.liquidity * balance / supply for balance in (position.balance0, position.balance1))
    if exact0 < 1 or exact1 < 1:
        assert position.amounts() == Amounts(0, 0, 0, 0)
    else:
        assert position.amounts() == Amounts(floor(exact0), floor(exact1), 0, 0)


@given(positions(), st.data())
def test_the_parts_of_a_split_position_pay_no_more_than_the_whole(
    position: ConstantProductPosition, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, position.liquidity))
    first = replace(position, liquidity=part).amounts()
    second = replace(position, liquidity=position.liquidity - part).amounts()
    whole = position.amounts()
    assert first.total0 + second.total0 <= whole.total0
    assert first.total1 + second.total1 <= whole.total1


@pytest.mark.parametrize("fee_on", [False, True])
def test_a_burned_position_pays_nothing(*, fee_on: bool) -> None:
    position = replace(POSITION, liquidity=0, fee_on=fee_on)
    assert position.amounts() == Amounts(0, 0, 0, 0)
    assert position.log_sensitivity() == NOTHING
    assert position.principal_at(Decimal(1)) == NOTHING
    assert not position.in_range


def test_an_empty_pair_has_no_price() -> None:
    empty = ConstantProductPosition(0, 0, 0, 0, 0, 0, 0, fee_on=True)
    assert empty.amounts() == Amounts(0, 0, 0, 0)
    with pytest.raises(SkipCycle, match="no price"):
        empty.price()


def test_more_tokens_than_the_supply_are_not_believed() -> None:
    with pytest.raises(SkipCycle, match="in all"):
        replace(POSITION, total_supply=10**17).amounts()


@given(positions())
def test_the_principal_at_the_present_price_is_what_burn_pays(position: ConstantProductPosition) -> None:
    principal = position.principal_at(position.price())
    amounts = position.amounts()
    assume(amounts.principal0 > 0)
    for real, paid in zip(principal, (amounts.principal0, amounts.principal1), strict=True):
        assert -1 < paid - real < Decimal("1e-15")


@given(positions(), prices)
def test_the_principal_at_another_price_keeps_the_product_and_has_that_price(
    position: ConstantProductPosition, price: Decimal
) -> None:
    position = replace(position, balance0=position.reserve0, balance1=position.reserve1)
    here, there = position.principal_at(position.price()), position.principal_at(price)
    with localcontext(Context(prec=50)):
        assert abs(there[1] / there[0] / price - 1) < Decimal("1e-40")
        assert abs(there[0] * there[1] / (here[0] * here[1]) - 1) < Decimal("1e-40")


def held(share: int, pool: list[int]) -> ConstantProductPosition:
    return ConstantProductPosition(share, 10**21, pool[0], pool[1], pool[0], pool[1], 0, fee_on=False)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10**24)), max_size=12), st.integers(10**12, 10**21))
def test_fees_left_in_the_pool_apart_the_loss_is_the_closed_form(swaps: list[tuple[bool, int]], share: int) -> None:
    pool = [10**24, 2 * 10**21]
    position = held(share, pool)
    deposit = position.principal_at(position.price())
    root = isqrt(int(deposit[0]) * int(deposit[1]))
    assert position.compounded(root) < Decimal("1e-8")
    for is_first, amount in swaps:
        came, went = (0, 1) if is_first else (1, 0)
        pool[went] -= amount_out(amount, pool[came], pool[went])
        pool[came] += amount
    later = held(share, pool)
    with localcontext(Context(prec=50)):
        price, kept = later.price(), 1 - later.compounded(root)
        rho = price / position.price()
        now = later.principal_at(price)
        loss = kept * (now[0] * price + now[1]) / (deposit[0] * price + deposit[1]) - 1
        assert abs(loss - (2 * rho.sqrt() / (1 + rho) - 1)) < Decimal("1e-8")


def test_what_was_given_to_the_pool_is_no_loss_and_nothing_is_nothing() -> None:
    given_away = replace(POSITION, balance0=4 * POSITION.balance0)
    root = isqrt(POSITION.amounts().principal0 * POSITION.amounts().principal1)
    assert abs(given_away.compounded(root) - Decimal("0.5")) < Decimal("1e-15")
    assert replace(POSITION, liquidity=0).compounded(0) == 0
    assert POSITION.compounded(10 * root) == 0


@given(positions())
def test_the_sensitivity_is_the_slope_of_the_principal(position: ConstantProductPosition) -> None:
    with localcontext(Context(prec=50)):
        step = Decimal("1e-12")
        price = position.price()
        up, down = position.principal_at(price * step.exp()), position.principal_at(price * (-step).exp())
        for slope, high, low in zip(position.log_sensitivity(), up, down, strict=True):
            assert abs((high - low) / (2 * step) / slope - 1) < Decimal("1e-15")


@given(positions(donated=False))
def test_the_value_moves_with_the_amount_of_token0_alone(position: ConstantProductPosition) -> None:
    with localcontext(Context(prec=50)):
        step = Decimal("1e-12")
        price = position.price()
        values = []
        for at in (price * (1 + step), price * (1 - step)):
            amount0, amount1 = position.principal_at(at)
            values.append(amount0 * at + amount1)
        slope = (values[0] - values[1]) / (2 * step * price)
        assert abs(slope / position.principal_at(price)[0] - 1) < Decimal("1e-15")


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        POSITION.principal_at(Decimal(price))
    with pytest.raises(ValueError, match="above 0"):
        input_to_price(1, 1, Decimal(price))


@given(st.integers(1, 2**112), reserves, reserves)
def test_a_swap_pays_the_most_that_the_pair_accepts(amount_in: int, reserve_in: int, reserve_out: int) -> None:
    paid = amount_out(amount_in, reserve_in, reserve_out)

    def accepted(out: int) -> bool:
        # UniswapV2Pair.swap: (1000 balance_in - 3 amount_in) * 1000 balance_out >= k * 1000^2
        adjusted = (1000 * (reserve_in + amount_in) - 3 * amount_in) * 1000 * (reserve_out - out)
        return adjusted >= reserve_in * reserve_out * 1000**2

    assert accepted(paid)
    assert not accepted(paid + 1)


@pytest.mark.parametrize("bad", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 1, 1)])
def test_a_swap_of_nothing_is_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        amount_out(*bad)


def test_an_empty_pair_reaches_no_price() -> None:
    with pytest.raises(ValueError, match="reserves"):
        input_to_price(0, 1, Decimal(1))


@given(st.integers(10**9, 10**27), st.integers(10**9, 10**27), st.decimals("0.01", "100", places=12))
def test_the_input_to_a_price_is_the_largest_that_does_not_pass_it(reserve0: int, reserve1: int, move: Decimal) -> None:
    target = Decimal(reserve1) / reserve0 * move
    in0, in1 = input_to_price(reserve0, reserve1, target)
    goal = Fraction(target)
    assert in0 == 0 or in1 == 0

    def price_after(swap_in: int, reserve_in: int, reserve_out: int) -> Fraction:
        # In per out; the output unrounded.
        out = Fraction(997 * swap_in * reserve_out, 1000 * reserve_in + 997 * swap_in)
        return Fraction(reserve_in + swap_in) / (reserve_out - out)

    if Fraction(reserve1, reserve0) > goal:
        assert price_after(in0, reserve0, reserve1) <= 1 / goal < price_after(in0 + 1, reserve0, reserve1)
        assert in1 == 0
    else:
        assert price_after(in1, reserve1, reserve0) <= goal < price_after(in1 + 1, reserve1, reserve0)
        assert in0 == 0


def test_a_pair_at_the_price_needs_no_input() -> None:
    assert input_to_price(2 * 10**18, 8 * 10**18, Decimal(4)) == (0, 0)
