"""Bound a journal's size: the newest cycles stay whole, of older ones one an hour, and no order that came to nothing.

What accounting and recovery rest on is never touched: fills, results, cash movements, cost bases, events, the book,
the state, and every intent that is open, or filled anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, literal, select, tuple_

from bot.journal.tables import UtcText, cycles, fills, intents

MEBIBYTE: Final = 2**20
RECENT: Final = 1000
"""The newest cycles, which no bound removes: what is shown, and can be verified."""
HOURLY_FOR: Final = timedelta(days=366)
FRUITLESS_FOR: Final = timedelta(days=100)
"""How long an order that came to nothing is remembered; no venue tells of older ones (90 days)."""
_EVERY: Final = 5
"""Cycles between two runs."""
_AT_ONCE: Final = 50
"""Rows that one run handles at most, so that a lowered bound makes no slow cycle."""
_HOUR: Final = "%Y-%m-%d %H"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of the newest cycles stay whole, and the bytes that the journal may take."""

    whole: int = 50_000
    size: int = 1024 * MEBIBYTE


@dataclass(slots=True)
class Thinner:
    """Deletes, in small steps every few cycles, what is not needed any more."""

    limits: Limits = field(default_factory=Limits)
    _hourly: int = 0
    _hour: str = ""
    _looks: int = 0
    _resolved: tuple[datetime | None, int] = (None, 0)

    def thin(self, connection: Connection, newest: int, at: datetime) -> None:
        """Do the next step, after the cycle ``newest`` was recorded at a time."""
        self._looks += 1
        if self._looks % _EVERY:
            return
        self._to_hours(connection, newest - self.limits.whole)
        self._forget(connection, at - FRUITLESS_FOR)
        number = cycles.c.number
        oldest = connection.execute(select(number, cycles.c.at).order_by(number).limit(_AT_ONCE)).all()
        aged = [row.number for row in oldest if row.at < at - HOURLY_FOR]
        if used(connection) > self.limits.size:
            aged = [row.number for row in oldest]
        gone = [one for one in aged if one <= newest - RECENT]
        if gone:
            connection.execute(delete(cycles).where(number.in_(gone)))

    def _to_hours(self, connection: Connection, newest: int) -> None:
        """Keep the first cycle of each hour, of those up to a number."""
        number = cycles.c.number
        wanted = (number > self._hourly) & (number <= newest)
        found = connection.execute(select(number, cycles.c.at).where(wanted).order_by(number).limit(_AT_ONCE)).all()
        gone = [row.number for row in found if not self._is_first(row.at)]
        if found:
            self._hourly = found[-1].number
        if gone:
            connection.execute(delete(cycles).where(number.in_(gone)))

    def _is_first(self, at: datetime) -> bool:
        before, self._hour = self._hour, at.strftime(_HOUR)
        return self._hour != before

    def _forget(self, connection: Connection, until: datetime) -> None:
        """Delete orders that ended long ago and filled nothing; the newest stays, since numbers go on from it."""
        at, number = intents.c.resolved_at, intents.c.number
        last, place = self._resolved
        wanted = at < until
        if last is not None:
            wanted &= tuple_(at, number) > tuple_(literal(last, UtcText), place)
        columns = select(number, at, intents.c.filled, intents.c.client_id)
        found = connection.execute(columns.where(wanted).order_by(at, number).limit(_AT_ONCE)).all()
        if not found:
            return
        self._resolved = found[-1].resolved_at, found[-1].number
        names = {row.client_id: row.number for row in found if not row.filled}
        traded = select(fills.c.client_id).where(fills.c.client_id.in_(names))
        names.pop(connection.execute(select(intents.c.client_id).order_by(number.desc()).limit(1)).scalar(), None)
        for client_id in connection.execute(traded).scalars():
            names.pop(client_id, None)
        if names:
            connection.execute(delete(intents).where(number.in_(names.values())))


def used(connection: Connection) -> int:
    """Return the bytes of a journal's file that hold something; the rest is free space."""
    pages, free, size = (
        connection.exec_driver_sql(f"PRAGMA {what}").scalar_one()
        for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
