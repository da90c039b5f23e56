"""Which alarms are notified, and when: once when raised, again while they last, once when resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.core.decision import Alarm, Severity

_RANK: Final[Mapping[Severity, int]] = MappingProxyType({one: rank for rank, one in enumerate(Severity)})


class Stage(StrEnum):
    """The phase of an alarm."""

    RAISED = "raised"
    WORSE = "worse"
    STILL = "still"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification: ``since`` is when the alarm was raised."""

    stage: Stage
    alarm: Alarm
    since: datetime


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """When to notify.

    Attributes:
        severity: the least severity that is notified.
        still_after: the interval after which a lasting alarm is notified again.
        resolved_after: how long an alarm must be gone before it counts as resolved; one that flaps is notified once.
    """

    severity: Severity
    still_after: timedelta
    resolved_after: timedelta


@dataclass(frozen=True, slots=True)
class NotifiedAlarm:
    """A notified alarm: as last seen, since when it stands, when it was last notified and last seen."""

    alarm: Alarm
    since: datetime
    told_at: datetime
    seen_at: datetime


NotifiedAlarms = Mapping[str, NotifiedAlarm]
"""The notified alarms that are not resolved, by key."""


def advance(
    told: NotifiedAlarms, alarms: Iterable[Alarm], now: datetime, policy: AlertPolicy
) -> tuple[NotifiedAlarms, tuple[Notice, ...]]:
    """Update with the alarms raised at ``now``; return the open alarms and the notifications due.

    Of several alarms of one key the most severe counts. An alarm that falls below the policy's severity counts as gone.
    """
    present: dict[str, Alarm] = {}
    for alarm in alarms:
        before = present.get(alarm.key)
        if _RANK[alarm.severity] >= _RANK[policy.severity] and (before is None or _is_worse(alarm, before)):
            present[alarm.key] = alarm
    after: dict[str, NotifiedAlarm] = {}
    notices: list[Notice] = []
    for key in {**told, **present}:
        known, stage = _step(told.get(key), present.get(key), now, policy)
        if stage is not Stage.RESOLVED:
            after[key] = known
        if stage is not None:
            notices.append(Notice(stage, known.alarm, known.since))
    return after, tuple(notices)


def _step(
    known: NotifiedAlarm | None, alarm: Alarm | None, now: datetime, policy: AlertPolicy
) -> tuple[NotifiedAlarm, Stage | None]:
    if known is None:
        assert alarm is not None  # noqa: S101 - a key is known or present; tells the type checker
        return NotifiedAlarm(alarm, now, now, now), Stage.RAISED
    if alarm is None:
        return known, Stage.RESOLVED if now - known.seen_at >= policy.resolved_after else None
    seen = replace(known, alarm=alarm, seen_at=now)
    if _is_worse(alarm, known.alarm):
        return replace(seen, told_at=now), Stage.WORSE
    if now - known.told_at >= policy.still_after:
        return replace(seen, told_at=now), Stage.STILL
    return seen, None


def _is_worse(alarm: Alarm, than: Alarm) -> bool:
    return _RANK[alarm.severity] > _RANK[than.severity]
