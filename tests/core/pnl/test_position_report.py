"""What a position is worth, and its loss against holding."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts
from bot.core.lp.exposure import units_of
from bot.core.pnl.position_report import report
from bot.core.snapshot import Entry, EntrySource
from tests.core.scenes import MARKS, USD, lp

PRICES = {**MARKS, USD: Decimal(1)}
POSITION = replace(
    lp("a", (5, 10_000), liquidity=7),
    amounts=Amounts(5 * 10**18, 10_000 * 10**6, 10**17, 50 * 10**6),
    entry=Entry.single(10 * 10**18, 5_000 * 10**6, 7, EntrySource.MINT_EVENTS, 1),
)


def test_value_and_fees_are_at_the_prices_and_the_loss_leaves_fees_apart() -> None:
    shown = report(POSITION, units_of(POSITION), PRICES)
    assert (shown.value, shown.fees_value) == (Decimal(20_250), Decimal(250))
    # 10 ETH and 5,000 USD held would be worth 25,000; the principal is worth 20,000
    assert (shown.il, shown.il_value) == (Decimal("-0.2"), Decimal(-5_000))


def test_without_a_price_nothing_is_claimed() -> None:
    shown = report(POSITION, units_of(POSITION), {USD: Decimal(1)})
    assert (shown.value, shown.fees_value, shown.il, shown.il_value) == (None, None, None, None)


@pytest.mark.parametrize(
    "entry",
    [None, Entry.single(10, 10, 8, EntrySource.MINT_EVENTS, 1), Entry.single(0, 0, 7, EntrySource.FIRST_SIGHT, 1)],
)
def test_without_a_matching_entry_there_is_a_value_but_no_loss(entry: Entry | None) -> None:
    shown = report(replace(POSITION, entry=entry), units_of(POSITION), PRICES)
    assert shown.value == 20_250
    assert (shown.il, shown.il_value) == (None, None)


def test_fees_left_in_the_pool_are_fees_and_no_part_of_the_loss() -> None:
    # 1 ETH and 2,000 USD went in, sqrt(k) grew by a quarter since, at the same price: 4,000 USD are now 5,000
    curve = ConstantProductPosition(100, 400, 5 * 10**18, 10**10, 5 * 10**18, 10**10, 0, fee_on=False)
    entry = Entry.single(10**18, 2_000 * 10**6, 100, EntrySource.MINT_EVENTS, 1)
    shown = report(replace(POSITION, curve=curve, amounts=curve.amounts(), entry=entry), units_of(POSITION), PRICES)
    assert shown.value == 5_000
    assert shown.fees_value is not None
    assert shown.il is not None
    assert abs(shown.fees_value - 1_000) < Decimal("1e-6")
    assert abs(shown.il) < Decimal("1e-9")
