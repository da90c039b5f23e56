"""One connection to the journal's SQLite file, its transactions, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, ProgrammingError, StatementError
from sqlalchemy.pool import StaticPool

from bot.core.errors import DnbotError, Halt, Retryable
from bot.journal import sums
from bot.journal.lock import OWNER_ONLY

BUSY_SECONDS: Final = 5
"""How long a statement waits for another process (a backup, a shell) to give the file free."""
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF
"""SQLite's extended result codes carry the primary one in their lowest byte."""


class Database:
    """A connection for one thread. Errors of SQLite leave it as errors named by what happens next."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        with self._errors():
            self._connection = engine.connect()

    @classmethod
    def for_writing(cls, path: Path) -> Database:
        """Open the file, or create it, readable by its owner only."""
        with _os_errors(path):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
            path.chmod(OWNER_ONLY)
        return cls(path, _engine(path, "rw", "BEGIN IMMEDIATE", ("journal_mode = WAL", "synchronous = FULL")))

    @classmethod
    def for_reading(cls, path: Path) -> Database:
        """Open a file that exists, for reading only, also while another process writes it."""
        return cls(path, _engine(path, "ro", "BEGIN", ()))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Return the connection: all of the block happens, durably, or nothing of it.

        Raises:
            Retryable: the disk is full, the file is locked, or reading or writing failed.
            Halt: the file is damaged, or what is written contradicts what stands there.
            ValueError: a Decimal is no number, or a time has no zone.
        """
        with self._errors(), self._connection.begin():
            yield self._connection

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (ProgrammingError, InterfaceError):
            raise  # a programming error, not a fault of the file
        except DBAPIError as error:
            raise _reaction(self.path, error) from error
        except StatementError as error:
            raise error.orig or error from None  # a value that its column refuses, with the column's own message


def _reaction(path: Path, error: DBAPIError) -> DnbotError:
    code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if isinstance(error, IntegrityError):
        return Halt(f"{path}: the journal refuses a contradiction: {error.orig}")
    if code in _DAMAGED:
        return Halt(f"{path}: the journal is damaged: {error.orig}; start again, which keeps what of it is whole")
    return Retryable(f"{path}: the journal can't be used now: {error.orig}")


@contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Halt(f"{path}: the journal can't be opened: {error.strerror}") from error


def _engine(path: Path, mode: str, begin: str, pragmas: tuple[str, ...]) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level None: the driver opens no transactions, so that DDL and BEGIN IMMEDIATE are under our control
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            for pragma in (*pragmas, "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
            sums.teach(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
