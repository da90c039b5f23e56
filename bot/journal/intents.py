"""Intents in the journal: written before an order is sent, moved by what the venue says of it, read back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import sqlite

from bot.core.errors import Halt
from bot.core.inputs import Pending, PendingStatus
from bot.core.orders import Accepted, Fill, Intent, NotFound, OrderKind, Outcome
from bot.core.reconciliation.fit import fitting, misfit, total
from bot.core.reconciliation.positions import FLAT, Expected
from bot.core.record import Event
from bot.core.types import ClientOrderId, MarketKey, Symbol, VenueId
from bot.journal import rows, statements, tables
from bot.journal.order_lifecycle import IntentState, IntentStatus, Verdict, after_fills, after_outcome

_NEW: Final = insert(tables.intents)
_UNRESOLVED: Final = (
    select(tables.intents).where(tables.intents.c.resolved_at.is_(None)).order_by(tables.intents.c.number)
)
_LATER: Final = timedelta(microseconds=1)
"""The least by which two times differ that the journal distinguishes."""
_MESSAGES: Final = {
    Verdict.LATE: "news of an order after its end were taken over",
    Verdict.REFUSED: "a report contradicts the known end of an order and was not taken over",
}


def add(connection: Connection, intent: Intent, epoch: int) -> None:
    """Write an intent, before anything of it is sent."""
    connection.execute(_NEW, rows.intent_values(intent, epoch))


def adopt(connection: Connection, intent: Intent, epoch: int, filled: Decimal) -> None:
    """Make an intent of a resting order; what it has filled is in the position that is taken over from the venue."""
    values = {**rows.intent_values(intent, epoch), "status": IntentStatus.OPEN.value, "filled": filled}
    connection.execute(_NEW, values)


def known(connection: Connection, client_ids: Collection[ClientOrderId], *, traded: bool) -> frozenset[ClientOrderId]:
    """Return those client ids that an intent bears, or (if ``traded``) a recorded fill."""
    columns = [tables.intents.c.client_id, *([tables.fills.c.client_id] if traded else [])]
    found: set[ClientOrderId] = set()
    for column in columns:
        found |= {
            ClientOrderId(one) for one in connection.execute(select(column).where(column.in_(client_ids))).scalars()
        }
    return frozenset(found)


def pending(connection: Connection) -> tuple[Pending, ...]:
    """Return the intents whose end is not known, oldest first."""
    found = connection.execute(_UNRESOLVED)
    return tuple(Pending(rows.to_intent(row), PendingStatus(row.status), row.quantity - row.filled) for row in found)


def stops_fired(connection: Connection, since: datetime) -> tuple[tuple[MarketKey, datetime], ...]:
    """Return when stops that filled, at least in part, ended since a time, by market, oldest first."""
    table = tables.intents
    ended = (table.c.resolved_at >= since) & (table.c.kind == OrderKind.STOP_MARKET.value)
    columns = select(table.c.venue, table.c.symbol, table.c.filled, table.c.resolved_at)
    found = connection.execute(columns.where(ended).order_by(table.c.resolved_at))
    return tuple(((VenueId(row.venue), Symbol(row.symbol)), row.resolved_at) for row in found if row.filled)


def take_outcome(
    connection: Connection, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime
) -> tuple[Intent, Event | None]:
    """Move an intent as an outcome says, if that may be; return it, and the event that was left.

    Raises:
        Halt: there is no such intent.
    """
    table = tables.intents
    row = connection.execute(select(table).where(table.c.client_id == client_id)).one_or_none()
    if row is None:
        raise Halt(f"no intent in the journal has the client order id {client_id}")
    intent, before = rows.to_intent(row), rows.to_intent_state(row)
    why = misfit(intent, outcome.report) if isinstance(outcome, Accepted) else None
    if why is not None:
        return intent, _tell_misfit(connection, client_id, why, at)
    after, verdict = after_outcome(before, outcome)
    text = rows.OUTCOME.dumps(outcome).decode()
    if verdict in {Verdict.MOVED, Verdict.LATE}:
        values = {**_state_values(after, row.resolved_at or at), "outcome": text}
        connection.execute(update(table).where(table.c.client_id == client_id), values)
        filled_by = min(at, outcome.report.updated_at) if isinstance(outcome, Accepted) else at
        _move(connection, row, after.filled - before.filled, filled_by)
    return intent, _tell(connection, client_id, (before, after), verdict, at)


def add_fill(connection: Connection, fill: Fill) -> bool:
    """Record a fill unless it is there; return whether it was new."""
    statement = sqlite.insert(tables.fills).on_conflict_do_nothing()
    return connection.execute(statement, rows.fill_values(fill)).rowcount == 1


def count_fills(connection: Connection, client_id: ClientOrderId, at: datetime) -> Event | None:
    """Make an intent's fills count towards what is known to be filled; those of strangers are left alone.

    Return the event that was left.
    """
    intents, fills = tables.intents, tables.fills
    row = connection.execute(select(intents).where(intents.c.client_id == client_id)).one_or_none()
    if row is None:
        return None
    found = [rows.to_fill(one) for one in connection.execute(select(fills).where(fills.c.client_id == client_id))]
    own = fitting(rows.to_intent(row), found)
    if found and not own:
        return _tell_misfit(connection, client_id, "trades of it can't be the intent's", at)
    before = rows.to_intent_state(row)
    after, verdict = after_fills(before, row.quantity, total(own))
    if verdict is not Verdict.SAME:
        values = _state_values(after, row.resolved_at or at)
        connection.execute(update(intents).where(intents.c.client_id == client_id), values)
        _move(connection, row, after.filled - before.filled, at)
    return _tell(connection, client_id, (before, after), verdict, at)


def _move(connection: Connection, intent: Row[Any], quantity: Decimal, at: datetime) -> None:
    """Move what a position should be by what an order of ours filled until ``at``, by the venue's clock.

    Each move has a time of its own, since one that leaves the time as it was counts as somebody else's.
    """
    if quantity:
        key = VenueId(intent.venue), Symbol(intent.symbol)
        before = statements.expected(connection).get(key, FLAT)
        moved_at = at if before.moved_at is None else max(at, before.moved_at + _LATER)
        statements.expect(connection, key, Expected(before.size + quantity, moved_at))


def _state_values(state: IntentState, at: datetime) -> rows.Values:
    return {
        "status": state.status.value,
        "filled": state.filled,
        "resolved_at": at if state.status.is_final else None,
    }


def _tell_misfit(connection: Connection, client_id: ClientOrderId, why: str, at: datetime) -> Event:
    """Leave an event (``intent_misfit``) of an order that bears an intent's id and can't be the intent's."""
    message = "an order that bears the client id of an intent is not the intent's and was not taken over"
    event = Event(at, "intent_misfit", message, {"client_id": str(client_id), "why": why})
    connection.execute(statements.NEW_EVENT, rows.event_values(event))
    return event


def _tell(
    connection: Connection,
    client_id: ClientOrderId,
    moved: tuple[IntentState, IntentState],
    verdict: Verdict,
    at: datetime,
) -> Event | None:
    """Leave an event (``intent_late``, ``intent_refused``) where an operator should look, and return it."""
    if verdict not in _MESSAGES:
        return None
    before, after = moved
    data = {
        "client_id": str(client_id),
        "before": f"{before.status.value}, {before.filled} filled",
        "after": f"{after.status.value}, {after.filled} filled",
    }
    event = Event(at, f"intent_{verdict.value}", _MESSAGES[verdict], data)
    connection.execute(statements.NEW_EVENT, rows.event_values(event))
    return event
