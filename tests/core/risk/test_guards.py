"""Each guard by itself: what it stops, what it cuts down, and that reductions pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.decision import Decision, Severity
from bot.core.inputs import CycleInputs, PendingStatus
from bot.core.policy import ExecutionPolicy, GuardPolicy
from bot.core.run_state import RunState
from bot.core.snapshot import VenueUnknown
from bot.core.types import VenueId
from tests.core.scenes import (
    BTC,
    ETH,
    GUARDS,
    NO_INPUTS,
    NOW,
    PAPER,
    chain,
    decide_simply,
    hedge,
    note,
    pending,
    policy,
    quantities,
    snapshot,
    state,
    v2,
    venue,
)

ASK = Decimal("2000.2")
TWO = chain([v2("a", 20_000, (BTC, ETH))])
"""0.2 BTC and 5 ETH."""
CALM = ExecutionPolicy(urgent=Decimal(10**9))
"""With it no drift is urgent."""
OVER_HEDGED = venue({BTC: "-0.3", ETH: "-6"})


def judged(guards: GuardPolicy, account: dict[str, str] | None = None) -> Decision:
    sizes = {key: Decimal(size) for key, size in (account or {}).items()}
    return decide_simply(TWO, venue({ETH: sizes.get("ETH", 0), BTC: sizes.get("BTC", 0)}), policy(guards=guards))


@pytest.mark.parametrize("run", [RunState.FROZEN, RunState.HALTED])
def test_frozen_and_halted_stop_adds_and_let_reductions_pass(run: RunState) -> None:
    stopped = decide(snapshot(TWO), NO_INPUTS, state(run), policy())
    assert stopped.approved == ()
    assert [item.guard for item in stopped.refused] == ["run state", "run state"]
    reduced = decide(snapshot(TWO, OVER_HEDGED), NO_INPUTS, state(run), policy())
    assert set(quantities(reduced)) == {BTC, ETH}


def test_paused_sends_nothing_at_all_but_goes_on_watching() -> None:
    decision = decide(snapshot(TWO, OVER_HEDGED), NO_INPUTS, state(RunState.PAUSED), policy())
    assert decision.approved == ()
    assert [item.guard for item in decision.refused] == ["run state", "run state"]
    assert decision.state.held


def test_an_unknown_order_stops_adds_on_its_symbol_only() -> None:
    inputs = CycleInputs((pending(ETH, "-0.001"), pending(BTC, "-0.001", PendingStatus.OPEN)))
    decision = decide(snapshot(TWO), inputs, state(), policy())
    assert list(quantities(decision)) == [BTC]
    assert [item.guard for item in decision.refused] == ["unresolved order"]


def test_an_unknown_stop_stops_adds_too() -> None:
    inputs = CycleInputs((pending(ETH, 5),))
    decision = decide(snapshot(TWO), inputs, state(), policy())
    assert ETH not in quantities(decision)


def test_a_large_order_is_cut_to_the_step_cap_at_the_dearest_price() -> None:
    decision = judged(replace(GUARDS, max_order_notional=Decimal(3000)))
    assert quantities(decision) == {ETH: Decimal("-1.499"), BTC: Decimal("-0.059")}
    assert {alarm.severity for alarm in decision.alarms} == {Severity.INFO}
    assert "cut to -1.499 by step cap" in note(decision, ETH)


def test_the_step_cap_cuts_reductions_as_well() -> None:
    decision = judged(replace(GUARDS, max_order_notional=Decimal(1000)), {"ETH": "-9", "BTC": "-0.2"})
    order = decision.approved[0].order
    assert order.reduce_only
    assert order.quantity == Decimal("0.499")


def test_the_cap_of_an_underlying_is_filled_as_far_as_it_goes_with_an_alarm() -> None:
    decision = judged(replace(GUARDS, max_notional_per_underlying=Decimal(8000)), {"ETH": "-2"})
    assert quantities(decision)[ETH] == Decimal("-1.999")
    (alarm,) = [item for item in decision.alarms if item.key == "notional cap:ETH"]
    assert alarm.severity is Severity.WARNING


def test_orders_in_flight_use_up_the_cap() -> None:
    inputs = CycleInputs((pending(ETH, -2, PendingStatus.OPEN),))
    guards = replace(GUARDS, max_notional_per_underlying=Decimal(8000))
    assert quantities(decide(snapshot(TWO), inputs, state(), policy(guards=guards)))[ETH] == Decimal("-1.999")


def test_no_headroom_refuses_with_an_alarm() -> None:
    decision = judged(replace(GUARDS, max_notional_per_underlying=Decimal(4000)), {"ETH": "-2"})
    assert [(item.order.underlying, item.guard) for item in decision.refused] == [(ETH, "notional cap")]
    assert "notional cap:ETH" in {alarm.key for alarm in decision.alarms}


def test_the_total_cap_counts_what_this_cycle_approved_already() -> None:
    decision = judged(replace(GUARDS, max_notional_total=Decimal(15_000)))
    sold = quantities(decision)
    worth = -sold[BTC] * Decimal(50005) - sold[ETH] * ASK
    assert Decimal(14_990) < worth <= 15_000
    assert "total notional cap:ETH" in {alarm.key for alarm in decision.alarms}


def test_a_venue_that_can_not_be_read_counts_as_hedged_in_the_total() -> None:
    other = VenueId("other")
    hedges = {BTC: hedge(BTC, cap="8000", venues=(other,)), ETH: hedge(ETH)}
    wanted = policy(hedges=hedges, guards=replace(GUARDS, max_notional_total=Decimal(12_000)))
    decision = decide(snapshot(TWO, [venue(), VenueUnknown(other, "down", NOW)]), NO_INPUTS, state(), wanted)
    assert quantities(decision) == {ETH: Decimal("-1.999")}


def test_the_order_rate_stops_adds_counts_reductions_and_forgets_after_a_minute() -> None:
    guards = replace(GUARDS, max_orders_per_minute=2)
    recent = tuple(NOW - timedelta(seconds=age) for age in (61, 60, 59))
    before = replace(state(), order_times=recent)
    calm = replace(policy(guards=guards), execution=CALM)
    first = decide(snapshot(TWO), NO_INPUTS, before, calm)
    assert (len(first.approved), [item.guard for item in first.refused]) == (1, ["orders per minute"])
    assert first.state.order_times == (NOW - timedelta(seconds=59), NOW)
    reduced = decide(snapshot(TWO, OVER_HEDGED), NO_INPUTS, first.state, calm)
    assert len(reduced.approved) == 2


def test_what_is_urgent_passes_the_order_rate_and_counts() -> None:
    wanted = policy(guards=replace(GUARDS, max_orders_per_minute=1))
    decision = decide(snapshot(TWO), NO_INPUTS, replace(state(), order_times=(NOW,)), wanted)
    assert (len(decision.approved), decision.refused) == (2, ())
    assert len(decision.state.order_times) == 3


def test_reductions_go_first() -> None:
    wanted = replace(policy(guards=replace(GUARDS, max_orders_per_minute=1)), execution=CALM)
    decision = decide(snapshot(TWO, venue({ETH: "-6"})), NO_INPUTS, state(), wanted)
    assert [item.order.underlying for item in decision.approved] == [ETH]
    assert [(item.order.underlying, item.guard) for item in decision.refused] == [(BTC, "orders per minute")]


def test_an_underlying_cap_covers_all_venues() -> None:
    other = VenueId("other")
    hedges = {ETH: hedge(ETH, cap="6000", venues=(PAPER, other))}
    guards = replace(GUARDS, max_notional_per_underlying=Decimal(8000))
    decision = decide(
        snapshot(TWO, [venue(), venue(name=other)]), NO_INPUTS, state(), policy(hedges=hedges, guards=guards)
    )
    assert [(item.order.venue, item.order.quantity) for item in decision.approved] == [
        (PAPER, Decimal("-2.999")),
        (other, Decimal(-1)),
    ]


def test_a_reduction_may_be_cut_below_the_venues_minimum() -> None:
    decision = judged(replace(GUARDS, max_order_notional=Decimal(3)), {"ETH": "-9", "BTC": "-0.2"})
    assert quantities(decision) == {ETH: Decimal("0.001")}


def test_an_unknown_order_lets_reductions_on_its_symbol_pass() -> None:
    inputs = CycleInputs((pending(ETH, "-0.001"),))
    decision = decide(snapshot(TWO, OVER_HEDGED), inputs, state(), policy())
    assert quantities(decision)[ETH] > 0
