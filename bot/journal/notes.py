"""What adapters store across restarts, beside the journal's own facts; implements Notes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from bot.journal import opening, tables
from bot.journal.database import Database

_PREFIX: Final = "note:"


class JournalNotes:
    """Texts under keys, each write durable when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, key: str) -> str | None:
        """Return what was noted last."""
        wanted = select(tables.meta.c.value).where(tables.meta.c.key == _PREFIX + key)
        with self._database.transaction() as connection:
            found: str | None = connection.execute(wanted).scalar()
        return found

    def save_note(self, key: str, text: str) -> None:
        """Note a text in place of an older one."""
        with self._database.transaction() as connection:
            opening.write(connection, {_PREFIX + key: text})
