"""A move of the market is no growth; growth beyond a step, at once or little by little, is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts, Curve
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.data_quality.holdings import STEP, Seen, carried_on
from bot.core.snapshot import LpPosition
from bot.core.types import PoolId, PositionId
from tests.core.scenes import ETH, TOKENS, USD

TICKS = st.integers(-300_000, 300_000)


def position(curve: Curve, amounts: Amounts | None = None) -> LpPosition:
    return LpPosition(
        PositionId("p"), "amm", PoolId("pool"), TOKENS[ETH], TOKENS[USD], curve, amounts or curve.amounts(), None
    )


def concentrated(liquidity: int, lower: int, upper: int, tick: int, fees: int = 0) -> LpPosition:
    sqrt_price = sqrt_ratio_at_tick(tick)
    return position(ConcentratedPosition(liquidity, lower, upper, sqrt_price, tick, 0, 0, 0, 0, 0, 0, 0, 0, fees, fees))


def pair(share: int, reserve0: int, reserve1: int) -> LpPosition:
    return position(ConstantProductPosition(share, 10**18, reserve0, reserve1, reserve0, reserve1, 0, fee_on=False))


@given(st.integers(10**12, 10**24), TICKS, st.integers(60, 100_000), TICKS, TICKS)
def test_the_market_alone_never_makes_a_concentrated_position_leap(
    liquidity: int, lower: int, width: int, before: int, after: int
) -> None:
    upper = lower + width
    old, new = (concentrated(liquidity, lower, upper, tick) for tick in (before, after))
    assume(min(old.amounts.total0 + old.amounts.total1, new.amounts.total0 + new.amounts.total1) > 10**6)
    assert carried_on(Seen(old), new) is not None


@given(
    st.integers(10**15, 10**18), st.integers(10**15, 10**25), st.integers(10**9, 10**25), st.fractions("1/1000", 1000)
)
def test_the_market_alone_never_makes_a_share_of_a_pair_leap(
    share: int, reserve0: int, reserve1: int, move: object
) -> None:
    root = float(move) ** 0.5  # type: ignore[arg-type] # a fraction
    old, new = pair(share, reserve0, reserve1), pair(share, int(reserve0 / root), int(reserve1 * root))
    assume(min(new.amounts.total0, new.amounts.total1, old.amounts.total0, old.amounts.total1) > 10**6)
    assert carried_on(Seen(old), new) is not None


@given(st.integers(10**12, 10**24), st.decimals("0.1", "10", places=3), TICKS)
def test_liquidity_that_changes_beyond_the_step_leaps(liquidity: int, factor: Decimal, tick: int) -> None:
    assume(abs(abs(factor - 1) - STEP) > Decimal("0.001"))
    old = concentrated(liquidity, tick - 600, tick + 600, tick)
    new = concentrated(int(liquidity * factor), tick - 600, tick + 600, tick + 30)
    assume(old.amounts.total0 + old.amounts.total1 > 10**6)
    assert (carried_on(Seen(old), new) is None) is (abs(factor - 1) > STEP)


@given(st.decimals("0.1", "10", places=3))
def test_a_share_whose_pair_is_misread_leaps(factor: Decimal) -> None:
    assume(abs(abs(factor - 1) - STEP) > Decimal("0.001"))
    old = pair(10**17, 10**21, 2 * 10**12)
    new = pair(10**17, int(10**21 * factor), int(2 * 10**12 * factor))
    assert (carried_on(Seen(old), new) is None) is (abs(factor - 1) > STEP)


@given(st.integers(1, 60))
def test_little_by_little_is_no_way_around_the_step(percent_of_percent: int) -> None:
    """However small the steps are, what is believed never grows by more than STEP unconfirmed."""
    first, liquidity = concentrated(10**20, -600, 600, 0), 10**20
    seen = Seen(first)
    for _ in range(2_000):
        liquidity += liquidity * percent_of_percent // 10_000
        after = carried_on(seen, concentrated(liquidity, -600, 600, 0))
        if after is None:
            break
        seen = after
    grown = Decimal(seen.position.curve.liquidity) / first.curve.liquidity
    assert grown <= 1 + STEP
    assert Decimal(liquidity) / first.curve.liquidity <= (1 + STEP) * Decimal("1.035")


def test_units_that_change_are_a_leap() -> None:
    old = concentrated(10**20, -600, 600, 0)
    for token in (replace(old.token0, decimals=old.token0.decimals - 6), replace(old.token0, rate=Decimal("1.2"))):
        assert carried_on(Seen(old), replace(old, token0=token)) is None
    drifted = replace(old, token0=replace(old.token0, rate=old.token0.rate * Decimal("1.0001")))
    assert carried_on(Seen(old), drifted) is not None


def test_fees_count_as_held() -> None:
    old = concentrated(10**20, -600, 600, 0)
    assert carried_on(Seen(old), concentrated(10**20, -600, 600, 0, fees=10**17)) is not None
    assert carried_on(Seen(old), concentrated(10**20, -600, 600, 0, fees=10**20)) is None
