"""The journal's intents and positions, kept in memory between the writes that change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.core.inputs import Pending
from bot.core.reconciliation.positions import Expected
from bot.core.types import MarketKey
from bot.journal import intents, statements
from bot.journal.database import Database


@dataclass(frozen=True, slots=True)
class Known:
    """All of it as of one moment.

    ``fired`` holds when stops that filled ended, by market, oldest first; none from before ``since``.
    """

    pending: tuple[Pending, ...]
    expected: Mapping[MarketKey, Expected]
    since: datetime | None
    fired: tuple[tuple[MarketKey, datetime], ...]

    @classmethod
    def read(cls, connection: Connection, since: datetime | None) -> Known:
        """Read what stands in the file, or will stand there once this transaction is committed."""
        fired = () if since is None else intents.stops_fired(connection, since)
        return cls(intents.pending(connection), statements.expected(connection), since, fired)

    def reaches(self, since: datetime) -> bool:
        """Whether it goes back so far."""
        return self.since is not None and self.since <= since


class Cache:
    """What is known, read again after each write that may have changed it; the journal's lock keeps other writers out.

    ``since`` bounds the stops: the oldest that was requested.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Known | None = None
        self._since: datetime | None = None

    def known(self, since: datetime | None = None) -> Known:
        """Return what is known of intents and positions; of stops only what ended since the given time."""
        self._since = since or self._since
        if self._known is None or (since is not None and not self._known.reaches(since)):
            with self._database.transaction() as connection:
                self._known = Known.read(connection, self._since)
        return self._known

    @contextmanager
    def moving(self) -> Iterator[Connection]:
        """Return a transaction that may move intents or positions; what is known then counts once it is committed."""
        self._known = None
        with self._database.transaction() as connection:
            yield connection
            known = Known.read(connection, self._since)
        self._known = known

    def forget(self) -> None:
        """Read it all again when it is next asked for."""
        self._known = None
