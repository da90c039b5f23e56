"""One order per market and cycle: what rests and what is wanted are made into one, and requotes give way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Approved, Cancel, Decision, Replaced
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.orders import Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.policy import ExecutionPolicy, FixedWidth, GuardPolicy, Policy, Style
from bot.core.run_state import RunState
from bot.core.snapshot import OpenOrder
from bot.core.state import State
from bot.core.types import ClientOrderId, VenueId
from tests.core.risks import CAREFUL
from tests.core.scenes import ETH, GUARDS, NOW, PAPER, chain, hedge, policy, snapshot, state, symbol, v2, venue

D = Decimal
BID, ASK = D("1999.80"), D("2000.20")
OTHER = VenueId("other")
MAKER = ExecutionPolicy(Style.MAKER, patience=D(2))
FIVE_ETH = chain([v2("a", 20_000)])
"""A band of half an ETH: a tenth."""


def resting(
    quantity: str, price: Decimal = ASK, *, name: str = "dn-1-1", on: VenueId = PAPER, filled: str = "0"
) -> Pending:
    signed = D(quantity)
    request = OrderRequest(
        on, symbol(ETH), ETH, signed, OrderKind.LIMIT, TimeInForce.POST_ONLY, signed > 0, "test", price
    )
    return Pending(Intent(ClientOrderId(name), 1, request, NOW), PendingStatus.OPEN, signed - D(filled))


def wanted(guards: GuardPolicy = GUARDS, execution: ExecutionPolicy = MAKER, **more: object) -> Policy:
    return replace(policy(FixedWidth(D("0.1")), guards=guards, **more), execution=execution)  # type: ignore[arg-type] # its own keywords


def decided(position: str, *orders: Pending, rules: Policy | None = None, before: State | None = None) -> Decision:
    seen = snapshot(FIVE_ETH, venue({ETH: position}))
    return decide(seen, CycleInputs(orders), before or state(), rules or wanted())


def made(decision: Decision) -> list[tuple[Decimal, str]]:
    """Return each order's quantity, with the id of the one that it replaces."""
    return [
        (item.order.quantity, item.replaces.cancel.client_id if item.replaces else "") for item in decision.approved
    ]


def test_a_top_up_and_a_requote_are_one_order() -> None:
    """0.1 rests, the touch has moved and 0.3 more is wanted: one order for all of it."""
    decision = decided("-4.2", resting("-0.1", ASK + 1))
    assert made(decision) == [(D("-0.303"), "dn-1-1")]
    assert decision.cancels == ()


def test_a_top_up_of_an_order_that_rests_well_is_one_order() -> None:
    assert made(decided("-4.2", resting("-0.1"))) == [(D("-0.303"), "dn-1-1")]


def test_an_order_that_is_enough_is_left_alone() -> None:
    decision = decided("-4.4", resting("-0.103"))
    assert (decision.approved, decision.cancels) == ((), ())


def test_what_a_partly_filled_order_may_still_fill_counts_and_no_more() -> None:
    (order,) = decided("-4.3", resting("-0.3", ASK + 1, filled="-0.1")).approved
    assert order.order.quantity == D("-0.203")
    assert order.replaces is not None
    assert (order.replaces.filled, order.replaces.remaining) == (D("-0.1"), D("-0.2"))


def test_a_resting_sale_makes_room_for_the_purchase_that_is_wanted_now() -> None:
    assert made(decided("-5.8", resting("-0.2"))) == [(D("0.303"), "dn-1-1")]


def test_a_drift_that_came_back_takes_the_order_that_would_go_too_far_back_and_sends_none() -> None:
    decision = decided("-5.4", resting("-0.2"))
    assert decision.approved == ()
    assert [cancel.reason for cancel in decision.cancels] == ["it would trade too far by now"]


def test_a_second_order_on_a_market_is_taken_back_and_counts_until_it_is_gone() -> None:
    decision = decided("-4.2", resting("-0.1"), resting("-0.05", name="dn-1-2"))
    assert made(decision) == [(D("-0.253"), "dn-1-1")]
    assert [cancel.client_id for cancel in decision.cancels] == ["dn-1-2"]


def test_an_order_of_unknown_fate_is_not_replaced_and_nothing_is_added_beside_it() -> None:
    lost = replace(resting("-0.1", ASK + 1), status=PendingStatus.UNKNOWN)
    decision = decided("-4.2", lost)
    assert (decision.approved, decision.cancels) == ((), ())
    assert [item.guard for item in decision.refused] == ["unresolved order"]


def test_caps_count_the_order_that_is_replaced_once() -> None:
    """The short is 4.4 of a cap of 4.55: beside the old order's 0.1 there would be no room for the new one's."""
    tight = replace(GUARDS, max_notional_per_underlying=D("4.55") * ASK)
    assert made(decided("-4.4", resting("-0.1", ASK + 1), rules=wanted(tight))) == [(D("-0.103"), "dn-1-1")]


def test_where_the_order_that_replaces_is_refused_the_old_one_is_taken_back() -> None:
    decision = decided("-4.4", resting("-0.1", ASK + 1), before=state(RunState.FROZEN))
    assert decision.approved == ()
    assert [cancel.client_id for cancel in decision.cancels] == ["dn-1-1"]


def test_the_ladder_takes_at_once_what_it_wants_closed_though_an_order_rests_there() -> None:
    thin = venue({ETH: "-5"}, cash=D(1000))
    sale = resting("-0.2")
    rules = replace(wanted(), risk=CAREFUL)
    decision = decide(snapshot(FIVE_ETH, thin), CycleInputs((sale,)), state(), rules)
    (order,) = decision.approved
    assert (order.order.quantity, order.order.time_in_force) == (D("1.25"), TimeInForce.IOC)
    assert order.replaces is not None


def test_orders_on_two_venues_are_replaced_each_on_its_own() -> None:
    rules = wanted(hedges={ETH: hedge(ETH, cap="4800", venues=(PAPER, OTHER))})
    seen = snapshot(FIVE_ETH, [venue({ETH: "-2"}), venue({ETH: "-2"}, name=OTHER)])
    orders = (resting("-0.1", ASK + 1), resting("-0.1", ASK + 1, name="dn-1-2", on=OTHER))
    decision = decide(seen, CycleInputs(orders), state(), rules)
    assert sorted(made(decision)) == [(D("-0.399"), "dn-1-1"), (D("-0.104"), "dn-1-2")]


def test_an_order_on_a_venue_that_is_not_wanted_any_more_counts_until_it_is_gone() -> None:
    """The order rests where nothing may be added by now; another venue takes only what that one can't fill."""
    rules = wanted(hedges={ETH: hedge(ETH, venues=(PAPER, OTHER))}, risk=CAREFUL)
    bare = venue({ETH: "-2.2"}, cash=D(50_000))
    seen = snapshot(FIVE_ETH, [replace(bare, open_orders=()), venue({ETH: "-2"}, name=OTHER)])
    before = decide(seen, CycleInputs(), state(), rules).state
    decision = decide(seen, CycleInputs((resting("-0.1", ASK + 1),)), before, rules)
    assert [cancel.client_id for cancel in decision.cancels] == ["dn-1-1"]
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [(OTHER, D("-0.203"))]


# requotes


def requoted(limit: int, requotes: int, orders: int = 0, *, position: str = "-4.4") -> Decision:
    before = replace(state(), requote_times=(NOW,) * requotes, order_times=(NOW,) * (orders + requotes))
    rules = wanted(replace(GUARDS, max_orders_per_minute=limit))
    return decided(position, resting("-0.103", ASK + 1), rules=rules, before=before)


@pytest.mark.parametrize(
    ("limit", "requotes", "orders", "follows"),
    [(20, 9, 0, True), (20, 10, 0, False), (20, 0, 19, True), (20, 0, 20, False), (1, 0, 0, False)],
)
def test_a_requote_gives_way_to_its_own_budget_and_to_the_whole(
    limit: int, requotes: int, orders: int, *, follows: bool
) -> None:
    decision = requoted(limit, requotes, orders)
    assert (len(decision.approved), decision.cancels, decision.refused) == (int(follows), (), ())
    assert len(decision.state.requote_times) == requotes + follows


def test_what_is_wanted_beyond_the_band_does_not_wait_for_the_requotes_budget() -> None:
    decision = requoted(20, 10, position="-4.2")
    assert made(decision) == [(D("-0.303"), "dn-1-1")]
    assert len(decision.state.requote_times) == 10


def test_the_budget_of_orders_holds_a_top_up_but_leaves_what_rests() -> None:
    decision = requoted(20, 0, 20, position="-4.2")
    assert (decision.approved, decision.cancels) == ((), ())
    assert [item.guard for item in decision.refused] == ["orders per minute"]


def test_beyond_two_bands_no_budget_holds_the_hedge_and_it_is_taken() -> None:
    decision = requoted(20, 10, 20, position="-3.9")
    (order,) = decision.approved
    assert order.order.time_in_force is TimeInForce.IOC
    assert order.order.quantity == D("-0.603")


def test_requotes_are_forgotten_after_a_minute() -> None:
    old = tuple(NOW - timedelta(seconds=age) for age in (61, 60, 59))
    before = replace(state(), requote_times=old)
    decision = decided("-4.4", resting("-0.103", ASK + 1), before=before)
    assert decision.state.requote_times == (NOW - timedelta(seconds=59), NOW)


# what is sent in the place of an order that filled meanwhile

QUANTITIES = st.integers(-50, 50).map(lambda lots: D(lots) / 1000)


@given(wanted=QUANTITIES.filter(bool), filled=QUANTITIES, least=st.integers(1, 10).map(lambda lots: D(lots) / 1000))
def test_both_together_never_trade_more_than_is_wanted(wanted: Decimal, filled: Decimal, least: Decimal) -> None:
    request = replace(resting("-1").intent.request, quantity=wanted)
    old = Replaced(Cancel(ClientOrderId("a"), PAPER, symbol(ETH), "test"), D(0), filled, least)
    left = Approved(request, old).less(filled)
    if left is None:
        assert abs(wanted) - (abs(filled) if filled * wanted > 0 else 0) < least
        return
    assert left.order.quantity * wanted > 0
    assert abs(left.order.quantity) <= abs(wanted)
    if filled * wanted > 0:
        assert left.order.quantity + filled == wanted


@given(
    position=st.integers(-7000, 0),
    orders=st.lists(
        st.tuples(st.integers(-600, 600).filter(bool), st.sampled_from([BID - 1, BID, ASK, ASK + 1])), max_size=3
    ),
)
def test_no_market_gets_two_orders_and_all_that_may_fill_stays_short_and_in_the_band(
    position: int, orders: list[tuple[int, Decimal]]
) -> None:
    """Whichever of the resting orders fill, before they are replaced or instead of it."""
    size = D(position) / 1000
    pending = [
        resting(str(D(lots) / 1000), price, name=f"dn-1-{number}") for number, (lots, price) in enumerate(orders)
    ]
    decision = decided(str(size), *pending)
    adds = [item for item in decision.approved if not item.order.reduce_only]
    assert len({(item.order.venue, item.order.symbol) for item in decision.approved}) == len(decision.approved)
    replaced = {item.replaces.cancel.client_id for item in decision.approved if item.replaces}
    taken = {cancel.client_id for cancel in decision.cancels}
    assert not replaced & taken
    for item in adds:
        others = [one.remaining for one in pending if one.intent.client_id not in replaced]
        sales = sum((one for one in others if one < 0), D(0))
        assert size + item.order.quantity + sales >= D(-5) - D("0.5") or item.order.quantity == 0


def test_only_one_that_but_follows_the_touch_may_be_amended() -> None:
    """What rests is enough, and the touch has moved: the order that was sent, with another price."""
    sent = resting("-0.103", ASK + 1)
    (order,) = decided("-4.4", sent).approved
    assert order.amended == replace(sent.intent.request, price=ASK, mark=order.order.mark)
    (larger,) = decided("-4.2", resting("-0.1", ASK + 1)).approved
    assert larger.amended is None, "more is wanted than its intent covers"


def test_a_price_that_the_venue_shows_is_believed_and_not_what_was_sent() -> None:
    """An order that was amended rests at another price than its intent says."""
    sent = resting("-0.103", ASK + 1)
    shown = OpenOrder(sent.intent.client_id, "9", symbol(ETH), OrderKind.LIMIT, D("-0.103"), ASK, None, False, NOW)
    seen = snapshot(FIVE_ETH, replace(venue({ETH: "-4.4"}), open_orders=(shown,)))
    decision = decide(seen, CycleInputs((sent,)), state(), wanted())
    assert (decision.approved, decision.cancels) == ((), ()), "it rests well where it is"
    moved = replace(shown, price=ASK + 2)
    seen = snapshot(FIVE_ETH, replace(venue({ETH: "-4.4"}), open_orders=(moved,)))
    (order,) = decide(seen, CycleInputs((resting("-0.103"),)), state(), wanted()).approved
    assert order.amended is not None
