"""The run state moves along its table and no other way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.run_state import TRANSITIONS, BotState, RunState, Trigger, moved
from tests.core.scenes import NOW

BEFORE = NOW - timedelta(hours=1)


def at(state: RunState) -> BotState:
    return BotState(state, "before", BEFORE)


def to(state: RunState, trigger: Trigger) -> RunState | None:
    after = moved(at(state), trigger, "now", NOW)
    return None if after is None else after.state


@pytest.mark.parametrize("state", RunState)
def test_no_adds_after_a_freeze_from_any_state(state: RunState) -> None:
    assert to(state, Trigger.FREEZE) in {RunState.FROZEN, RunState.HALTED}


@pytest.mark.parametrize("state", RunState)
def test_flatten_is_obeyed_from_any_state(state: RunState) -> None:
    assert to(state, Trigger.FLATTEN) is RunState.FLATTENING


def test_only_resume_makes_a_bot_run() -> None:
    into = {trigger for (_, trigger), target in TRANSITIONS.items() if target is RunState.RUNNING}
    assert into == {Trigger.RESUME}


@pytest.mark.parametrize("state", [RunState.FROZEN, RunState.HALTED])
def test_what_is_frozen_or_halted_is_left_by_an_operator_alone(state: RunState) -> None:
    loosening = {RunState.RUNNING, RunState.PAUSED}
    out = {trigger for trigger in Trigger if to(state, trigger) in loosening}
    assert out == {Trigger.RESUME}


def test_pausing_is_refused_where_it_would_loosen() -> None:
    assert {state for state in RunState if to(state, Trigger.PAUSE) is None} == {
        RunState.FROZEN,
        RunState.FLATTENING,
        RunState.HALTED,
    }


def test_a_change_keeps_reason_and_time_and_a_repetition_the_first_ones() -> None:
    changed = moved(at(RunState.RUNNING), Trigger.FREEZE, "why", NOW)
    assert changed == BotState(RunState.FROZEN, "why", NOW)
    assert moved(changed, Trigger.LIMIT, "again", NOW) is changed


def test_nothing_interrupts_a_flattening_but_an_operator() -> None:
    kept = {trigger for trigger in Trigger if to(RunState.FLATTENING, trigger) is RunState.FLATTENING}
    assert kept == {Trigger.FLATTEN, Trigger.LIMIT, Trigger.HALT}
