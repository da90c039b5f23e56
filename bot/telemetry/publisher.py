"""The one publisher: forwards what the parts of the bot report to every subscriber, beside the loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import structlog

from bot.core.record import CycleRecord, Event
from bot.core.telemetry_event import CycleRecorded, Happening, TelemetryEvent
from bot.core.view.cycle import CycleView, view_of
from bot.telemetry.changes import changes

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a cycle changed against the one before: an alarm that came or went, the run state."""

    event: Event


Shown = CycleView | Changed | Happening
"""What subscribers take: a cycle comes as its view model, computed once for all of them, after what it changed."""


class Subscriber(Protocol):
    """Shows or counts what happens: metrics, the status page, MQTT, alerts."""

    def take(self, shown: Shown) -> None:
        """Handle an event; must not block."""


class TelemetryPublisher:
    """A Telemetry with subscribers; a subscriber that fails loses that event and affects nothing else.

    Args:
        began: the day of the journal's first cycle; None: there was none yet.
    """

    def __init__(self, began: date | None = None) -> None:
        self.began = began
        self._subscribers: list[Subscriber] = []
        self._before: CycleRecord | None = None

    def subscribe(self, subscriber: Subscriber) -> None:
        """Send a subscriber every event from now on."""
        self._subscribers.append(subscriber)

    def emit(self, event: TelemetryEvent) -> None:
        """Send an event to every subscriber."""
        try:
            for shown in self._shown(event):
                for subscriber in self._subscribers:
                    _hand(subscriber, shown)
        except Exception:  # as below: a display must never stop the loop
            log.exception("an event can't be shown", event_type=type(event).__name__)

    def _shown(self, event: TelemetryEvent) -> Iterator[Shown]:
        if not isinstance(event, CycleRecorded):
            yield event
            return
        before, self._before = self._before, event.record
        self.began = self.began or event.record.at.date()
        for change in changes(before, event.record):
            yield Changed(change)
        yield view_of(event.record, self.began)


def _hand(subscriber: Subscriber, shown: Shown) -> None:
    try:
        subscriber.take(shown)
    except Exception:  # a bug in a screen must not end the supervision of a hedge
        log.exception("a telemetry subscriber failed", subscriber=type(subscriber).__name__)
