"""The paper account's own SQLite file: the state, and everything that ever happened, in one transaction per call."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.core.errors import ConfigError, Retryable
from bot.core.orders import Fill, LedgerEntry, OrderReport
from bot.core.types import ClientOrderId, Symbol
from bot.paper.engine.account import Events
from bot.paper.engine.codec import from_json, to_json

SCHEMA: Final = 1

_META = sa.MetaData()
_ACCOUNT = sa.Table(
    "account",
    _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)
_FILLS = sa.Table(
    "fills",
    _META,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("trade_id", sa.Text, nullable=False, unique=True),
    sa.Column("client_id", sa.Text),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("price", sa.Text, nullable=False),
    sa.Column("fee", sa.Text, nullable=False),
    sa.Column("realised", sa.Text, nullable=False),
    sa.Column("is_maker", sa.Boolean, nullable=False),
    sa.Column("at", sa.Text, nullable=False, index=True),
)
_LEDGER = sa.Table(
    "ledger",
    _META,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False, index=True),
)
_ORDERS = sa.Table(
    "orders",
    _META,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("client_id", sa.Text, nullable=False, index=True),
    sa.Column("venue_order_id", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("filled", sa.Text, nullable=False),
    sa.Column("average_price", sa.Text),
    sa.Column("fee", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)


class PaperStore:
    """One account's file.

    Raises:
        ConfigError: the file is no paper account, or one of another version.
        Retryable: the file can't be opened now (locked, disk full).
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._revision = 0
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"can't make its directory: {error.strerror}", source=str(file)) from error
        self._engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)))
        sa.event.listen(self._engine, "connect", _set_up_connection)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            self._create()
        except (SQLAlchemyError, ConfigError) as error:
            self._engine.dispose()
            if isinstance(error, SQLAlchemyError):
                raise ConfigError(f"is no usable paper account: {error.args[0]}", source=str(file)) from error
            raise

    def load(self) -> dict[str, object] | None:
        """Return the state as it was last committed, None in a new file.

        Raises:
            Retryable: the file can't be read now.
        """
        try:
            with self._engine.connect() as connection:
                row = connection.execute(sa.select(_ACCOUNT.c.revision, _ACCOUNT.c.state)).first()
        except SQLAlchemyError as error:
            raise Retryable(f"{self._file}: {error.args[0]}") from error
        self._revision = row.revision if row else 0
        return dict(json.loads(row.state)) if row else None

    def commit(self, state: Mapping[str, object], events: Events) -> None:
        """Make a state durable together with all that led to it, in one transaction.

        Raises:
            Retryable: nothing is known of the outcome, or somebody else wrote; load again before going on.
        """
        text = json.dumps(state, separators=(",", ":"))
        try:
            with self._engine.begin() as connection:
                self._write_state(connection, text)
                _insert(connection, _FILLS, [to_json(fill) for fill in events.fills])
                _insert(connection, _LEDGER, [_numbered(entry) for entry in events.ledger])
                _insert(connection, _ORDERS, [_kept(order) for order in events.closed])
        except SQLAlchemyError as error:
            raise Retryable(f"{self._file}: {error.args[0]}") from error
        self._revision += 1

    def order(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | None:
        """Return the newest ended order of a client id.

        Raises:
            Retryable: the file can't be read now.
        """
        wanted = sa.and_(_ORDERS.c.client_id == client_id, _ORDERS.c.symbol == symbol)
        rows = self._rows(sa.select(_ORDERS).where(wanted).order_by(_ORDERS.c.number.desc()).limit(1))
        return from_json(OrderReport, dict(rows[0])) if rows else None

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Return the fills from a time on, oldest first.

        Raises:
            Retryable: the file can't be read now.
        """
        query = sa.select(_FILLS).where(_FILLS.c.at >= _time(since)).order_by(_FILLS.c.number)
        return tuple(from_json(Fill, dict(row)) for row in self._rows(query))

    def ledger(self, since: datetime) -> tuple[LedgerEntry, ...]:
        """Return the ledger from a time on, oldest first.

        Raises:
            Retryable: the file can't be read now.
        """
        query = sa.select(_LEDGER).where(_LEDGER.c.at >= _time(since)).order_by(_LEDGER.c.number)
        return tuple(from_json(LedgerEntry, {**row, "id": ""}) for row in self._rows(query))

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def _create(self) -> None:
        with self._engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            tables = set(sa.inspect(connection).get_table_names())
            if not version and tables:
                raise ConfigError("is a database, but no paper account", source=str(self._file))
            if version not in {0, SCHEMA}:
                message = f"has schema version {version}; this dnbot reads {SCHEMA}"
                raise ConfigError(message, source=str(self._file))
            if not version:
                _META.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")

    def _write_state(self, connection: sa.Connection, text: str) -> None:
        if self._revision == 0:
            connection.execute(sa.insert(_ACCOUNT).values(id=1, revision=1, state=text))
            return
        mine = sa.and_(_ACCOUNT.c.id == 1, _ACCOUNT.c.revision == self._revision)
        done = connection.execute(sa.update(_ACCOUNT).where(mine).values(revision=self._revision + 1, state=text))
        if done.rowcount != 1:
            raise Retryable(f"{self._file}: another process moved this paper account")

    def _rows(self, query: sa.Select[tuple[object, ...]]) -> Sequence[sa.RowMapping]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).mappings().all()
        except SQLAlchemyError as error:
            raise Retryable(f"{self._file}: {error.args[0]}") from error


def _numbered(entry: LedgerEntry) -> dict[str, object]:
    """Return an entry's columns: its number alone identifies it here."""
    return {name: value for name, value in to_json(entry).items() if name != "id"}


def _set_up_connection(raw: sa.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry) -> None:
    raw.isolation_level = None  # the driver's own transactions exclude table creation
    cursor = raw.cursor()
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=2000"):
            cursor.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        raw.close()
        raise
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _kept(order: OrderReport) -> dict[str, object]:
    """Return the part of a report that the file keeps; it has no room for what later versions added."""
    return {name: value for name, value in to_json(order).items() if name in _ORDERS.c}


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _time(at: datetime) -> str:
    """Write a time so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
