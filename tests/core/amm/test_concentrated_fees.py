"""Fees of concentrated positions: what grew in range, counters that wrap, and what the pool can pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.concentrated import PoolBook
from bot.core.amm.curve import Amounts
from bot.core.amm.tick_math import (
    MAX_TICK,
    MIN_TICK,
    sqrt_ratio_at_tick,
)
from bot.core.errors import SkipCycle
from tests.core.amm.positions import at
from tests.core.amm.reals import Q96

Q128 = 2**128

U256 = 2**256

NOTHING = (Decimal(0), Decimal(0))

growths = st.integers(0, U256 - 1)


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
