"""Tells a meter (metrics, the status page) what the journal takes and what a record holds, without the loop's help."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.core.orders import Intent, LedgerEntry, NotFound, OrderRequest, Outcome
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import VenueUnknown
from bot.core.state import Pending, State
from bot.core.types import ClientOrderId, VenueId
from bot.journal.database import Database
from bot.journal.journal import SqliteJournal
from bot.journal.lock import JournalLock
from bot.journal.rows import CycleRows
from bot.ports import Meter, NoMeter

_REMEMBERED: Final = 10_000
"""Ledger entries that are known by number; a venue's recent ledger is far shorter."""


class ToldJournal(SqliteJournal):
    """A journal that tells ``meter`` of every outcome and event, once they are written."""

    def __init__(self, database: Database, lock: JournalLock, bot_id: str, cycles: CycleRows, keep: int) -> None:
        super().__init__(database, lock, bot_id, cycles, keep)
        self.meter: Meter = NoMeter()
        self._intents: dict[ClientOrderId, Intent] = {}

    def new_intent(self, request: OrderRequest, at: datetime, state: State | None = None) -> Intent:
        """Number an order, as the journal does."""
        intent = super().new_intent(request, at, state)
        self._intents[intent.client_id] = intent
        return intent

    def pending(self) -> tuple[Pending, ...]:
        """Return the intents whose end is not known; the others need not be remembered."""
        found = super().pending()
        self._intents = {item.intent.client_id: item.intent for item in found}
        return found

    def resolve(self, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime) -> None:
        """Record what became of an intent, and tell it."""
        super().resolve(client_id, outcome, at)
        intent = self._intents.get(client_id)
        if intent is not None:
            self.meter.outcome(intent, outcome)

    def add_event(self, event: Event) -> None:
        """Append an event, and tell it."""
        super().add_event(event)
        self.meter.event(event)


class TelemetryPublisher:
    """A Publisher that tells a meter what a record holds besides: unknown venues, and each ledger entry once."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._seen: set[tuple[VenueId, int]] = set()
        self._order: deque[tuple[VenueId, int]] = deque()

    def publish(self, record: CycleRecord) -> None:
        """Take a cycle's record."""
        for view in record.snapshot.venues:
            if isinstance(view, VenueUnknown):
                self._meter.venue_error(view.venue)
            elif view.ledger:
                self._ledger(view.venue, view.ledger)

    def _ledger(self, venue: VenueId, entries: Sequence[LedgerEntry]) -> None:
        new = [entry for entry in entries if (venue, entry.number) not in self._seen]
        for entry in new:
            self._seen.add((venue, entry.number))
            self._order.append((venue, entry.number))
        while len(self._order) > _REMEMBERED:
            self._seen.discard(self._order.popleft())
        if new:
            self._meter.ledger(venue, new)
