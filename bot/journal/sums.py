"""Checksums of the journal's rows: SQLite sees a torn page, and not a bit that flipped inside a value.

A journal that is open for writing keeps them by triggers of its own connection, so that the file has none, and any
program may read it. A row that something else wrote has no right sum, and counts as damaged.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable
from itertools import chain
from typing import Final, cast

from sqlalchemy import Connection

from bot.journal.tables import metadata

_FUNCTION: Final = "row_sum"
_TABLE: Final = "sums"
_SCHEMA: Final = "sqlite_master"
_SUMMED: Final = ("alembic_version", *(name for name in metadata.tables if name != _TABLE))
_DEFINITIONS: Final = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
_KEEP: Final = (
    f"INSERT INTO {_TABLE} (name, row, sum) VALUES ('{{table}}', NEW.rowid, {{sum}}) "
    "ON CONFLICT (name, row) DO UPDATE SET sum = excluded.sum"
)


def _row_sum(*values: str | bytes | float | None) -> str:
    """Return the CRC-32 of some values of SQLite, types and lengths included, as eight hexadecimal digits."""
    total = 0
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode()
        total = zlib.crc32(b"%s:%d:%s" % (type(value).__name__.encode(), len(data), data), total)
    return f"{total:08x}"


def teach(connection: sqlite3.Connection) -> None:
    """Register ``_row_sum`` on a connection."""
    connection.create_function(_FUNCTION, -1, _row_sum, deterministic=True)


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables whose rows have sums, as far as they are there."""
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [name for name in _SUMMED if name in found]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, as far as the file lists them."""
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


def expression(names: Iterable[str], row: str) -> str:
    """Return the sum of a row as SQL.

    Text goes in as its bytes, since those of a damaged one need not be UTF-8.
    """
    typed = ((f"typeof({row}.{name})", f"CAST({row}.{name} AS BLOB)") for name in map(_quoted, names))
    return f"{_FUNCTION}({row}.rowid, {', '.join(chain.from_iterable(typed))})"


def exist(connection: sqlite3.Connection) -> bool:
    """Whether a journal has sums; those of older versions have none."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone()
    return found is not None


def wrong(connection: sqlite3.Connection, table: str) -> list[int]:
    """Return the ids of a table's rows that are not what was written, or are gone."""
    own = expression(columns(connection, table), "t")
    odd = (
        f"SELECT t.rowid FROM {table} t LEFT JOIN {_TABLE} s ON s.name = ?1 AND s.row = t.rowid "
        f"WHERE s.sum IS NOT {own} "
        f"UNION SELECT row FROM {_TABLE} WHERE name = ?1 AND row NOT IN (SELECT rowid FROM {table}) ORDER BY 1"
    )
    return [row for (row,) in connection.execute(odd, (table,))]


def is_schema_wrong(connection: sqlite3.Connection) -> bool:
    """Whether the definitions of the tables are not those that were written."""
    kept = connection.execute(f"SELECT sum FROM {_TABLE} WHERE name = ? AND row = 0", (_SCHEMA,)).fetchone()
    return kept is None or kept[0] != _schema(connection)


def keep(connection: Connection, *, anew: bool) -> None:
    """Keep the sums of all that this connection writes from now on; ``anew``: make those of what is there first."""
    database = raw(connection)
    if anew:
        database.execute(f"DELETE FROM {_TABLE}")
    for table in tables(database):
        names = columns(database, table)
        if anew:
            made = expression(names, "t")
            database.execute(f"INSERT INTO {_TABLE} SELECT '{table}', t.rowid, {made} FROM {table} t")
        write = _KEEP.format(table=table, sum=expression(names, "NEW"))
        gone = f"DELETE FROM {_TABLE} WHERE name = '{table}' AND row = OLD.rowid"
        for when, action in (("INSERT", write), ("UPDATE", write), ("DELETE", gone)):
            trigger = f"sum_{when.lower()}_{table} AFTER {when} ON main.{table}"
            database.execute(f"CREATE TEMP TRIGGER {trigger} BEGIN {action}; END")
    if anew:
        database.execute(f"INSERT INTO {_TABLE} VALUES (?, 0, ?)", (_SCHEMA, _schema(database)))


def raw(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection, for what has no form in SQLAlchemy; its transaction is the same."""
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def _schema(connection: sqlite3.Connection) -> str:
    return _row_sum(*chain.from_iterable(connection.execute(_DEFINITIONS)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
