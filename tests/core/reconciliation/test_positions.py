"""The account check: what a venue shows is explained by the journal, by an order in flight, or by nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.inputs import CycleInputs, Dispute, Hold, PendingStatus
from bot.core.orders import OrderKind
from bot.core.reconciliation.identity import Forced
from bot.core.reconciliation.positions import (
    Expected,
    Patience,
    Sight,
    adopted,
    is_confirmed,
    unexplained,
)
from bot.core.run_state import RunState
from bot.core.snapshot import OpenOrder, VenueView
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from tests.core.scenes import (
    ETH,
    NOW,
    PAPER,
    chain,
    hedge,
    pending,
    policy,
    quantities,
    quote,
    snapshot,
    state,
    symbol,
    v2,
    venue,
)

TENTHS = st.integers(-100, 100).map(lambda number: Decimal(number) / 10)


def resting(client_id: str | None, number: str = "9") -> OpenOrder:
    name = None if client_id is None else ClientOrderId(client_id)
    return OpenOrder(name, number, symbol(ETH), OrderKind.LIMIT, Decimal(-1), Decimal(1), None, False, NOW)


def showing(*orders: OpenOrder, position: str = "0") -> VenueView:
    return replace(venue({ETH: position}), open_orders=orders)


def expecting(size: Decimal | str) -> dict[Symbol, Expected]:
    return {symbol(ETH): Expected(Decimal(size), None)}


@given(expected=TENTHS, position=TENTHS, flights=st.lists(TENTHS.filter(bool), max_size=3))
def test_a_position_is_explained_exactly_where_some_filling_of_the_orders_in_flight_leads_to_it(
    expected: Decimal, position: Decimal, flights: list[Decimal]
) -> None:
    orders = [pending(ETH, quantity) for quantity in flights]
    odd = unexplained(venue({ETH: position}), {symbol(ETH): Expected(expected, None)}, orders)
    lowest = expected + sum(quantity for quantity in flights if quantity < 0)
    highest = expected + sum(quantity for quantity in flights if quantity > 0)
    assert (symbol(ETH) not in odd) == (lowest <= position <= highest)


def test_a_stop_that_still_rests_explains_nothing() -> None:
    stop = pending(ETH, 5, PendingStatus.OPEN, OrderKind.STOP_MARKET)
    name = stop.intent.client_id
    assert symbol(ETH) in unexplained(showing(resting(name), position="-2"), expecting("-5"), [stop])
    assert symbol(ETH) not in unexplained(showing(position="-2"), expecting("-5"), [stop])


SECOND = timedelta(seconds=1)
FIRST = Sight(Decimal(-2), Decimal(2000), NOW)
LATER = replace(FIRST, at=NOW + SECOND)
CALM = Expected(Decimal(-5), NOW - timedelta(minutes=2))


@pytest.mark.parametrize(
    ("first", "now", "expected", "is_enough"),
    [
        (FIRST, LATER, CALM, True),
        (None, LATER, CALM, False),
        (FIRST, FIRST, CALM, False),
        (FIRST, replace(FIRST, at=NOW + SECOND / 2), CALM, False),
        (FIRST, replace(LATER, position=Decimal(-1)), CALM, False),
        (FIRST, replace(LATER, mark=Decimal(2041)), CALM, False),
        (FIRST, replace(LATER, mark=Decimal(2039)), CALM, True),
        (FIRST, LATER, Expected(Decimal(-5), NOW - timedelta(seconds=63)), False),
        (FIRST, LATER, Expected(Decimal(-5), None), True),
    ],
)
def test_a_position_is_confirmed_by_a_second_read_that_no_late_news_of_ours_can_explain(
    first: Sight | None, now: Sight, expected: Expected, *, is_enough: bool
) -> None:
    assert is_confirmed(first, now, expected, Patience(timedelta(seconds=65), SECOND)) is is_enough


@pytest.mark.parametrize(
    ("causes", "words", "is_critical"),
    [
        ([Forced.LIQUIDATION], "(liquidation)", True),
        ([Forced.DELEVERAGING, None, None], "(a trade by hand or of another program, auto-deleveraging)", True),
        ([None], "(a trade by hand or of another program)", False),
        ([], "(no trade says why)", False),
    ],
)
def test_what_is_taken_over_says_how_much_and_why(
    causes: list[Forced | None], words: str, *, is_critical: bool
) -> None:
    told = adopted(PAPER, symbol(ETH), FIRST, Expected(Decimal(-5), None), causes)
    assert "+3" in told.message
    assert words in told.message
    assert (told.hold, told.is_critical) == (Hold.NOTHING, is_critical)


def dispute(hold: Hold, on: str | None = None, at: str = "paper") -> Dispute:
    return Dispute("k", VenueId(at), None if on is None else symbol(Underlying(on)), "they disagree", hold)


LP = chain([v2("a", 20_000)])


@pytest.mark.parametrize(
    ("found", "run", "position", "trades"),
    [
        (dispute(Hold.ALL, "ETH"), RunState.RUNNING, "0", False),
        (dispute(Hold.ALL, "ETH"), RunState.RUNNING, "-9", False),
        (dispute(Hold.ALL, "ETH"), RunState.FLATTENING, "-9", True),
        (dispute(Hold.ALL, "BTC"), RunState.RUNNING, "0", True),
        (dispute(Hold.ADDS), RunState.RUNNING, "0", False),
        (dispute(Hold.ADDS), RunState.RUNNING, "-9", True),
        (dispute(Hold.ADDS, at="other"), RunState.RUNNING, "0", True),
        (dispute(Hold.NOTHING, "ETH"), RunState.RUNNING, "0", True),
    ],
)
def test_a_dispute_holds_what_it_says_and_is_an_alarm(
    found: Dispute, run: RunState, position: str, *, trades: bool
) -> None:
    inputs = CycleInputs(disputes=(found,))
    decision = decide(snapshot(LP, venue({ETH: position})), inputs, state(run), policy(hedges={ETH: hedge(ETH)}))
    assert bool(quantities(decision)) is trades
    assert "k" in {alarm.key for alarm in decision.alarms}


def test_a_disputed_position_holds_its_underlying_at_every_venue() -> None:
    other = VenueId("other")
    venues = [venue(), venue(name=other, quotes=[quote(ETH, venue=other)])]
    found = dispute(Hold.ALL, "ETH", "other")
    decision = decide(
        snapshot(LP, venues),
        CycleInputs(disputes=(found,)),
        state(),
        policy(hedges={ETH: hedge(ETH, venues=[PAPER, other])}),
    )
    assert quantities(decision) == {}
