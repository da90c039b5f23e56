"""The one publisher: hands what the parts of the bot report to every subscriber, beside the loop."""

from __future__ import annotations

from typing import Protocol

import structlog

from bot.core.telemetry_event import TelemetryEvent

log = structlog.get_logger(__name__)


class Subscriber(Protocol):
    """Someone who shows or counts what happens: metrics, the status page, MQTT, alerts."""

    def take(self, event: TelemetryEvent) -> None:
        """Take an event; must not block."""


class TelemetryPublisher:
    """A Telemetry with subscribers; a subscriber that fails costs its own view of the event and nothing else."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Show a subscriber all that happens from now on."""
        self._subscribers.append(subscriber)

    def emit(self, event: TelemetryEvent) -> None:
        """Hand an event to every subscriber."""
        for subscriber in self._subscribers:
            try:
                subscriber.take(event)
            except Exception:  # a bug in a screen must not end the watch over a hedge
                log.exception("a telemetry subscriber failed", subscriber=type(subscriber).__name__)
