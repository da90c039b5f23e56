"""The publisher: every subscriber sees every event, whatever the others do."""

from __future__ import annotations

from dataclasses import dataclass, field

from structlog.testing import capture_logs

from bot.core.telemetry_event import CycleFailed, CycleRecorded, RpcFailed, TelemetryEvent
from bot.core.types import ChainName
from bot.core.view.cycle import CycleView
from bot.telemetry.publisher import Changed, Shown, TelemetryPublisher
from tests.core.scenes import NOW
from tests.telemetry.web.scenes import UNKNOWN, record


@dataclass
class Screen:
    """A subscriber that keeps what it takes, or fails."""

    fails: bool = False
    taken: list[Shown] = field(default_factory=list)

    def take(self, shown: Shown) -> None:
        if self.fails:
            raise ZeroDivisionError("a bug")
        self.taken.append(shown)


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


def test_a_cycle_comes_as_one_view_for_all_after_what_it_changed() -> None:
    publisher, screens = TelemetryPublisher(), [Screen(), Screen()]
    for screen in screens:
        publisher.subscribe(screen)
    publisher.emit(CycleRecorded(record(1)))
    publisher.emit(CycleRecorded(record(2, UNKNOWN)))
    for screen in screens:
        views = [item for item in screen.taken if isinstance(item, CycleView)]
        assert [view.record.cycle for view in views] == [1, 2]
        assert [view.began for view in views] == [NOW.date()] * 2
        changes = [item.event.kind for item in screen.taken if isinstance(item, Changed)]
        assert changes.count("alarm warning") >= 1
        assert isinstance(screen.taken[-1], CycleView)
    assert all(one is other for one, other in zip(*(screen.taken for screen in screens), strict=True))
