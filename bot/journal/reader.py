"""The journal opened read-only, beside the daemon that writes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Row, Select, func, select

from bot.core.errors import ConfigError, Halt
from bot.core.inputs import Pending
from bot.core.orders import Fill
from bot.core.pnl.attribution import Attribution
from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.record import CycleRecord, Event
from bot.core.types import VenueId
from bot.journal import intents, migrate, rows, statements, tables
from bot.journal.cycle_summary import CycleSummary
from bot.journal.database import Database
from bot.journal.lock import Holder, holder
from bot.journal.rows import CashMovement, Curves, CycleRows, IntentRecord

_MANY: Final = 1000
"""The default of how many rows an answer has at most."""
_PAGE: Final = 50
"""Whole cycles are large."""


@dataclass(frozen=True, slots=True)
class JournalMeta:
    """Whose journal it is; ``opened_at`` is when the epoch began; ``holder`` is the daemon that writes, if one does."""

    bot_id: str
    epoch: int
    opened_at: datetime
    holder: Holder | None


class JournalView:
    """A journal, read-only. Lists come oldest first and are the newest ``limit`` of what was asked for; for one thread.

    Each method raises Retryable where the file can't be read now, and Halt where it is damaged.
    """

    def __init__(self, database: Database, cycles: CycleRows) -> None:
        self._database = database
        self._cycles = cycles

    @classmethod
    def open(cls, path: Path, curves: Curves) -> JournalView:
        """Open a journal for reading; ``curves`` are those that a position may lie on, by their names in journals.

        Raises:
            ConfigError: the file is missing, empty, no journal, or of another version.
            Retryable: it can't be read now.
        """
        _require_file(path)
        with ExitStack() as undo:
            try:
                database = Database.for_reading(path)
                undo.callback(database.close)
                with database.transaction() as connection:
                    found = migrate.revision(connection, path)
            except Halt as error:
                raise ConfigError(f"this is no dnbot journal ({error})", source=str(path)) from error
            migrate.require_head(found, path)
            undo.pop_all()
        return cls(database, CycleRows(curves))

    def meta(self) -> JournalMeta:
        """Return whose journal it is and who writes it."""
        with self._database.transaction() as connection:
            facts = {row.key: row.value for row in connection.execute(select(tables.meta))}
        opened_at = datetime.fromisoformat(facts["opened_at"])
        return JournalMeta(facts["bot_id"], int(facts["epoch"]), opened_at, holder(self._database.path))

    def last_record(self) -> CycleRecord | None:
        """Return the last recorded cycle whole, None where there is none yet."""
        found = self._newest(select(tables.cycles), tables.cycles.c.number, 1)
        return self._cycles.record(found[0]) if found else None

    def summaries(self, after: int = 0, limit: int = _MANY) -> tuple[CycleSummary, ...]:
        """Return the cycles whose numbers are larger than ``after``, as summaries."""
        number = tables.cycles.c.number
        columns = [column for column in tables.cycles.c if column.name not in {"snapshot", "decision"}]
        return tuple(
            rows.to_summary(row) for row in self._newest(select(*columns).where(number > after), number, limit)
        )

    def cycles(self) -> int:
        """Return how many cycles are kept."""
        with self._database.transaction() as connection:
            return connection.execute(select(func.count()).select_from(tables.cycles)).scalar_one()

    def records(self, after: int = 0) -> Iterator[CycleRecord]:
        """Return the cycles whose numbers are larger than ``after``, whole but for their books, a few at a time."""
        number = tables.cycles.c.number
        while True:
            page = select(tables.cycles).where(number > after).order_by(number).limit(_PAGE)
            with self._database.transaction() as connection:
                found = connection.execute(page).all()
            if not found:
                return
            yield from (self._cycles.record(row) for row in found)
            after = found[-1].number

    def book(self) -> Book:
        """Return what was booked up to the last recorded cycle: results of today and in all."""
        with self._database.transaction() as connection:
            return statements.book(connection)

    def cash(self) -> tuple[CashMovement, ...]:
        """Return the cash movements that are in the results, in order of time."""
        table = tables.cash
        with self._database.transaction() as connection:
            found = connection.execute(select(table).order_by(table.c.at, table.c.venue, table.c.key)).all()
        return tuple(rows.to_cash(row) for row in found)

    def trades(self) -> tuple[JournaledTrade, ...]:
        """Return every fill with its number in the journal and the mark of its order, in order of time."""
        with self._database.transaction() as connection:
            venues = connection.execute(select(tables.fills.c.venue).distinct()).scalars().all()
            found = [trade for venue in venues for trade in statements.trades(connection, VenueId(venue), 0)]
        return tuple(sorted(found, key=lambda trade: (trade.fill.at, trade.number)))

    def results(self) -> dict[date, Attribution]:
        """Return the attribution of every UTC day, oldest first."""
        table = tables.results
        with self._database.transaction() as connection:
            found = connection.execute(select(table).order_by(table.c.day)).all()
        return {date.fromisoformat(row.day): rows.unpack(rows.RESULT, row.result) for row in found}

    def began(self) -> date | None:
        """Return the UTC day of the first results, None where there are none yet."""
        with self._database.transaction() as connection:
            found = connection.execute(select(func.min(tables.results.c.day))).scalar()
        return None if found is None else date.fromisoformat(found)

    def intents(self, after: int = 0, limit: int = _MANY) -> tuple[IntentRecord, ...]:
        """Return the intents whose numbers are larger than ``after``, with what became of them."""
        number = tables.intents.c.number
        found = self._newest(select(tables.intents).where(number > after), number, limit)
        return tuple(rows.to_intent_record(row) for row in found)

    def pending(self) -> tuple[Pending, ...]:
        """Return the intents whose end is not known, oldest first."""
        with self._database.transaction() as connection:
            return intents.pending(connection)

    def fills(self, since: datetime | None = None, limit: int = _MANY) -> tuple[Fill, ...]:
        """Return our trades, from a time on where one is given."""
        at = tables.fills.c.at
        statement = select(tables.fills) if since is None else select(tables.fills).where(at >= since)
        return tuple(rows.to_fill(row) for row in self._newest(statement, at, limit))

    def events(self, since: datetime | None = None, limit: int = _MANY) -> tuple[Event, ...]:
        """Return the events in the order in which they were written, from a time on where one is given."""
        table = tables.events
        statement = select(table) if since is None else select(table).where(table.c.at >= since)
        return tuple(rows.to_event(row) for row in self._newest(statement, table.c.id, limit))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _newest(self, statement: Select[Any], order: Column[Any], limit: int) -> list[Row[Any]]:
        with self._database.transaction() as connection:
            found = connection.execute(statement.order_by(order.desc()).limit(limit)).all()
        return list(reversed(found))


def _require_file(path: Path) -> None:
    if not os.access(path, os.R_OK):
        raise ConfigError(
            "there is no journal here that this user may read; has the daemon run with this configuration?",
            source=str(path),
        )
    if not path.is_file():
        raise ConfigError("this is no file, so no journal", source=str(path))
