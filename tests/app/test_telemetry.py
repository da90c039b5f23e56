"""What the journal takes and a record holds is told to the meter, each thing once and only once it is written."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.app.told import TelemetryPublisher, ToldJournal
from bot.core.orders import Intent, LedgerEntry, LedgerKind, NotFound, Outcome, Rejected, RejectReason, Unknown
from bot.core.record import Event
from bot.core.types import VenueId
from bot.ports import NoMeter
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, order
from tests.telemetry.web.scenes import UNKNOWN, account, record


class Heard(NoMeter):
    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []
        self.events: list[str] = []
        self.entries: list[int] = []
        self.venues: list[VenueId] = []

    def outcome(self, intent: Intent, outcome: Outcome | NotFound) -> None:
        self.outcomes.append((intent.client_id, type(outcome).__name__))

    def event(self, event: Event) -> None:
        self.events.append(event.kind)

    def ledger(self, venue: VenueId, entries: object) -> None:  # noqa: ARG002 - the port's
        assert isinstance(entries, list)
        self.entries += [entry.number for entry in entries]

    def venue_error(self, venue: VenueId) -> None:
        self.venues.append(venue)


def test_outcomes_and_events_are_told_after_a_restart_too(tmp_path: Path) -> None:
    with closing(ToldJournal.open(tmp_path / "j", "dn", NOW, CURVES)) as journal:
        journal.meter = heard = Heard()
        first, second = journal.new_intent(order(), NOW), journal.new_intent(order(), NOW)
        journal.resolve(first.client_id, Rejected(first.client_id, RejectReason.OTHER, "-1", "no"), NOW)
        journal.add_event(Event(NOW, "started", "", {}))
    assert (heard.outcomes, heard.events) == ([(first.client_id, "Rejected")], ["started"])
    with closing(ToldJournal.open(tmp_path / "j", "dn", NOW + timedelta(1), CURVES)) as journal:
        journal.meter = heard = Heard()
        assert [item.intent for item in journal.pending()] == [second]
        journal.resolve(second.client_id, Unknown(second.client_id, "lost"), NOW)
    assert heard.outcomes == [(second.client_id, "Unknown")]


def test_each_ledger_entry_is_told_once_though_it_is_read_again() -> None:
    heard = Heard()
    teller = TelemetryPublisher(heard)
    entries = tuple(LedgerEntry(number, LedgerKind.FUNDING, None, Decimal(1), NOW) for number in range(4))
    for part in (entries[:2], entries[1:], entries):
        teller.publish(record(venue=replace(account(), ledger=part)))
    assert heard.entries == [0, 1, 2, 3]


def test_a_venue_that_can_not_be_read_is_told() -> None:
    heard = Heard()
    TelemetryPublisher(heard).publish(record(venue=UNKNOWN))
    assert heard.venues == [UNKNOWN.venue]
