"""Liquidation prices: the venues' own worked examples, and the definition itself over generated positions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.market import MarginTier
from bot.core.risk.margin import (
    bankruptcy_price,
    liquidation_price,
    maintenance_margin,
    max_notional,
    tier_for,
)

D = Decimal


def flat(rate: str, amount: str) -> tuple[MarginTier, ...]:
    """A table of one tier, where an example names the tier's numbers only."""
    return (MarginTier(D(0), D("1e12"), D(rate), D(amount), D(125)),)


TABLE = (
    MarginTier(D(0), D(50_000), D("0.004"), D(0), D(125)),
    MarginTier(D(50_000), D(250_000), D("0.005"), D(50), D(100)),
    MarginTier(D(250_000), D(1_000_000), D("0.01"), D(1_300), D(50)),
    MarginTier(D(1_000_000), D(5_000_000), D("0.025"), D(16_300), D(20)),
    MarginTier(D(5_000_000), D(50_000_000), D("0.05"), D(141_300), D(10)),
)


@pytest.mark.parametrize(
    ("size", "entry", "others_maintenance", "others_profit", "rate", "amount", "expected"),
    [
        ("3683.979", "1456.84", "71200.81144", "-56354.57", "0.10", "135365", "1153.26"),
        ("109.488", "32481.98", "356512.508", "-448192.89", "0.025", "16300", "26316.89"),
    ],
)
def test_binance_cross_example_of_two_longs(  # the two positions of the example on Binance's own page
    *, size: str, entry: str, others_maintenance: str, others_profit: str, rate: str, amount: str, expected: str
) -> None:
    collateral = D("1535443.01") - D(others_maintenance) + D(others_profit)
    price = liquidation_price(flat(rate, amount), D(size), D(size) * D(entry), collateral)
    assert price is not None
    assert round(price, 2) == D(expected)


@pytest.mark.parametrize(
    ("size", "entry", "rate", "amount", "expected"),
    [
        ("3683.979", "1456.84", "0.10", "135365", "1114.78"),
        ("109.488", "32481.98", "0.025", "16300", "18778.73"),
    ],
)
def test_binance_isolated_example(size: str, entry: str, rate: str, amount: str, expected: str) -> None:
    price = liquidation_price(flat(rate, amount), D(size), D(size) * D(entry), D("1535443.01"))
    assert price is not None
    assert round(price, 2) == D(expected)


def test_binance_isolated_short_by_its_formula() -> None:
    # (wallet + amount + q E) / (q (1 + rate)), 10 BTC at 30,000 with 30,000 USD: the tier at the price is the third
    price = liquidation_price(TABLE, D(-10), D(-300_000), D(30_000))
    assert price == (D(30_000) + 1300 + 300_000) / (10 * D("1.01"))


def test_bitget_isolated_by_its_formula_in_the_first_tier() -> None:
    fee = D("0.0006")
    short = liquidation_price(flat("0.004", "0"), D(-1), D(-40_000), D(4_000), fee)
    assert short == (D(4_000) + 40_000) / (1 * (D("0.004") + fee + 1))
    long = liquidation_price(flat("0.004", "0"), D(1), D(40_000), D(4_000), fee)
    assert long is not None
    assert abs(long - (D(4_000) - 40_000) / (D("0.004") + fee - 1)) < D("1e-18")


def test_bitget_maintenance_example_of_two_tiers() -> None:
    # 3 BTC at 110,000: 200,000 x (0.40% + 0.06%) + 130,000 x (0.50% + 0.06%)
    table = (
        MarginTier(D(0), D(200_000), D("0.004"), D(0), D(125)),
        MarginTier(D(200_000), D(1_000_000), D("0.005"), D(200), D(100)),
    )
    assert maintenance_margin(table, D(330_000), D("0.0006")) == 1648


def test_binance_maintenance_amounts() -> None:
    assert maintenance_margin(TABLE, D(264_000)) == 2640 - 1300
    assert maintenance_margin(TABLE, D(0)) == 0
    assert tier_for(TABLE, D(50_000)).maintenance_rate == D("0.004")
    assert tier_for(TABLE, D(50_001)).maintenance_rate == D("0.005")
    assert tier_for(TABLE, D("1e12")) is TABLE[-1]
    assert max_notional(TABLE, D(20)) == 5_000_000
    assert max_notional(TABLE, D(126)) == 0
    with pytest.raises(ValueError, match="at least one tier"):
        tier_for((), D(1))


def test_a_long_with_more_cash_than_it_can_lose_is_never_liquidated() -> None:
    assert liquidation_price(TABLE, D(1), D(30_000), D(30_000)) is None
    assert liquidation_price(TABLE, D(-1), D(-30_000), D(30_000)) is not None


def test_bankruptcy_is_where_nothing_is_left() -> None:
    assert bankruptcy_price(D(-2), D(-4_000), D(400)) == 2200
    assert bankruptcy_price(D(2), D(4_000), D(400)) == 1800


def test_where_a_table_jumps_the_jump_is_the_price_of_a_short() -> None:
    jumping = (
        MarginTier(D(0), D(100_000), D("0.004"), D(0), D(125)),
        MarginTier(D(100_000), D(1_000_000), D("0.10"), D(0), D(10)),
    )
    # at 100,000 of notional 6,000 are left: more than 400, less than 10,000
    assert liquidation_price(jumping, D(-1), D(-96_000), D(10_000)) == 100_000
    long = liquidation_price(jumping, D(1), D(104_000), D(10_000))
    assert long is not None
    assert abs(long - D(94_000) / D("0.9")) < D("1e-18")


POSITIONS = {
    "lots": st.integers(1, 2_000_000),
    "entry": st.integers(100_000, 10_000_000),
    "leverage": st.integers(1, 125),
    "bitget": st.booleans(),
    "short": st.booleans(),
}


@given(**POSITIONS)
def test_at_the_price_equity_is_the_maintenance_margin(  # the definition, by direct computation on both sides of it
    *, lots: int, entry: int, leverage: int, bitget: bool, short: bool
) -> None:
    size = D(-lots if short else lots) / 1000
    cost = size * D(entry) / 100
    collateral = abs(cost) / leverage
    fee = D("0.0006") if bitget else D(0)
    # the fee makes Bitget's table steeper in every tier alike, so it stays continuous
    price = liquidation_price(TABLE, size, cost, collateral, fee)

    def alive(at: Decimal) -> bool:
        return collateral + size * at - cost > maintenance_margin(TABLE, abs(size) * at, fee)

    nudge = D("1e-12")
    if price is None:
        assert not short
        assert alive(nudge)
    elif short:
        assert alive(price * (1 - nudge))
        assert not alive(price * (1 + nudge))
    else:
        assert alive(price * (1 + nudge))
        assert not alive(price * (1 - nudge))
