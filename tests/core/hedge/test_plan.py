"""Plans: whole lots, short only, within caps, and never twice while an order is unresolved."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.orders import OrderKind
from bot.core.policy import FixedWidth
from bot.core.snapshot import VenueUnknown
from bot.core.state import State
from bot.core.types import VenueId
from tests.core.scenes import (
    BTC,
    ETH,
    NO_INPUTS,
    NOW,
    PAPER,
    chain,
    decide_simply,
    hedge,
    line,
    note,
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

OTHER = VenueId("other")
WIDE = policy(FixedWidth(Decimal("0.1")))
FIVE_ETH = chain([v2("a", 20_000)])


def with_pending(position: str, *orders: Pending) -> Decision:
    return decide(snapshot(FIVE_ETH, venue({ETH: position})), CycleInputs(orders), state(), WIDE)


def test_orders_are_whole_lots_rounded_down() -> None:
    account = venue(quotes=[quote(ETH, lot="0.3"), quote(BTC)])
    assert quantities(decide_simply(FIVE_ETH, account, WIDE)) == {ETH: Decimal("-4.8")}  # 5 less r = 0.2


def test_the_largest_order_of_the_market_is_respected() -> None:
    account = venue(quotes=[quote(ETH, max_quantity="2"), quote(BTC)])
    assert quantities(decide_simply(FIVE_ETH, account)) == {ETH: Decimal(-2)}


def test_an_over_hedged_book_buys_back_reduce_only() -> None:
    decision = decide_simply(FIVE_ETH, venue({ETH: "-6"}), WIDE)
    assert quantities(decision) == {ETH: Decimal("0.503")}  # back to r, 0.5 less the 5 USD minimum of 0.003
    assert decision.approved[0].order.reduce_only


def test_orders_in_flight_count() -> None:
    decision = with_pending("0", pending(ETH, -5, PendingStatus.OPEN))
    assert decision.approved == ()
    assert (line(decision, ETH).in_flight, line(decision, ETH).drift) == (Decimal(-5), Decimal(0))


def test_a_fill_that_position_and_order_both_show_is_not_bought_back() -> None:
    decision = with_pending("-5", pending(ETH, -5, PendingStatus.OPEN))
    assert decision.approved == ()
    assert note(decision, ETH) == "waits for the orders in flight"


def test_a_buy_never_exceeds_what_orders_in_flight_leave_of_the_short() -> None:
    gone = decide_simply(chain())  # nothing to hedge: the whole short is to be closed
    inputs = CycleInputs((pending(ETH, 2, PendingStatus.OPEN),))
    decision = decide(snapshot(chain(), venue({ETH: -5})), inputs, State(bot=gone.state.bot), policy())
    assert quantities(decision) == {ETH: Decimal(3)}


def test_a_resting_stop_is_no_order_in_flight() -> None:
    decision = with_pending("-5", pending(ETH, 5, PendingStatus.OPEN, OrderKind.STOP_MARKET))
    assert line(decision, ETH).in_flight == 0
    assert decision.approved == ()


def test_a_whole_remainder_below_the_minimum_is_closed() -> None:
    decision = decide_simply(chain(), venue({ETH: "-0.002"}))
    assert quantities(decision) == {ETH: Decimal("0.002")}
    assert "below the minimum" in note(decision, ETH)


def test_what_is_less_than_a_lot_is_visible_dust() -> None:
    decision = decide_simply(chain(), venue({ETH: "-0.0004"}))
    assert decision.approved == ()
    assert "dust" in note(decision, ETH)


def test_adds_fill_the_markets_in_order_up_to_their_caps() -> None:
    hedges = {ETH: hedge(ETH, cap="4000.4", venues=(PAPER, OTHER))}
    decision = decide(snapshot(FIVE_ETH, [venue(), venue(name=OTHER)]), NO_INPUTS, state(), policy(hedges=hedges))
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [
        (PAPER, Decimal(-2)),
        (OTHER, Decimal(-2)),
    ]
    assert [alarm.key for alarm in decision.alarms] == ["market-cap:ETH", "unhedged:ETH"]
    assert "stays unhedged" in note(decision, ETH)


def test_reductions_come_from_where_the_position_is_the_last_market_first() -> None:
    hedges = {ETH: hedge(ETH, venues=(PAPER, OTHER))}
    accounts = [venue({ETH: -2}), venue({ETH: -3}, name=OTHER)]
    decision = decide(snapshot(chain(), accounts), NO_INPUTS, state(), policy(hedges=hedges))
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [
        (OTHER, Decimal(3)),
        (PAPER, Decimal(2)),
    ]


def test_an_unknown_venue_adds_nothing_and_is_told() -> None:
    dark = VenueUnknown(PAPER, "no answer", NOW)
    decision = decide(snapshot(FIVE_ETH, [dark]), NO_INPUTS, state(), policy())
    shown = line(decision, ETH)
    assert (shown.position, shown.drift, shown.mark, shown.band) == (None, None, None, None)
    assert decision.approved == ()
    assert {alarm.key for alarm in decision.alarms} == {"venue:paper", "blind:BTC", "blind:ETH"}


@pytest.mark.parametrize(("known", "expected"), [("-4", {}), ("-7", {ETH: Decimal("1.503")})])
def test_with_one_of_two_venues_unknown_only_a_sure_excess_is_reduced(known: str, expected: dict[str, Decimal]) -> None:
    hedges = {ETH: hedge(ETH, venues=(PAPER, OTHER))}
    accounts = (VenueUnknown(PAPER, "no answer", NOW), venue({ETH: known}, name=OTHER))
    decision = decide(
        snapshot(FIVE_ETH, accounts), NO_INPUTS, state(), policy(FixedWidth(Decimal("0.1")), hedges=hedges)
    )
    assert quantities(decision) == expected
    assert line(decision, ETH).position is None


def test_a_position_in_a_market_that_no_hedge_uses_is_shown_and_left_alone() -> None:
    decision = decide(snapshot(chain(), venue({BTC: "-1"})), NO_INPUTS, state(), policy(hedges={ETH: hedge(ETH)}))
    assert line(decision, BTC).position == -1
    assert decision.approved == ()
    assert [alarm.key for alarm in decision.alarms] == [f"stray:paper:{symbol(BTC)}"]


def test_between_the_inner_and_the_outer_edge_nothing_is_done_on_either_side() -> None:
    wanted = policy(fixed_cost="5")
    band = line(decide_simply(FIVE_ETH, venue({ETH: -5}), wanted), ETH).band
    assert band is not None
    assert band.outer - band.inner > Decimal("0.05")
    between = ((band.outer + band.inner) / 2).quantize(Decimal("0.001"))
    for drift in (between, -between):
        assert decide_simply(FIVE_ETH, venue({ETH: drift - 5}), wanted).approved == ()


def test_what_a_market_holds_already_uses_up_its_cap() -> None:
    hedges = {ETH: hedge(ETH, cap="6000.6", venues=(PAPER, OTHER))}
    accounts = [venue({ETH: -2}), venue(name=OTHER)]
    decision = decide(
        snapshot(FIVE_ETH, accounts), NO_INPUTS, state(), policy(FixedWidth(Decimal("0.1")), hedges=hedges)
    )
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [
        (PAPER, Decimal(-1)),
        (OTHER, Decimal("-1.503")),
    ]


def test_a_purchase_in_flight_leaves_nothing_to_close_on_its_market() -> None:
    inputs = CycleInputs((pending(ETH, 5, PendingStatus.OPEN, on=OTHER),))
    accounts = [venue({ETH: -3}), venue({ETH: -5}, name=OTHER)]
    wanted = policy(hedges={ETH: hedge(ETH, venues=(PAPER, OTHER))})
    decision = decide(snapshot(chain(), accounts), inputs, state(), wanted)
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [(PAPER, Decimal(3))]


def test_a_sale_does_not_count_on_a_purchase_in_flight() -> None:
    decision = with_pending("-2", pending(ETH, 2, PendingStatus.OPEN))
    assert quantities(decision) == {ETH: Decimal("-2.503")}  # 3 short of the 5, less r
