"""What the journal takes is reported, each thing once and only once it is written."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import Halt
from bot.core.orders import NotFound, OrderStatus, Rejected, RejectReason, Unknown
from bot.core.record import Event
from bot.core.telemetry_event import EventJournaled, OrderReported, TelemetryEvent
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.journal.journal import SqliteJournal
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, fill, order, report


@dataclass
class Heard:
    """A Telemetry that keeps what it takes."""

    events: list[TelemetryEvent] = field(default_factory=list)

    def emit(self, event: TelemetryEvent) -> None:
        self.events.append(event)

    @property
    def kinds(self) -> list[str]:
        return [item.event.kind for item in self.events if isinstance(item, EventJournaled)]


def test_outcomes_and_events_are_reported_after_a_restart_too(tmp_path: Path) -> None:
    heard, started = Heard(), Event(NOW, "started", "", {})
    with closing(SqliteJournal.open(tmp_path / "j", "dn", NOW, CURVES)) as journal:
        journal.telemetry = heard
        first, second = journal.new_intent(order(), NOW, IDS), journal.new_intent(order(), NOW, IDS)
        refused = Rejected(first.client_id, RejectReason.OTHER, "-1", "no")
        journal.resolve(first.client_id, refused, NOW)
        journal.add_event(started)
    assert heard.events == [OrderReported(first, refused), EventJournaled(started)]
    later = Heard()
    with closing(SqliteJournal.open(tmp_path / "j", "dn", NOW + timedelta(1), CURVES)) as journal:
        journal.telemetry = later
        lost = Unknown(second.client_id, "lost")
        journal.resolve(second.client_id, lost, NOW)
    assert later.events == [OrderReported(second, lost)]


def test_events_that_the_journal_itself_leaves_are_reported(tmp_path: Path) -> None:
    heard = Heard()
    with closing(SqliteJournal.open(tmp_path / "j", "dn", NOW, CURVES)) as journal:
        journal.telemetry = heard
        late, stale = (journal.new_intent(order(), NOW, IDS).client_id for _ in range(2))
        journal.resolve(late, NotFound(late, NOW), NOW)
        journal.add_fills([fill("1", late, "-0.5", second=300)])
        journal.resolve(stale, report(stale, OrderStatus.FILLED, "-1.25"), NOW)
        journal.resolve(stale, report(stale, OrderStatus.OPEN), NOW)
        adopted = Event(NOW, "adopted", "taken over", {})
        journal.adopt(VenueId("paper"), Symbol("ETH/USDT:USDT"), Decimal(-1), adopted)
    assert heard.kinds == ["intent_late", "intent_refused", "adopted"]


def test_what_was_not_written_is_not_reported(tmp_path: Path) -> None:
    heard = Heard()
    with closing(SqliteJournal.open(tmp_path / "j", "dn", NOW, CURVES)) as journal:
        journal.telemetry = heard
        with pytest.raises(Halt):
            journal.resolve(ClientOrderId("dn-1-99"), Unknown(ClientOrderId("dn-1-99"), "lost"), NOW)
    assert heard.events == []
