"""V3 positions against exact fractions, real-number formulas, and a ledger of fees that is kept another way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition, PoolBook
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


@dataclass
class Ledger:
    """A pool of one token that knows, beside the contract's three counters, what really grew inside the range."""

    growth: int
    lower: int
    upper: int
    region: int
    inside: int = 0

    def move(self, region: int) -> None:
        """Cross the boundaries (regions: -1 below, 0 inside, 1 above); each crossing flips its counter."""
        while self.region != region:
            step = 1 if region > self.region else -1
            crosses_lower = min(self.region, self.region + step) == -1
            if crosses_lower:
                self.lower = (self.growth - self.lower) % U256
            else:
                self.upper = (self.growth - self.upper) % U256
            self.region += step

    def earn(self, growth: int) -> None:
        self.growth = (self.growth + growth) % U256
        if self.region == 0:
            self.inside += growth


@given(
    st.builds(Ledger, growths, growths, growths, st.sampled_from([-1, 0, 1])),
    st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 2**150)), max_size=12),
    st.integers(1, 10**24),
    st.sampled_from([0, 1]),
)
def test_fees_are_what_grew_while_in_range_however_the_counters_wrap(
    ledger: Ledger, history: Sequence[tuple[int, int]], liquidity: int, edge: int
) -> None:
    # What the position was last credited at: the counters are arbitrary, only differences count.
    growth, lower, upper = ledger.growth, ledger.lower, ledger.upper
    last = {-1: lower - upper, 0: growth - lower - upper, 1: upper - lower}[ledger.region] % U256
    for to, earned in history:
        ledger.move(to)
        ledger.earn(earned)
    # The first and the last tick of each region.
    tick = {-1: (MIN_TICK, -101), 0: (-100, 99), 1: (100, MAX_TICK - 1)}[ledger.region][edge]
    root = sqrt_ratio_at_tick(tick)
    shown = replace(
        at(liquidity, -100, 100, root),
        fee_growth_global0_x128=ledger.growth,
        fee_growth_outside_lower0_x128=ledger.lower,
        fee_growth_outside_upper0_x128=ledger.upper,
        fee_growth_inside_last0_x128=last,
        tokens_owed0=12345,
    )
    amounts = shown.amounts()
    assert amounts.total0 == (ledger.inside * liquidity // Q128 + 12345 + amounts.principal0) % Q128
    assert amounts.fees1 == 0
    mirrored = replace(
        at(liquidity, -100, 100, root),
        fee_growth_global1_x128=ledger.growth,
        fee_growth_outside_lower1_x128=ledger.lower,
        fee_growth_outside_upper1_x128=ledger.upper,
        fee_growth_inside_last1_x128=last,
        tokens_owed1=12345,
    )
    assert mirrored.amounts().fees1 == amounts.fees0
    assert mirrored.amounts().fees0 == 0


def test_fee_growth_that_wrapped_is_still_a_small_difference() -> None:
    position = replace(
        at(10, -60, 60, Q96), fee_growth_global0_x128=Q128 - 1, fee_growth_inside_last0_x128=U256 - 2 * Q128 - 1
    )
    assert position.amounts().fees0 == 30


def test_tokens_owed_still_count_when_the_liquidity_is_gone() -> None:
    # Growth since then does not: without liquidity nothing is credited any more.
    position = replace(
        at(0, -60, 60, Q96), tokens_owed0=7, tokens_owed1=9, fee_growth_global0_x128=5 * Q128, fee_growth_global1_x128=1
    )
    assert position.amounts() == Amounts(0, 0, 7, 9)
    assert not position.in_range
    assert position.log_sensitivity() == NOTHING
    assert position.principal_at(Decimal(1)) == NOTHING


def test_a_book_that_overflows_128_bits_wraps_as_the_contract_does() -> None:
    position = replace(at(10**18, -60, 60, Q96), tokens_owed0=Q128 - 1)
    principal = at(10**18, -60, 60, Q96).amounts().principal0
    amounts = position.amounts()
    assert amounts.total0 == principal - 1
    assert amounts.fees0 == 0


def test_the_pool_pays_no_more_than_its_own_book_holds() -> None:
    # Two positions of the manager in one range, liquidity 1 and 2; the second collects after every half unit of growth.
    # Each time the pool credits floor(3/2) = 1 and pays it out at once, so that after four times the first is
    # owed 2 by the manager's book, and the pool has nothing for it.
    half, paid = Q128 // 2, 4 * Q128 // 2
    first = replace(at(1, -60, 60, Q96), fee_growth_global0_x128=paid, fee_growth_global1_x128=paid)
    book = PoolBook(3, paid, paid, 0, 0)
    assert first.amounts() == Amounts(0, 0, 2, 2)
    assert replace(first, pool_book=book).amounts() == Amounts(0, 0, 0, 0)
    # The very burn credits the book with what grew on all liquidity of the range since; what lies there adds to it.
    ahead0 = replace(book, fee_growth_inside_last0_x128=paid - half)
    ahead1 = replace(book, fee_growth_inside_last1_x128=paid - half)
    assert replace(first, pool_book=ahead0).amounts() == Amounts(0, 0, 1, 0)
    assert replace(first, pool_book=ahead1).amounts() == Amounts(0, 0, 0, 1)
    assert replace(first, pool_book=replace(ahead0, tokens_owed0=1)).amounts() == Amounts(0, 0, 2, 0)
    assert replace(first, pool_book=replace(ahead1, tokens_owed1=1)).amounts() == Amounts(0, 0, 0, 2)


def test_what_the_pool_lacks_is_missing_from_the_fees_first() -> None:
    position = replace(at(10**18, -60, 60, Q96), tokens_owed0=5, tokens_owed1=5)
    principal = position.amounts().principal0
    short = replace(position, pool_book=PoolBook(10**18, 0, 0, 3, 5)).amounts()
    assert short == Amounts(principal, principal, 3, 5)


def test_without_liquidity_the_pools_stored_book_is_the_cap() -> None:
    # A collect without liquidity credits nothing first, whatever grew for the other tokens of the range.
    position = replace(at(0, -60, 60, Q96), tokens_owed0=7, tokens_owed1=9, fee_growth_global0_x128=5 * Q128)
    assert replace(position, pool_book=PoolBook(3, 0, 0, 6, 9)).amounts() == Amounts(0, 0, 6, 9)


def test_a_pool_that_knows_less_liquidity_than_the_position_is_not_believed() -> None:
    position = replace(at(10, -60, 60, Q96), pool_book=PoolBook(9, 0, 0, 0, 0))
    with pytest.raises(SkipCycle, match="liquidity 9"):
        position.amounts()


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
