"""Keys that expire at a time that the venue names: reported ahead, since nothing new can be traded after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from bot.core.decision import Alarm, Severity
from bot.core.snapshot import Snapshot

_SOON: Final = timedelta(days=7)
"""How long before its end a key raises an alarm."""
_LAST: Final = timedelta(days=1)
"""From when on before it the alarm is of the highest severity."""


def key_alarms(snapshot: Snapshot) -> Iterator[Alarm]:
    """Return alarms about keys that end soon, or have ended."""
    for view in snapshot.known_venues:
        if view.key_ends is None or (left := view.key_ends - snapshot.observed_at) > _SOON:
            continue
        severity = Severity.CRITICAL if left <= _LAST else Severity.WARNING
        ends = f"{'ends' if left > timedelta() else 'ended'} on {view.key_ends:%Y-%m-%d at %H:%M} UTC"
        text = f"the key for {view.venue} {ends}: approve a new one and restart with it; resting stops stay"
        yield Alarm(f"key:{view.venue}", severity, text)
