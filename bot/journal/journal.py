"""The Journal port on a SQLite file: the writing side."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Self

from sqlalchemy import func, select

from bot.core.errors import ConfigError, Halt
from bot.core.inputs import Pending
from bot.core.orders import Fill, Intent, NotFound, OrderReport, OrderRequest, Outcome
from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.reconciliation.identity import Identity, OrderIds, new_epoch
from bot.core.reconciliation.positions import FLAT, Expected
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Entry, Snapshot
from bot.core.state import State
from bot.core.telemetry_event import EventJournaled, OrderReported
from bot.core.types import ClientOrderId, MarketKey, PositionId, Symbol, VenueId
from bot.journal import intents, opening, rows, statements, tables
from bot.journal.cache import Cache
from bot.journal.database import Database
from bot.journal.lock import JournalLock
from bot.journal.notes import JournalNotes
from bot.journal.rows import Curves, CycleRows
from bot.journal.salvage import mend
from bot.journal.thinning import Limits, Thinner
from bot.ports import NoTelemetry, Telemetry

_LIMITS: Final = Limits()
_BOT_ID: Final = re.compile(r"[a-z0-9]{1,12}")


class SqliteJournal:
    """The bot's durable memory in one SQLite file (WAL, every commit synced); for one thread. Made by ``open``.

    ``telemetry`` takes every outcome and event, once it is written; ``damage`` says what was found damaged and is lost.

    Every method that writes is one transaction, durable when it returns. Each raises Retryable where the disk is full,
    the file is locked or can't be written (nothing of the call stands then), and Halt where the file is damaged.
    """

    def __init__(self, database: Database, lock: JournalLock, bot_id: str, cycles: CycleRows, limits: Limits) -> None:
        self._database = database
        self.notes = JournalNotes(database)
        self._lock = lock
        self._bot_id = bot_id
        self._cycles = cycles
        self._thinner = Thinner(limits)
        self._epoch = 0
        self._next_number = 1
        self._last_cycle: int | None = None
        self._cache = Cache(database)
        self._book: Book | None = None  # of the last recorded cycle
        self.telemetry: Telemetry = NoTelemetry()
        self.damage: str | None = None

    @classmethod
    def open(
        cls, path: Path, bot_id: str, at: datetime, curves: Curves, *, limits: Limits = _LIMITS, noise: int = 0
    ) -> Self:
        """Lock the journal, repair it if it is damaged, make or migrate it, and begin a new epoch.

        Args:
            path: the file; what is missing is made, its directory included.
            bot_id: begins every client order id; 1 to 12 of ``[a-z0-9]``.
            at: the present time; the epoch is made of it, and is shown to whoever finds the journal in use.
            curves: what positions may lie on.
            limits: what it may grow to.
            noise: a random number for the epoch, below ``identity.NOISE``.

        Raises:
            ConfigError: the bot id is malformed or not this journal's, the file is some other database, or a newer
                dnbot wrote it.
            Halt: another process holds the journal, or the file can't be made, or set aside where it is damaged.
            Retryable: the disk is full, or the file is locked.
        """
        if not _BOT_ID.fullmatch(bot_id):
            raise ConfigError(f"the bot id {bot_id!r} must be 1 to 12 lower-case letters and digits")
        opening.make_folder(path.parent)
        with ExitStack() as undo:
            lock = JournalLock(path, tables.utc_text(at))
            undo.callback(lock.release)
            damage = mend(path, at)
            database = Database.for_writing(path)
            undo.callback(database.close)
            journal = cls(database, lock, bot_id, CycleRows(curves), limits)
            journal.damage = None if damage is None else str(damage)
            with database.transaction() as connection:
                journal._epoch, journal._next_number = opening.begin(connection, path, bot_id, at, noise)
            undo.pop_all()
        return journal

    @property
    def epoch(self) -> int:
        """Distinguishes the orders of this opening from those of all others; larger than any that came before."""
        return self._epoch

    def renew(self, at: datetime, after: int = 0) -> None:
        """Begin another epoch, which is larger than ``after``."""
        epoch = new_epoch(at, 0, max(self._epoch, after))
        with self._database.transaction() as connection:
            opening.write(connection, {"epoch": str(epoch)})
        self._epoch = epoch

    def known_ids(self, client_ids: Collection[ClientOrderId], *, traded: bool = True) -> frozenset[ClientOrderId]:
        """Return those client ids that an intent bears, or (unless ``traded`` is False) a recorded fill."""
        with self._database.transaction() as connection:
            return intents.known(connection, client_ids, traded=traded)

    def adopt_order(self, request: OrderRequest, report: OrderReport, placed_at: datetime) -> None:
        """Make an intent of a resting order of ours that the journal does not hold, as if it had been sent then."""
        intent = Intent(report.client_id, self._next_number, request, placed_at)
        self._next_number += 1
        with self._cache.moving() as connection:
            intents.adopt(connection, intent, self._epoch, report.filled)

    def last_cycle(self) -> int:
        """Return the number of the last recorded cycle, 0 on a new journal; the next one has to be larger."""
        if self._last_cycle is None:
            with self._database.transaction() as connection:
                self._last_cycle = connection.execute(select(tables.state.c.cycle)).scalar() or 0
        return self._last_cycle

    def new_intent(self, request: OrderRequest, at: datetime, ids: OrderIds, state: State | None = None) -> Intent:
        """Number an order, give it its client id and commit it, before anything is sent.

        ``state``, if given, becomes the one that the next decision starts from, in the same transaction. A number whose
        commit failed is not used again.
        """
        number = self._next_number
        self._next_number += 1
        try:
            client_id = self.identity(ids).encode(number)
        except ValueError as error:
            raise Halt(f"{error}: begin a new journal") from None
        intent = Intent(client_id, number, request, at)
        values = None if state is None else self._state_values(state)
        self._cache.forget()
        with self._database.transaction() as connection:
            intents.add(connection, intent, self._epoch)
            if values is not None:
                connection.execute(statements.REPLACE_STATE, values)
        return intent

    def resolve(self, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime) -> None:
        """Record what became of an intent; a NotFound here means: proven never placed.

        A repeated outcome changes nothing. What contradicts the known end is not taken over, and an effect that comes
        to light after the end is; either leaves an event (``intent_refused``, ``intent_late``). The outcome of a cancel
        is none of an intent's: look the order up instead.

        Raises:
            Halt: there is no such intent.
        """
        with self._cache.moving() as connection:
            intent, event = intents.take_outcome(connection, client_id, outcome, at)
        self.telemetry.emit(OrderReported(intent, outcome))
        self._report(event)

    def pending(self) -> tuple[Pending, ...]:
        """Return the intents whose end is not known, oldest first."""
        return self._cache.known().pending

    def add_fills(self, fills: Sequence[Fill]) -> int:
        """Record fills, each trade id once; return how many were new.

        The fills of an intent count towards its ``filled``; one that comes after the end leaves an ``intent_late``.
        """
        with self._cache.moving() as connection:
            new = [fill for fill in fills if intents.add_fill(connection, fill)]
            last = {fill.client_id: fill.at for fill in new if fill.client_id is not None}
            events = [intents.count_fills(connection, client_id, at) for client_id, at in last.items()]
        self._report(*events)
        return len(new)

    def identity(self, ids: OrderIds) -> Identity:
        """Return whose orders are this journal's at the venue that writes its ids like this."""
        return Identity(self._bot_id, self._epoch, ids)

    def expected(self) -> dict[MarketKey, Expected]:
        """Return the positions as far as they are known: what was adopted, and what our own orders filled since."""
        return dict(self._cache.known().expected)

    def adopt(self, venue: VenueId, symbol: Symbol, size: Decimal, event: Event) -> None:
        """Take a venue's position over as the one that is expected, and append the event, both or neither."""
        key = venue, symbol
        with self._cache.moving() as connection:
            moved_at = statements.expected(connection).get(key, FLAT).moved_at
            statements.expect(connection, key, Expected(size, moved_at))
            connection.execute(statements.NEW_EVENT, rows.event_values(event))
        self._report(event)

    def last_fill_at(self, venue: VenueId) -> datetime | None:
        """Return the time of the newest recorded fill of a venue."""
        table = tables.fills
        with self._database.transaction() as connection:
            found: datetime | None = connection.execute(
                select(func.max(table.c.at, type_=tables.UtcText)).where(table.c.venue == venue)
            ).scalar()
        return found

    def trades(self, venue: VenueId, after: int) -> tuple[JournaledTrade, ...]:
        """Return a venue's fills whose numbers are above ``after``, in the order in which they were recorded."""
        with self._database.transaction() as connection:
            return statements.trades(connection, venue, after)

    def record(self, record: CycleRecord) -> None:
        """Append a cycle, the state that the next decision starts from, and what was booked: all or nothing.

        Raises:
            Halt: a cycle of that number stands there already.
        """
        cycle = self._cycles.values(record)
        state = {"id": 1, "cycle": record.cycle, "state": rows.pack(rows.STATE, record.decision.state)}
        with self._database.transaction() as connection:
            connection.execute(statements.NEW_CYCLE, cycle)
            connection.execute(statements.REPLACE_STATE, state)
            statements.record_book(connection, record, self._book)
            self._thinner.thin(connection, record.cycle, record.at)
        self._last_cycle, self._book = record.cycle, record.book

    def last_snapshot(self) -> Snapshot | None:
        """Return the snapshot of the last recorded cycle, or None on a new journal.

        Raises:
            Halt: what stands there is damaged, or of another version's shape.
        """
        newest = select(tables.cycles).order_by(tables.cycles.c.number.desc()).limit(1)
        with self._database.transaction() as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else self._cycles.record(row).snapshot

    def load_state(self) -> State | None:
        """Return the state of the last recorded cycle, or None on a new journal.

        Raises:
            Halt: what stands there is damaged, or of another version's shape.
        """
        with self._database.transaction() as connection:
            data = connection.execute(select(tables.state.c.state)).scalar()
        return None if data is None else rows.unpack(rows.STATE, data)

    def load_book(self) -> Book:
        """Return what was booked up to the last recorded cycle; an empty book on a new journal.

        Raises:
            Halt: what stands there is damaged, or of another version's shape.
        """
        with self._database.transaction() as connection:
            return statements.book(connection)

    def stops_fired(self, since: datetime) -> dict[MarketKey, datetime]:
        """Return when the last stop that filled, at least in part, ended since a time."""
        return {key: at for key, at in self._cache.known(since).fired if at >= since}

    def save_state(self, state: State) -> None:
        """Replace the state that the next decision starts from; the number of the last cycle stays."""
        values = self._state_values(state)
        with self._database.transaction() as connection:
            connection.execute(statements.REPLACE_STATE, values)

    def _state_values(self, state: State) -> rows.Values:
        return {"id": 1, "cycle": self.last_cycle(), "state": rows.pack(rows.STATE, state)}

    def entry(self, position: PositionId) -> Entry | None:
        """Return a position's entry amounts."""
        table = tables.entries
        with self._database.transaction() as connection:
            row = connection.execute(select(table).where(table.c.position == position)).one_or_none()
        return None if row is None else rows.to_entry(row)

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        """Set a position's entry amounts."""
        with self._database.transaction() as connection:
            connection.execute(
                statements.replacing(tables.entries.c.position), {"position": position, **rows.entry_values(entry)}
            )

    def add_event(self, event: Event) -> None:
        """Append an event."""
        with self._database.transaction() as connection:
            connection.execute(statements.NEW_EVENT, rows.event_values(event))
        self._report(event)

    def close(self) -> None:
        """Flush, close and unlock."""
        self._database.close()
        self._lock.release()

    def _report(self, *events: Event | None) -> None:
        for event in events:
            if event is not None:
                self.telemetry.emit(EventJournaled(event))
