"""The publisher: every subscriber sees every event, whatever the others do."""

from __future__ import annotations

from dataclasses import dataclass, field

from structlog.testing import capture_logs

from bot.core.telemetry_event import CycleFailed, RpcFailed, TelemetryEvent
from bot.core.types import ChainName
from bot.telemetry.publisher import TelemetryPublisher


@dataclass
class Screen:
    """A subscriber that keeps what it takes, or fails."""

    fails: bool = False
    taken: list[TelemetryEvent] = field(default_factory=list)

    def take(self, event: TelemetryEvent) -> None:
        if self.fails:
            raise ZeroDivisionError("a bug")
        self.taken.append(event)


def test_a_subscriber_that_fails_costs_the_others_and_the_loop_nothing() -> None:
    publisher, screens = TelemetryPublisher(), [Screen(), Screen(fails=True), Screen()]
    for screen in screens:
        publisher.subscribe(screen)
    events: list[TelemetryEvent] = [CycleFailed("Retryable"), RpcFailed(ChainName("base"))]
    with capture_logs() as logs:
        for event in events:
            publisher.emit(event)
    assert [screen.taken for screen in screens] == [events, [], events]
    assert [(line["subscriber"], line["log_level"]) for line in logs] == [("Screen", "error")] * 2
