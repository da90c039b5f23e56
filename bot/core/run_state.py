"""The bot's own state: what it may do, and what changes that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class RunState(StrEnum):
    """What the bot may do. Stops are kept and the margin ladder works in every state."""

    RUNNING = "running"
    """Everything."""
    PAUSED = "paused"
    """No hedge order goes out, reductions neither; an operator wants to look."""
    FROZEN = "frozen"
    """Nothing is added; the hedge may only be reduced."""
    FLATTENING = "flattening"
    """Every short is closed, reduce-only, and nothing is added; the liquidity is unhedged."""
    HALTED = "halted"
    """As frozen, by the bot itself after something that must not happen; raises a critical alarm."""


@dataclass(frozen=True, slots=True)
class BotState:
    """The run state with its reason and since when."""

    state: RunState
    reason: str
    since: datetime


class Trigger(StrEnum):
    """What can change the run state: an operator's commands, and two of the bot's own."""

    PAUSE = "pause"
    RESUME = "resume"
    FREEZE = "freeze"
    FLATTEN = "flatten"
    LIMIT = "limit"
    """A limit or the margin ladder asks for a freeze."""
    HALT = "halt"
    """Something happened that must not happen, or a lifetime limit is reached."""


TRANSITIONS: Final[Mapping[tuple[RunState, Trigger], RunState]] = {
    (RunState.RUNNING, Trigger.PAUSE): RunState.PAUSED,
    (RunState.RUNNING, Trigger.FREEZE): RunState.FROZEN,
    (RunState.RUNNING, Trigger.FLATTEN): RunState.FLATTENING,
    (RunState.RUNNING, Trigger.LIMIT): RunState.FROZEN,
    (RunState.RUNNING, Trigger.HALT): RunState.HALTED,
    (RunState.PAUSED, Trigger.PAUSE): RunState.PAUSED,
    (RunState.PAUSED, Trigger.RESUME): RunState.RUNNING,
    (RunState.PAUSED, Trigger.FREEZE): RunState.FROZEN,
    (RunState.PAUSED, Trigger.FLATTEN): RunState.FLATTENING,
    (RunState.PAUSED, Trigger.LIMIT): RunState.FROZEN,
    (RunState.PAUSED, Trigger.HALT): RunState.HALTED,
    (RunState.FROZEN, Trigger.RESUME): RunState.RUNNING,
    (RunState.FROZEN, Trigger.FREEZE): RunState.FROZEN,
    (RunState.FROZEN, Trigger.FLATTEN): RunState.FLATTENING,
    (RunState.FROZEN, Trigger.LIMIT): RunState.FROZEN,
    (RunState.FROZEN, Trigger.HALT): RunState.HALTED,
    (RunState.FLATTENING, Trigger.RESUME): RunState.RUNNING,
    (RunState.FLATTENING, Trigger.FREEZE): RunState.FROZEN,
    (RunState.FLATTENING, Trigger.FLATTEN): RunState.FLATTENING,
    (RunState.FLATTENING, Trigger.LIMIT): RunState.FLATTENING,
    (RunState.FLATTENING, Trigger.HALT): RunState.FLATTENING,
    (RunState.HALTED, Trigger.RESUME): RunState.RUNNING,
    (RunState.HALTED, Trigger.FREEZE): RunState.HALTED,
    (RunState.HALTED, Trigger.FLATTEN): RunState.FLATTENING,
    (RunState.HALTED, Trigger.LIMIT): RunState.HALTED,
    (RunState.HALTED, Trigger.HALT): RunState.HALTED,
}
"""Every change that there is; what is missing is refused. Only an operator's ``resume`` makes a bot run again, and
nothing but a flatten leads out of halted besides. A pause of a frozen bot would loosen it, so it is refused.
"""


def moved(bot: BotState, trigger: Trigger, reason: str, at: datetime) -> BotState | None:
    """Return the state after a trigger: the same object where nothing changes, None where it is refused."""
    target = TRANSITIONS.get((bot.state, trigger))
    if target is None or target is bot.state:
        return None if target is None else bot
    return BotState(target, reason, at)
