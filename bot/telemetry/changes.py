"""Changes from one cycle to the next, as events: alarms that came and went, orders, the run state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.decision import Alarm
from bot.core.record import CycleRecord, Event

STATE: Final = "state"
"""The kind of event of a changed run state; the journal has one too where the bot itself changed it."""


def changes(before: CycleRecord | None, after: CycleRecord) -> Iterator[Event]:
    """Return what changed with ``after``; before the first cycle there were no alarms, and no state is news."""
    old, new = _alarms(before), _alarms(after)
    for key, alarm in new.items():
        if key not in old:
            yield Event(after.at, f"alarm {alarm.severity.value}", alarm.message, {"key": key})
    for key, alarm in old.items():
        if key not in new:
            yield Event(after.at, "resolved", alarm.message, {"key": key})
    bot = after.decision.state.bot
    if before is not None and before.decision.state.bot.state is not bot.state:
        yield Event(after.at, STATE, f"{bot.state.value}: {bot.reason}", {"state": bot.state.value})


def _alarms(record: CycleRecord | None) -> dict[str, Alarm]:
    return {alarm.key: alarm for alarm in record.decision.alarms} if record else {}
