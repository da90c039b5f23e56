"""What the journal tells in every cycle of intents and positions; kept in memory between the writes that change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.core.reconciliation.positions import Expected
from bot.core.state import Pending
from bot.core.types import MarketKey
from bot.journal import statements


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
        fired = () if since is None else statements.stops_fired(connection, since)
        return cls(statements.pending(connection), statements.expected(connection), since, fired)

    def reaches(self, since: datetime) -> bool:
        """Whether it goes back so far."""
        return self.since is not None and self.since <= since
