"""Working an order: it rests at the touch, follows it, and is taken at the deadline; a hurry takes at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.orders import Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.policy import ExecutionPolicy, FixedWidth, Style
from bot.core.run_state import RunState
from bot.core.snapshot import Snapshot
from bot.core.types import ClientOrderId
from tests.core.scenes import (
    BTC,
    ETH,
    NO_INPUTS,
    NOW,
    PAPER,
    chain,
    policy,
    quantities,
    quote,
    snapshot,
    state,
    symbol,
    v2,
    venue,
)

DEADLINE = timedelta(seconds=20)
PATIENT = replace(
    policy(FixedWidth(Decimal("0.1"))), execution=ExecutionPolicy(Style.MAKER, DEADLINE, patience=Decimal(2))
)
FIVE_ETH = chain([v2("a", 20_000)])
BAND = Decimal("0.5")
"""A tenth of 5 ETH."""
BID, ASK = Decimal("1999.80"), Decimal("2000.20")


def resting(quantity: str, price: Decimal, status: PendingStatus = PendingStatus.OPEN) -> Pending:
    signed = Decimal(quantity)
    request = OrderRequest(
        PAPER, symbol(ETH), ETH, signed, OrderKind.LIMIT, TimeInForce.POST_ONLY, signed > 0, "test", price
    )
    return Pending(Intent(ClientOrderId("dn-1-1"), 1, request, NOW), status, signed)


def seconds_later(seconds: int, position: str) -> Snapshot:
    at = NOW + timedelta(seconds=seconds)
    view = chain([v2("a", 20_000)], at=at)
    return replace(snapshot(view, venue({ETH: position}, at=at)), observed_at=at)


def taken_back(decision: Decision) -> list[str]:
    """Return why resting orders are taken back, whether another one takes their place or not."""
    replaced = [item.replaces.cancel for item in decision.approved if item.replaces is not None]
    return [cancel.reason for cancel in (*decision.cancels, *replaced)]


def at_once(position: str, *orders: Pending, run: RunState = RunState.RUNNING) -> Decision:
    return decide(seconds_later(0, position), CycleInputs(orders), state(run), PATIENT)


@pytest.mark.parametrize(("position", "price"), [("-4.4", ASK), ("-5.6", BID)])
def test_a_drift_just_outside_the_band_rests_at_its_own_side_of_the_touch(position: str, price: Decimal) -> None:
    order = at_once(position).approved[0].order
    assert (order.time_in_force, order.price) == (TimeInForce.POST_ONLY, price)


def test_a_drift_far_outside_the_band_takes_at_once() -> None:
    order = at_once("0").approved[0].order
    assert order.time_in_force is TimeInForce.IOC
    assert order.price is not None
    assert order.price < BID


@pytest.mark.parametrize(("position", "rests"), [("-4.46", True), ("-4.44", False), ("-5.54", True), ("-5.56", False)])
def test_resting_is_given_up_where_the_drift_runs_a_tenth_beyond_the_band(position: str, rests: bool) -> None:  # noqa: FBT001
    default = replace(PATIENT, execution=ExecutionPolicy(Style.MAKER, DEADLINE))
    order = decide(seconds_later(0, position), NO_INPUTS, state(), default).approved[0].order
    assert (order.time_in_force is TimeInForce.POST_ONLY) is rests


def test_a_taker_never_rests() -> None:
    taker = replace(PATIENT, execution=ExecutionPolicy(Style.TAKER))
    order = decide(seconds_later(0, "-4.4"), NO_INPUTS, state(), taker).approved[0].order
    assert order.time_in_force is TimeInForce.IOC


def test_while_an_order_rests_nothing_is_sent_twice_and_nothing_taken_back() -> None:
    decision = at_once("-4.4", resting("-0.1", ASK))
    assert (decision.approved, decision.cancels) == ((), ())


@pytest.mark.parametrize("price", [ASK + 1, ASK + Decimal("0.01")])
def test_an_order_that_the_touch_has_left_behind_is_replaced_in_the_same_cycle(price: Decimal) -> None:
    decision = at_once("-4.4", resting("-0.1", price))
    assert (taken_back(decision), decision.cancels) == (["the touch has moved away"], ())
    assert [(item.order.quantity, item.order.price) for item in decision.approved] == [(Decimal("-0.103"), ASK)]


def test_an_order_that_would_overshoot_by_now_is_taken_back() -> None:
    decision = at_once("-5.4", resting("-0.2", ASK))
    assert [cancel.reason for cancel in decision.cancels] == ["it would trade too far by now"]


def test_an_order_whose_outcome_is_unknown_is_not_touched() -> None:
    assert at_once("-4.4", resting("-0.1", ASK + 1, PendingStatus.UNKNOWN)).cancels == ()


def test_at_the_deadline_the_resting_order_is_taken_back_and_the_rest_taken() -> None:
    first = decide(seconds_later(0, "-4.4"), NO_INPUTS, state(), PATIENT)
    waiting = CycleInputs((resting("-0.1", ASK),))

    early = decide(seconds_later(19, "-4.4"), waiting, first.state, PATIENT)
    assert early.cancels == ()
    late = decide(seconds_later(20, "-4.4"), waiting, early.state, PATIENT)
    assert taken_back(late) == ["not filled within 20 s"]
    assert [item.order.time_in_force for item in late.approved] == [TimeInForce.IOC]


def test_inside_the_band_the_deadline_starts_anew() -> None:
    first = decide(seconds_later(0, "-4.4"), NO_INPUTS, state(), PATIENT)
    inside = decide(seconds_later(10, "-4.8"), NO_INPUTS, first.state, PATIENT)
    assert inside.state.outside == {}
    again = decide(seconds_later(25, "-4.4"), NO_INPUTS, inside.state, PATIENT)
    assert [item.order.time_in_force for item in again.approved] == [TimeInForce.POST_ONLY]


@pytest.mark.parametrize("run", [RunState.PAUSED, RunState.FROZEN, RunState.HALTED, RunState.FLATTENING])
def test_a_bot_that_does_not_run_leaves_nothing_resting(run: RunState) -> None:
    decision = at_once("-4.4", resting("-0.1", ASK), run=run)
    assert taken_back(decision) == [f"the bot is {run.value}"]
    assert all(item.order.reduce_only for item in decision.approved)


def test_a_reduction_that_rests_is_reduce_only() -> None:
    decision = at_once("-5.6")
    assert quantities(decision)[ETH] > 0
    assert all(item.order.reduce_only for item in decision.approved)


def test_an_order_sent_by_a_process_that_died_counts_as_unknown() -> None:
    orders = (resting("-0.1", ASK, PendingStatus.SENT),)
    decision = decide(snapshot(FIVE_ETH, venue({ETH: "0"})), CycleInputs(orders), state(), PATIENT)
    assert decision.approved == ()
    assert [item.guard for item in decision.refused] == ["unresolved order"]


def marked(seconds: int, position: str, price: int) -> Snapshot:
    """Return the scene with ETH at another mark on the venue."""
    at = NOW + timedelta(seconds=seconds)
    shown = quote(ETH, mark=Decimal(price))
    view = venue({ETH: position}, quotes=[shown, quote(BTC)], at=at)
    return replace(seconds_later(seconds, position), venues=(view,))


def test_slippage_counts_from_the_mark_at_which_the_trade_was_first_wanted() -> None:
    first = decide(marked(0, "-4.4", 2000), NO_INPUTS, state(), PATIENT)
    assert [item.order.mark for item in first.approved] == [Decimal(2000)]
    waiting = CycleInputs((resting("-0.1", ASK),))
    later = decide(marked(20, "-4.4", 1998), waiting, first.state, PATIENT)
    assert [(item.order.time_in_force, item.order.mark) for item in later.approved] == [
        (TimeInForce.IOC, Decimal(2000))
    ]


def test_a_rest_that_was_not_filled_counts_from_there_too() -> None:
    taker = replace(PATIENT, execution=ExecutionPolicy(Style.TAKER))
    first = decide(marked(0, "-4.4", 2000), NO_INPUTS, state(), taker)
    again = decide(marked(2, "-4.45", 2004), NO_INPUTS, first.state, taker)
    assert [item.order.mark for item in again.approved] == [Decimal(2000)]


def test_once_the_drift_was_back_in_its_band_a_trade_is_wanted_anew() -> None:
    first = decide(marked(0, "-4.4", 2000), NO_INPUTS, state(), PATIENT)
    inside = decide(marked(10, "-4.9", 2001), NO_INPUTS, first.state, PATIENT)
    assert inside.state.arrivals == {}
    again = decide(marked(20, "-4.4", 2002), NO_INPUTS, inside.state, PATIENT)
    assert [item.order.mark for item in again.approved] == [Decimal(2002)]


def test_a_trade_the_other_way_is_wanted_anew() -> None:
    first = decide(marked(0, "-4.4", 2000), NO_INPUTS, state(), PATIENT)
    other = decide(marked(2, "-5.6", 2004), NO_INPUTS, first.state, PATIENT)
    assert [(item.order.quantity > 0, item.order.mark) for item in other.approved] == [(True, Decimal(2004))]


def test_what_is_wanted_beyond_a_filled_trade_is_wanted_anew() -> None:
    taker = replace(PATIENT, execution=ExecutionPolicy(Style.TAKER))
    first = decide(marked(0, "-4.4", 2000), NO_INPUTS, state(), taker)
    sold = first.approved[0].order.quantity
    filled = Decimal("-4.4") + sold
    more = replace(taker, band=FixedWidth(Decimal("0.05")))
    again = decide(marked(60, f"{filled:f}", 2004), NO_INPUTS, first.state, more)
    assert [item.order.mark for item in again.approved] == [Decimal(2004)]
