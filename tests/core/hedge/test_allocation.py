"""Allocation: the cheapest healthy market first, within the caps; a failing venue's share moves to the other one."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.hedge.allocation import Steering, payments
from bot.core.hedge.markets import MarketState, hedge_markets_of
from bot.core.inputs import CycleInputs, Dispute, Hold
from bot.core.policy import ExecutionPolicy, HedgeMarket, HedgePolicy
from bot.core.snapshot import Quote, VenueUnknown, VenueView
from bot.core.state import VenueWatch
from bot.core.types import Symbol, VenueId
from tests.core.scenes import (
    ETH,
    FUNDING,
    NO_INPUTS,
    NOW,
    chain,
    pending,
    policy,
    quote,
    snapshot,
    state,
    symbol,
    v2,
    venue,
)

A, B, C = VenueId("a"), VenueId("b"), VenueId("c")
LP = chain([v2("lp", 20_000)])
RATES = st.integers(-50, 50).map(lambda number: Decimal(number) / 100_000)
FEES = st.integers(0, 20).map(lambda number: Decimal(number) / 10_000)


def market(name: VenueId, *, fee: Decimal | str = "0.0004", rate: Decimal | str = "0.0001", hours: int = 8) -> Quote:
    made = quote(ETH, venue=name, fee=str(fee))
    return replace(made, funding=replace(FUNDING, rate=Decimal(rate), interval=timedelta(hours=hours)))


def account(shown: Quote, short: str = "0") -> VenueView:
    return venue({ETH: short}, quotes=[shown], name=shown.market.venue)


def caps(*names: VenueId, cap: str = "1e9") -> HedgePolicy:
    return HedgePolicy(Decimal(1), tuple(HedgeMarket(name, symbol(ETH), Decimal(cap)) for name in names))


def sold(decision: Decision) -> dict[VenueId, Decimal]:
    return {item.order.venue: item.order.quantity for item in decision.approved}


def ordered(first: Quote, second: Quote, short: str = "0") -> list[VenueId]:
    views = snapshot(LP, [account(first, short), account(second, short)])
    decision = decide(
        views, NO_INPUTS, state(), policy(hedges={ETH: caps(first.market.venue, second.market.venue, cap="6000")})
    )
    return [item.order.venue for item in decision.approved]


def test_the_lower_fee_comes_first() -> None:
    assert ordered(market(A, fee="0.0005"), market(B, fee="0.0004")) == [B, A]


def test_funding_that_a_short_receives_outweighs_a_fee_over_the_horizon() -> None:
    # a day of funding: 3 x 0.01% more at A, against 0.02% more to pay there
    assert ordered(market(A, fee="0.0006", rate="0.0002"), market(B, fee="0.0004")) == [A, B]
    assert ordered(market(A, fee="0.0008", rate="0.0002"), market(B, fee="0.0004")) == [B, A]


def test_funding_is_compared_over_time_and_not_by_payment() -> None:
    assert ordered(market(B, rate="0.0002", hours=8), market(A, rate="0.0001", hours=1)) == [A, B]


def test_a_present_rate_counts_for_less_the_longer_a_short_is_kept() -> None:
    eight = timedelta(hours=8)
    assert [float(payments(count * eight, eight)) for count in (0, 1, 2, 3)] == pytest.approx([0, 1, 1.7, 2.19])
    assert float(payments(1000 * eight, eight)) == pytest.approx(1 / 0.3)
    # 0.03% more for one settlement does not pay 0.11% of fees, however long the short is kept
    far = replace(policy(), execution=ExecutionPolicy(horizon=timedelta(days=365)))
    views = snapshot(LP, [account(market(A, fee="0.0015", rate="0.0004")), account(market(B, fee="0.0004"))])
    first = decide(views, NO_INPUTS, state(), replace(far, hedges={ETH: caps(A, B, cap="6000")})).approved[0]
    assert first.order.venue == B


@given(horizon=st.integers(1, 400), rate=st.integers(1, 50))
def test_of_the_same_rate_over_time_the_longer_interval_knows_more_and_none_is_out_of_proportion(
    horizon: int, rate: int
) -> None:
    """A payment is known for its whole interval; with ever shorter ones the sum is the integral of what is left."""
    hourly = Decimal(rate) / 1_000_000
    span = timedelta(hours=horizon)
    forecasts = [float(hourly * hours * payments(span, timedelta(hours=hours))) for hours in (1, 4, 8)]
    assert forecasts == sorted(forecasts)
    kept = -math.log(0.7) / 8
    integral = float(hourly) * (1 - math.exp(-kept * horizon)) / kept
    ratios = [forecast / integral for forecast in forecasts]
    assert ratios == pytest.approx([kept * hours / (1 - math.exp(-kept * hours)) for hours in (1, 4, 8)])
    assert max(ratios) < 1.2


def test_a_dex_that_pays_each_hour_in_usdc_is_compared_with_exchanges_that_pay_each_8_and_4_hours_in_usdt() -> None:
    day = ("0.0003", 8), ("0.00020", 4), ("0.00006", 1)  # a day at the present rate: 0.09%, 0.12%, 0.144%
    views = [market(name, rate=rate, hours=hours) for name, (rate, hours) in zip((A, B, C), day, strict=True)]
    views[2] = replace(views[2], market=replace(views[2].market, symbol=Symbol("ETH/USDC:USDC")))
    names = HedgePolicy(Decimal(1), tuple(HedgeMarket(v.market.venue, v.market.symbol, Decimal("1e9")) for v in views))
    found = hedge_markets_of(names, {view.market.venue: account(view) for view in views}, {}).open
    steering = Steering(rests=False, horizon=timedelta(days=1), now=NOW)
    assert [one.market.venue for one in steering.to_open(found)] == [C, B, A]
    assert [one.market.venue for one in steering.to_close(found)] == [A, B, C]


def test_a_market_whose_funding_is_not_known_comes_last_and_is_closed_first() -> None:
    old = market(A, rate="0.002")
    stale = replace(old, funding=replace(FUNDING, rate=Decimal("0.002"), as_of=NOW - timedelta(hours=9)))
    for unknown in (stale, replace(old, funding=None), replace(old, funding=replace(FUNDING, interval=timedelta(0)))):
        assert ordered(unknown, market(B)) == [B, A]
        assert ordered(unknown, market(B), short="-8")[0] == A


def test_where_all_costs_the_same_the_order_of_preference_decides() -> None:
    assert ordered(market(A), market(B)) == [A, B]
    assert ordered(market(B), market(A)) == [B, A]


def test_a_purchase_closes_first_where_the_short_pays_the_most() -> None:
    assert ordered(market(A, rate="0.0001"), market(B, rate="-0.0001"), short="-8")[0] == B
    assert ordered(market(B, rate="0.0001"), market(A, rate="-0.0001"), short="-8")[0] == A


def hedge_markets(names: list[VenueId], fees: list[Decimal], rates: list[Decimal]) -> tuple[MarketState, ...]:
    views = {
        name: account(market(name, fee=fee, rate=rate)) for name, fee, rate in zip(names, fees, rates, strict=True)
    }
    return hedge_markets_of(caps(*names), views, {}).open


@given(
    fees=st.lists(FEES, min_size=3, max_size=3),
    rates=st.lists(RATES, min_size=3, max_size=3),
    hours=st.integers(0, 100),
    shut=st.sets(st.sampled_from([A, B, C])),
    rests=st.booleans(),
)
def test_every_market_keeps_its_place_by_health_then_cost_then_preference(
    fees: list[Decimal], rates: list[Decimal], hours: int, shut: set[VenueId], *, rests: bool
) -> None:
    names = [A, B, C]
    steering = Steering(rests, timedelta(hours=hours), frozenset((venue, None) for venue in shut))
    forecast = Decimal((1 - 0.7 ** (hours / 8)) / (1 - 0.7))
    given_order = hedge_markets(names, fees, rates)
    opening, closing = steering.to_open(given_order), steering.to_close(given_order)
    assert (
        sorted(market_state.market.venue for market_state in opening)
        == names
        == sorted(market_state.market.venue for market_state in closing)
    )

    def to_open(market_state: MarketState) -> tuple[bool, Decimal, int]:
        fee = market_state.rules.maker_fee if rests else market_state.rules.taker_fee + Decimal("0.0001")
        assert market_state.funding is not None
        cost = fee - market_state.funding.rate * forecast
        return market_state.market.venue in shut, round(cost, 15), names.index(market_state.market.venue)

    assert all(to_open(one) < to_open(two) for one, two in pairwise(opening))
    assert all(
        round(steering.trading(one) + steering.funding(one), 15)
        <= round(steering.trading(two) + steering.funding(two), 15)
        for one, two in pairwise(closing)
    )


@given(first=FEES, second=FEES, rates=st.tuples(RATES, RATES), cap=st.integers(500, 12_000))
def test_no_market_gets_more_than_its_cap_whatever_it_costs(
    first: Decimal, second: Decimal, rates: tuple[Decimal, Decimal], cap: int
) -> None:
    views = snapshot(LP, [account(market(A, fee=first, rate=rates[0])), account(market(B, fee=second, rate=rates[1]))])
    decision = decide(views, NO_INPUTS, state(), policy(hedges={ETH: caps(A, B, cap=str(cap))}))
    assert all(-quantity * 2000 <= cap for quantity in sold(decision).values())
    assert -sum(sold(decision).values()) <= 5


def stranger(hold: Hold) -> Dispute:
    return Dispute("foreign", A, None, "someone else's order", hold, is_critical=True)


def test_a_frozen_venues_share_goes_to_the_other_within_its_cap() -> None:
    views = snapshot(LP, [account(market(A)), account(market(B, fee="0.002"))])
    inputs = CycleInputs(disputes=(stranger(Hold.ADDS),))
    assert set(sold(decide(views, inputs, state(), policy(hedges={ETH: caps(A, B)})))) == {B}
    (small,) = sold(decide(views, inputs, state(), policy(hedges={ETH: caps(A, B, cap="4000")}))).values()
    assert Decimal(-2) <= small < Decimal("-1.9")


def test_an_unresolved_order_sends_what_is_new_to_the_other_venue() -> None:
    views = snapshot(LP, [account(market(A)), account(market(B, fee="0.002"))])
    inputs = CycleInputs((pending(ETH, -1, on=A),))
    decision = decide(views, inputs, state(), policy(hedges={ETH: caps(A, B)}))
    assert set(sold(decision)) == {B}
    assert Decimal(-4) <= sold(decision)[B] < Decimal("-3.8")


def test_a_venue_that_is_silent_for_long_is_taken_over_within_the_others_cap() -> None:
    wanted = policy(hedges={ETH: caps(A, B, cap="7000")})
    both = snapshot(LP, [account(market(A), "-2"), account(market(B), "-3")])
    before = decide(both, NO_INPUTS, state(), wanted).state
    silent = replace(before, venues={A: VenueWatch(down_since=NOW - wanted.risk.takeover)})
    grown = chain([v2("lp", 32_000)])
    down: list[VenueView | VenueUnknown] = [VenueUnknown(A, "down", NOW), account(market(B), "-3")]
    assert sold(decide(snapshot(grown, down), NO_INPUTS, before, wanted)) == {}
    quantity = sold(decide(snapshot(grown, down), NO_INPUTS, silent, wanted))[B]
    assert -Decimal("0.5") <= quantity < 0
