"""Whether a journal's file holds what was written: its structure, its definitions, and every row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.core.errors import Retryable
from bot.journal import sums
from bot.journal.database import BUSY_SECONDS

_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""Errors that are independent of the file's content."""
_PRIMARY_CODE: Final = 0xFF
_MARKS: Final = ("alembic_version", "meta", "intents")
_PAGE: Final = 512
"""The bytes of SQLite's smallest page: every database has whole ones."""
_NAMED: Final = 5
"""How many rows a message names."""


@contextmanager
def connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Return a plain connection within one transaction, which is rolled back; ``mode`` is ``ro`` or ``rw``.

    Raises:
        Retryable: the file can't be read now.
        sqlite3.Error: the file is damaged.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_SECONDS
        )
        try:
            sums.teach(connection)
            connection.execute("PRAGMA writable_schema = ON")  # reads what it can of damaged definitions
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        if is_passing(error):
            raise Retryable(f"{path}: the journal can't be read now: {error}") from error
        raise


def is_passing(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite is independent of what the file holds."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY_CODE in _PASSING


def faults(path: Path, mode: str = "ro") -> tuple[str, ...]:
    """Return what is damaged in a journal, by table and row; nothing where it is sound, or some other database.

    Raises:
        Retryable: the file can't be read now.
    """
    try:
        with connected(path, mode) as connection:
            return tuple(_faults(connection, path.stat().st_size))
    except sqlite3.Error as error:
        return (f"the file: {error}",)


def rows_named(rows: list[int]) -> str:
    """Name rows by their ids: the first few, and how many more."""
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:_NAMED]))}{more}"


def _faults(connection: sqlite3.Connection, size: int) -> Iterator[str]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if len(tables.intersection(_MARKS)) < len(_MARKS) - 1:
        if size % _PAGE:
            yield "the file: it ends within a page"
        return
    structure = [text for (text,) in connection.execute("PRAGMA integrity_check")]
    if structure != ["ok"]:
        yield f"the file's structure: {' '.join(structure[0].split())}"
    if not sums.exist(connection):
        return  # an older version wrote it
    if sums.is_schema_wrong(connection):
        yield "the definitions of its tables"
    for table in sums.tables(connection):
        try:
            if rows := sums.wrong(connection, table):
                yield f"{table}: {rows_named(rows)}"
        except sqlite3.Error as error:
            if is_passing(error):
                raise
            yield f"{table}: {error}"
