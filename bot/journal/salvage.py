"""Set a damaged journal aside, and begin the next one with every row of it that is whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from bot.core.errors import Halt
from bot.core.pnl.attribution import Attribution
from bot.core.pnl.ledger import Book
from bot.core.record import Event
from bot.journal import migrate, rows, statements, sums, tables
from bot.journal.database import Database
from bot.journal.soundness import connected, faults, is_passing, rows_named

_LOGS: Final = ("-wal", "-shm")
_ALL: Final = "all rows"
_REVISION: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class Damage:
    """A journal that was set aside: where it lies, what was found, and what of it is not in the next one."""

    aside: Path
    found: tuple[str, ...]
    lost: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"the journal was damaged ({'; '.join(self.found)}) and lies at {self.aside} now; what of it is whole was "
            f"kept, lost is: {'; '.join(self.lost) or 'nothing'}. Positions and resting orders are taken over from the "
            "venues; for the rest restore a backup (docs/backup.md)"
        )


def mend(path: Path, at: datetime) -> Damage | None:
    """Check whether a journal is sound; if not, replace it by its intact rows. For the holder of its lock.

    Nothing is done to a sound one, to a database that is no journal, and to a newer version's. A crash on the way
    leaves the damaged file in place, or the new one.

    Raises:
        Retryable: the file can't be read now, or there is no room for the next one.
        Halt: the files can't be moved.
    """
    if not path.is_file() or not path.stat().st_size or not os.access(path, os.R_OK | os.W_OK):
        return None  # whoever opens it reports that
    found = faults(path, "rw")
    if not found:
        return None
    new, aside = path.with_name(f"{path.name}.salvaged"), _aside(path, at)
    _remove(new)
    lost = _save(path, new)
    if lost is None:
        return None
    damage = Damage(aside, found, tuple(lost))
    try:
        _note(new, damage, at)
        for log in _LOGS:
            with suppress(FileNotFoundError):
                Path(f"{path}{log}").replace(f"{aside}{log}")
        os.link(path, aside)
        new.replace(path)
        _sync(path.parent)
    except OSError as error:
        words = f"the journal is damaged ({'; '.join(found)}), and can't be set aside: {error.strerror}"
        raise Halt(f"{path}: {words}") from error
    return damage


def _note(new: Path, damage: Damage, at: datetime) -> None:
    """Leave an event of it, which also stands after a crash."""
    event = Event(at, "journal_damaged", str(damage), {"aside": str(damage.aside)})
    with closing(Database.for_writing(new)) as database, database.transaction() as connection:
        if sums.exist(sums.raw(connection)):
            sums.keep(connection, anew=False)
        connection.execute(statements.NEW_EVENT, rows.event_values(event))


def _aside(path: Path, at: datetime) -> Path:
    base = f"{path.name}.damaged-{at:%Y%m%dT%H%M%SZ}"
    names = (path.with_name(base if not number else f"{base}-{number}") for number in range(1000))
    return next(one for one in names if not one.exists())


def _remove(path: Path) -> None:
    for suffix in ("", *_LOGS):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _save(path: Path, new: Path) -> list[str] | None:
    """Write what is intact into a new journal; return what is not, or None where a newer version wrote it."""
    try:
        with connected(path, "rw") as source:
            revision = _revision(source)
            if revision > migrate.HEAD:
                return None
            return _copy(source, new, revision)
    except sqlite3.Error:
        return _copy(None, new, migrate.HEAD)


def _revision(source: sqlite3.Connection) -> str:
    """Return the revision of a damaged journal; this version's where it can't be read."""
    try:
        if sums.exist(source) and sums.wrong(source, _REVISION):
            return migrate.HEAD
        found = str(source.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return migrate.HEAD
    return found if found in migrate.KNOWN or found > migrate.HEAD else migrate.HEAD


def _copy(source: sqlite3.Connection | None, new: Path, revision: str) -> list[str]:
    lost: dict[str, str] = {}
    with closing(Database.for_writing(new)) as database, database.transaction() as connection:
        migrate.upgrade(connection, new, revision)
        target = sums.raw(connection)
        for table in sums.tables(target):
            if table != _REVISION and (gone := _ALL if source is None else _table(source, target, table)):
                lost[table] = gone
        if revision == migrate.HEAD:
            remade = {"state": _state, "book": _book}
            lost |= {table: f"{lost[table]} ({make(connection)})" for table, make in remade.items() if table in lost}
            sums.keep(connection, anew=True)
    return [f"{table}: {gone}" for table, gone in lost.items()]


def _table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> str:
    """Copy the intact rows of a table; return which are not intact, nothing where all are."""
    names = sums.columns(target, table)
    found, is_all = _ids(source, table)
    whole = (
        " AND " + sums.expression(names, "t") + f" = (SELECT sum FROM sums WHERE name = '{table}' AND row = t.rowid)"
    )
    listed = ", ".join(f't."{name}"' for name in names)
    read = f"SELECT t.rowid, {listed} FROM {table} t WHERE t.rowid = ?{whole if _is_summed(source) else ''}"
    fields = ", ".join(f'"{name}"' for name in names)
    write = f"INSERT INTO {table} (rowid, {fields}) VALUES (?{', ?' * len(names)})"
    lost = []
    for row in found:
        try:
            values = source.execute(read, (row,)).fetchone()
            if values is None:
                lost.append(row)
            else:
                target.execute(write, values)
        except sqlite3.Error as error:
            if is_passing(error):
                raise
            lost.append(row)
    if not found and not is_all:
        return _ALL
    named = [rows_named(lost)] if lost else []
    return ", ".join(named if is_all else [*named, "rows that nobody can count"])


def _ids(source: sqlite3.Connection, table: str) -> tuple[list[int], bool]:
    """Return the ids of a table's rows, from both ends where the middle can't be read, and whether that is all."""
    query = f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid"
    if _is_summed(source):
        query = f"SELECT row FROM sums WHERE name = '{table}' ORDER BY row"
    found: set[int] = set()
    for direction in ("ASC", "DESC"):
        try:
            for (row,) in source.execute(f"{query} {direction}"):
                found.add(row)
        except sqlite3.Error as error:
            if is_passing(error):
                raise
        else:
            return sorted(found), True
    return sorted(found), False


def _is_summed(source: sqlite3.Connection) -> bool:
    try:
        return sums.exist(source)
    except sqlite3.Error:
        return False


def _state(connection: Connection) -> str:
    """Rebuild the state that the newest cycle left."""
    table = tables.cycles
    for row in connection.execute(select(table.c.number, table.c.decision).order_by(table.c.number.desc())):
        with suppress(Halt):
            state = rows.unpack(rows.DECISION, row.decision).state
            values = {"id": 1, "cycle": row.number, "state": rows.pack(rows.STATE, state)}
            connection.execute(statements.REPLACE_STATE, values)
            return f"taken from cycle {row.number}"
    return "the bot's memory and its run state begin anew"


def _book(connection: Connection) -> str:
    """Rebuild the sums of the results of all days; what they are counted from begins with the next cycle."""
    found = connection.execute(select(tables.results).order_by(tables.results.c.day)).all()
    days = [(row.day, rows.unpack(rows.RESULT, row.result)) for row in found]
    if not days:
        return "results begin anew"
    total = Attribution()
    for _, result in days:
        total = total.plus(result)
    day, today = days[-1]
    connection.execute(
        statements.REPLACE_BOOK, {"id": 1, "book": rows.pack(rows.BOOK, Book(day, {}, {}, today, total))}
    )
    return "its sums are made of the days' results"
