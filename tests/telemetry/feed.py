"""Subscribers are told through the real publisher, as in the daemon."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from bot.core.telemetry_event import TelemetryEvent
from bot.telemetry.publisher import Subscriber, TelemetryPublisher

_PUBLISHERS: Final[WeakKeyDictionary[Subscriber, TelemetryPublisher]] = WeakKeyDictionary()


def tell(subscriber: Subscriber, event: TelemetryEvent) -> None:
    """Report an event to a publisher that has this subscriber alone, the same one each time."""
    if subscriber not in _PUBLISHERS:
        _PUBLISHERS[subscriber] = TelemetryPublisher()
        _PUBLISHERS[subscriber].subscribe(subscriber)
    _PUBLISHERS[subscriber].emit(event)
