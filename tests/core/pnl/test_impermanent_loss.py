"""Impermanent loss against its closed form, and its sign on every curve."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.pnl.impermanent_loss import impermanent_loss
from tests.core.amm.positions import at
from tests.core.amm.roots import sqrt_ratio_at_price

prices = st.decimals(Decimal("0.0001"), Decimal(10000), places=8)


def v2(reserve0: int, reserve1: int) -> ConstantProductPosition:
    return ConstantProductPosition(10**18, 10**18, reserve0, reserve1, reserve0, reserve1, 0, fee_on=False)


@given(st.integers(10**9, 10**24), st.integers(10**9, 10**24), prices, prices)
def test_v2_against_the_closed_form(reserve0: int, reserve1: int, rho: Decimal, usd1: Decimal) -> None:
    position = v2(reserve0, reserve1)
    with localcontext(Context(prec=50)):
        now = position.price() * rho
        loss = impermanent_loss(position.principal_at(position.price()), position.principal_at(now), (now * usd1, usd1))
        closed = 2 * rho.sqrt() / (1 + rho) - 1
        assert abs(loss.fraction - closed) < Decimal("1e-40")
        held = (reserve0 * now + reserve1) * usd1
        assert abs(loss.value / held - closed) < Decimal("1e-40")


@pytest.mark.parametrize(("rho", "loss"), [("1", "0"), ("4", "-0.2"), ("0.25", "-0.2"), ("9", "-0.4")])
def test_v2_at_round_ratios(rho: str, loss: str) -> None:
    position = v2(10**18, 2 * 10**18)
    now = 2 * Decimal(rho)
    result = impermanent_loss(position.principal_at(Decimal(2)), position.principal_at(now), (now, Decimal(1)))
    assert abs(result.fraction - Decimal(loss)) < Decimal("1e-25")


@given(prices, prices, st.integers(-5000, 5000), st.integers(1, 5000))
def test_v3_never_gains_against_holding_and_loses_more_than_v2(
    then: Decimal, now: Decimal, lower: int, width: int
) -> None:
    root = sqrt_ratio_at_price(then)
    position = at(10**30, lower, lower + width, root)
    with localcontext(Context(prec=50)):
        price0 = Decimal(1)
        loss = impermanent_loss(
            position.principal_at(then), position.principal_at(now), (price0 * now, price0)
        ).fraction
        assert -1 <= loss <= Decimal("1e-30")
        if all(
            sqrt_ratio_at_tick(lower) <= sqrt_ratio_at_price(p) < sqrt_ratio_at_tick(lower + width) for p in (then, now)
        ):
            assert loss <= 2 * (now / then).sqrt() / (1 + now / then) - 1 + Decimal("1e-30")


def test_the_value_is_in_dollars() -> None:
    loss = impermanent_loss((Decimal(1), Decimal(2000)), (Decimal("0.5"), Decimal(4000)), (Decimal(8000), Decimal(1)))
    assert loss.value == -2000
    assert loss.fraction == Decimal("-0.2")


def test_a_deposit_without_value_has_no_fraction() -> None:
    with pytest.raises(ValueError, match="worth nothing"):
        impermanent_loss((Decimal(0), Decimal(0)), (Decimal(1), Decimal(1)), (Decimal(1), Decimal(1)))
