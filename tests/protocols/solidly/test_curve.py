"""The two curves against what must hold of them: their invariants, derivatives, and the pool's own integer formulas."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.amm.curve import Amounts, Curve
from bot.core.amm.decimal_context import PRECISE
from bot.core.errors import SkipCycle
from bot.protocols.solidly.curve import StablePosition, VolatilePosition, accrued

UNIT = 10**18
Position = StablePosition | VolatilePosition
reserves = st.integers(10**6, 10**15)
scales = st.sampled_from([10**6, 10**8, 10**18])
prices = st.decimals(Decimal("1e-6"), Decimal("1e6"), allow_nan=False, allow_infinity=False, places=12).filter(bool)


@st.composite
def positions(draw: st.DrawFn, *, stable: bool | None = None) -> Position:
    scale0, scale1 = draw(scales), draw(scales)
    supply = draw(st.integers(1, 10**24))
    reserve0 = draw(reserves) * scale0 // 10**6
    reserve1 = reserve0 * draw(st.integers(1, 10**9)) * scale1 // 10**6 // scale0 + 1
    state = (
        draw(st.integers(1, supply)),
        supply,
        reserve0 + draw(st.integers(0, 10**12)),
        reserve1 + draw(st.integers(0, 10**12)),
        reserve0,
        reserve1,
        draw(st.integers(0, 10**20)),
        draw(st.integers(0, 10**20)),
    )
    is_stable = draw(st.booleans()) if stable is None else stable
    return StablePosition(*state, scale0, scale1) if is_stable else VolatilePosition(*state)


def invariant(position: Position, reserve0: Decimal, reserve1: Decimal) -> Decimal:
    if isinstance(position, VolatilePosition):
        return reserve0 * reserve1
    x, y = reserve0 / position.scale0, reserve1 / position.scale1
    return x * y * (x * x + y * y)


def test_both_are_curves() -> None:
    stable: Curve = StablePosition(1, 4, 40, 80, 40, 80, 3, 5, 1, 1)
    volatile: Curve = VolatilePosition(1, 4, 40, 80, 40, 80, 3, 5)
    assert stable.amounts() == volatile.amounts() == Amounts(10, 20, 3, 5)
    assert stable.in_range
    assert volatile.price() == 2
    assert stable.price() == pytest.approx(Decimal(14) / 13)


@given(positions())
def test_amounts_are_the_share_rounded_down(position: Position) -> None:
    share = Fraction(position.liquidity, position.total_supply)
    exact = share * position.balance0, share * position.balance1
    principal = (int(exact[0]), int(exact[1])) if min(exact) >= 1 else (0, 0)
    assert position.amounts() == Amounts(*principal, position.fees0, position.fees1)


@given(positions(), prices)
def test_reserves_at_a_price_keep_the_invariant_and_have_that_price(position: Position, move: Decimal) -> None:
    with localcontext(PRECISE):
        price = position.price() * move
        there = position.reserves_at(price)
        now = invariant(position, Decimal(position.reserve0), Decimal(position.reserve1))
        assert invariant(position, *there) == pytest.approx(now, rel=Decimal("1e-25"))
        step = there[0] * Decimal("1e-12")
        down, up = (other_reserve(position, now, there[0] + sign * step) for sign in (-1, 1))
        assert (down - up) / (2 * step) == pytest.approx(price, rel=Decimal("1e-9"))


def other_reserve(position: Position, k: Decimal, reserve0: Decimal) -> Decimal:
    """Solve for token1's reserve by halving, knowing nothing but the invariant."""
    low, high = Decimal(0), Decimal(1)
    while invariant(position, reserve0, high) < k:
        high *= 2
    for _ in range(180):
        middle = (low + high) / 2
        low, high = (middle, high) if invariant(position, reserve0, middle) < k else (low, middle)
    return low


@given(positions())
def test_the_present_price_gives_the_present_principal(position: Position) -> None:
    with localcontext(PRECISE):
        share = Decimal(position.liquidity) / position.total_supply
        expected = share * position.balance0, share * position.balance1
        found = position.principal_at(position.price())
        assert found[0] == pytest.approx(expected[0], rel=Decimal("1e-15"))
        assert found[1] == pytest.approx(expected[1], rel=Decimal("1e-15"))


@given(positions())
def test_sensitivity_is_the_derivative_of_the_principal(position: Position) -> None:
    with localcontext(PRECISE):
        price = position.price()
        if isinstance(position, StablePosition):
            assume(abs(price * position.scale0 / position.scale1 - 1) > Decimal("1e-4"))
        step = Decimal("1e-9")
        down, up = (position.principal_at(price * (sign * step).exp()) for sign in (-1, 1))
        slopes = position.log_sensitivity()
        for token in (0, 1):
            assert slopes[token] == pytest.approx((up[token] - down[token]) / (2 * step), rel=Decimal("1e-5"))


@given(positions(stable=True))
def test_sensitivity_is_finite_at_parity_and_no_less_than_beside_it(position: Position) -> None:
    assert isinstance(position, StablePosition)
    reserve1 = position.reserve0 * position.scale1 // position.scale0
    assume(reserve1 * position.scale0 == position.reserve0 * position.scale1)
    fields = (position.liquidity, position.total_supply, position.reserve0, reserve1, position.reserve0)
    even = StablePosition(*fields, reserve1, 0, 0, position.scale0, position.scale1)
    slopes = even.log_sensitivity()
    with localcontext(PRECISE):
        beside = even.reserves_at(even.price() * Decimal("1.001"))
        share = Decimal(even.liquidity) / even.total_supply
        least = share * (even.reserve0 - beside[0]) * 1000
    assert -slopes[0] >= least
    assert slopes[1] > 0


def test_an_index_pays_since_it_was_written_down() -> None:
    assert accrued(3, 7 * UNIT // 2, UNIT // 2, 5) == 14
    assert accrued(0, 9 * UNIT, UNIT, 5) == 5


@pytest.mark.parametrize("kind", [VolatilePosition, StablePosition])
def test_nothing_is_worth_nothing_and_the_impossible_is_refused(kind: type) -> None:
    scales = (1, 1) if kind is StablePosition else ()
    nothing = kind(0, 9, 90, 90, 90, 90, 0, 7, *scales)
    assert nothing.amounts() == Amounts(0, 0, 0, 7)
    assert nothing.log_sensitivity() == (0, 0)
    assert nothing.compounded(1) == 0
    assert not nothing.in_range
    with pytest.raises(SkipCycle, match="no price"):
        kind(0, 0, 0, 0, 0, 0, 0, 0, *scales).price()
    with pytest.raises(SkipCycle, match="in all"):
        kind(10, 9, 90, 90, 90, 90, 0, 0, *scales).amounts()
    with pytest.raises(ValueError, match="finite and above 0"):
        kind(1, 9, 90, 90, 90, 90, 0, 0, *scales).principal_at(Decimal(0))
