"""The stress reserve against its closed form: what getting out costs, and what goes with a venue that vanishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.analysis.stress import WORST, stress_reserve
from bot.core.market import Book, Funding
from bot.core.snapshot import Balance, VenueView
from tests.core.scenes import ETH, MARKS, NOW, quote, symbol, venue

D = Decimal
MARK = MARKS[ETH]
MONEY = st.decimals("-100000", "100000", places=2)


def account(short: Decimal, *, rate: str = "0.0001", hours: int = 8, spread: str = "0", cash: str = "0") -> VenueView:
    """Make an account that is short of ether at a taker fee of 0.04%, under a spread in USD."""
    shown = quote(ETH, fee="0.0004")
    half = D(spread) / 2
    book = Book(MARK - half, D(1), MARK + half, D(1), NOW)
    funding = Funding(D(rate), NOW, timedelta(hours=hours), NOW)
    view = venue({ETH: -short}, quotes=[replace(shown, book=book, funding=funding)])
    return replace(view, balance=Balance(D(cash), D(cash), D(0), D(0), D(0)))


def test_getting_out_costs_fee_half_the_spread_and_a_day_of_the_worst_funding() -> None:
    found = stress_reserve(account(D(10), spread="2"), {})
    assert found.short == 10 * MARK
    assert found.trading == 10 * MARK * D("0.0004") + 10
    assert found.funding == 10 * MARK * D("0.015")
    assert found.unwinding == found.trading + found.funding


@pytest.mark.parametrize(("hours", "times"), [(8, 3), (4, 6), (1, 24)])
def test_a_present_rate_that_is_worse_than_any_seen_counts_by_how_often_it_is_paid(hours: int, times: int) -> None:
    found = stress_reserve(account(D(1), rate="-0.02", hours=hours), {})
    assert found.funding == MARK * D("0.02") * times
    assert stress_reserve(account(D(1), rate="0.02", hours=hours), {}).funding == MARK * WORST


def test_with_the_venue_go_cash_and_profit_and_a_loss_takes_part_of_the_cash() -> None:
    rich = account(D(10), cash="5000")
    gained = replace(rich, balance=replace(rich.balance, equity=D(6000), reserve=D(100)))
    lost = replace(rich, balance=replace(rich.balance, equity=D(4000)))
    hedge_anew = 10 * MARK * D("0.0004")
    assert stress_reserve(gained, {}).vanishing == 6100 + hedge_anew
    assert stress_reserve(lost, {}).vanishing == 4000 + hedge_anew


@given(
    stands=st.decimals("0", "100", places=2),
    wanted=st.decimals("-1000", "300000", places=2),
    cash=st.decimals("0", "100000", places=2),
    profit=MONEY,
)
def test_the_larger_of_what_stands_and_what_is_wanted_counts_and_nothing_is_below_zero(
    stands: Decimal, wanted: Decimal, cash: Decimal, profit: Decimal
) -> None:
    view = account(stands)
    view = replace(view, balance=replace(view.balance, wallet=cash, equity=cash + profit))
    found = stress_reserve(view, {symbol(ETH): wanted})
    assert found.short == max(stands * MARK, wanted)
    assert min(found.trading, found.funding, found.unwinding, found.vanishing) >= 0
    assert found.vanishing >= cash + profit
    assert stress_reserve(account(D(0)), {}).unwinding == 0
