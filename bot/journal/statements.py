"""The steps of the journal's transactions that are more than one plain statement."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite

from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.reconciliation.positions import Expected
from bot.core.record import CycleRecord
from bot.core.types import MarketKey, Symbol, VenueId
from bot.journal import rows, tables


def replacing(key: Column[Any]) -> sqlite.Insert:
    """Insert a row, or replace the one that has its key."""
    statement = sqlite.insert(key.table)
    others = {column.name: statement.excluded[column.name] for column in key.table.columns if column is not key}
    return statement.on_conflict_do_update(index_elements=[key], set_=others)


NEW_CYCLE: Final = insert(tables.cycles)
NEW_EVENT: Final = insert(tables.events)
REPLACE_STATE: Final = replacing(tables.state.c.id)
REPLACE_BOOK: Final = replacing(tables.book.c.id)
_REPLACE_RESULT: Final = replacing(tables.results.c.day)
_NEW_CASH: Final = sqlite.insert(tables.cash).on_conflict_do_nothing()
_POSITIONS: Final = select(tables.positions)


def trades(connection: Connection, venue: VenueId, after: int) -> tuple[JournaledTrade, ...]:
    """Return a venue's fills recorded after a number, with the marks that their trades were first wanted at."""
    fills, intents = tables.fills, tables.intents
    number: ColumnElement[int] = literal_column("fills.rowid", Integer)
    joined = fills.outerjoin(intents, intents.c.client_id == fills.c.client_id)
    wanted = (fills.c.venue == venue) & (number > after)
    columns = select(number.label("rowid"), fills, intents.c.mark)
    found = connection.execute(columns.select_from(joined).where(wanted).order_by(number))
    return tuple(rows.to_trade(row) for row in found)


def book(connection: Connection) -> Book:
    """Return what was booked; an empty book where nothing was."""
    data = connection.execute(select(tables.book.c.book)).scalar()
    return Book() if data is None else rows.unpack(rows.BOOK, data)


def record_book(connection: Connection, record: CycleRecord, before: Book | None) -> None:
    """Record what a cycle booked: the book, the day's result, and the cash movements that are new in it.

    ``before`` is the book of the cycle before; None: read it.
    """
    cash = rows.cash_values(before or book(connection), record)
    connection.execute(REPLACE_BOOK, {"id": 1, "book": rows.pack(rows.BOOK, record.book)})
    if record.book.day:
        result = {"day": record.book.day, "result": rows.pack(rows.RESULT, record.book.today)}
        connection.execute(_REPLACE_RESULT, result)
    if cash:
        connection.execute(_NEW_CASH, cash)


def expected(connection: Connection) -> dict[MarketKey, Expected]:
    """Return what each position should be."""
    found = connection.execute(_POSITIONS)
    return {(VenueId(row.venue), Symbol(row.symbol)): Expected(row.size, row.moved_at) for row in found}


def expect(connection: Connection, key: MarketKey, position: Expected) -> None:
    """Set what a position should be."""
    venue, symbol = key
    values = {"size": position.size, "moved_at": position.moved_at}
    statement = sqlite.insert(tables.positions).values(venue=venue, symbol=symbol, **values)
    keys = [tables.positions.c.venue, tables.positions.c.symbol]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
