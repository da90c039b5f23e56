"""Conversions between the core's types and the journal's rows, shared by the writing and the reading side."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Row

from bot.core.amm.curve import Curve
from bot.core.decision import Decision
from bot.core.errors import Halt
from bot.core.inputs import CycleInputs, Settlement
from bot.core.orders import (
    Fill,
    Intent,
    LedgerKind,
    NotFound,
    OrderKind,
    OrderRequest,
    Outcome,
    TimeInForce,
)
from bot.core.pnl.attribution import Attribution, underlyings_of
from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Entry, EntrySource, Snapshot
from bot.core.state import State
from bot.core.types import ChainName, ClientOrderId, Symbol, Underlying, VenueId
from bot.journal.codec import Codec, Registry
from bot.journal.cycle_summary import CycleSummary, Figures, summarise
from bot.journal.order_lifecycle import IntentState, IntentStatus

T = TypeVar("T")
Values = dict[str, Any]
"""A row, as SQLAlchemy takes it."""

Curves = Mapping[str, type[Curve]]
"""Every curve that a position may lie on, by the name that it has in journals."""

DECISION: Final = Codec[Decision](Decision)
STATE: Final = Codec[State](State)
_INPUTS: Final = Codec[CycleInputs](CycleInputs)
BOOK: Final = Codec[Book](Book)
RESULT: Final = Codec[Attribution](Attribution)
OUTCOME: Final = Codec[Outcome | NotFound](Outcome | NotFound)
_FIGURES: Final = Codec[Figures](Figures)
_STRINGS: Final = Codec[Mapping[str, str]](Mapping[str, str])
_BLOCKS: Final = Codec[Mapping[ChainName, int]](Mapping[ChainName, int])

_FAST: Final = 1
"""zlib's level: the higher ones cost ten times the time for a few percent."""


@dataclass(frozen=True, slots=True)
class IntentRecord:
    """An intent and what became of it.

    ``filled`` signed, in base units; ``outcome`` is the last answer that counted, None while there is none;
    ``resolved_at`` is None as long as the end is not known.
    """

    intent: Intent
    status: IntentStatus
    filled: Decimal
    outcome: Outcome | NotFound | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class CashMovement:
    """A cash movement of a venue, USD, what its symbol follows, and the day in whose results it is."""

    venue: VenueId
    kind: LedgerKind
    symbol: Symbol | None
    underlying: Underlying | None
    amount: Decimal
    at: datetime
    day: date


def pack(codec: Codec[T], value: T) -> bytes:
    """Write a value as compressed JSON."""
    return zlib.compress(codec.dumps(value), _FAST)


def unpack(codec: Codec[T], data: bytes) -> T:
    """Read a value from compressed JSON.

    Raises:
        Halt: it is damaged, or from a version whose values had another shape.
    """
    try:
        text = zlib.decompress(data)
    except zlib.error as error:
        raise Halt(f"the journal holds a damaged value: {error}; start again, which keeps what is whole") from error
    return _read(codec, text)


def _read(codec: Codec[T], text: str | bytes) -> T:
    try:
        return codec.loads(text)
    except ValueError as error:
        raise Halt(f"the journal holds a value that this version can't read: {error}") from error


def intent_values(intent: Intent, epoch: int) -> Values:
    """Return the row of an intent that is about to be sent."""
    request = intent.request
    return {
        **{field.name: getattr(request, field.name) for field in fields(OrderRequest)},
        "kind": request.kind.value,
        "time_in_force": request.time_in_force.value,
        "number": intent.number,
        "client_id": intent.client_id,
        "epoch": epoch,
        "created_at": intent.created_at,
        "status": IntentStatus.SENT.value,
        "filled": Decimal(0),
    }


def to_intent(row: Row[Any]) -> Intent:
    """Read an intent."""
    request = OrderRequest(
        venue=VenueId(row.venue),
        symbol=Symbol(row.symbol),
        underlying=Underlying(row.underlying),
        quantity=row.quantity,
        kind=OrderKind(row.kind),
        time_in_force=TimeInForce(row.time_in_force),
        reduce_only=row.reduce_only,
        reason=row.reason,
        price=row.price,
        trigger=row.trigger,
        mark=row.mark,
    )
    return Intent(ClientOrderId(row.client_id), row.number, request, row.created_at)


def to_intent_state(row: Row[Any]) -> IntentState:
    """Read where an intent stands."""
    return IntentState(IntentStatus(row.status), row.filled)


def to_intent_record(row: Row[Any]) -> IntentRecord:
    """Read an intent with its outcome."""
    outcome = None if row.outcome is None else _read(OUTCOME, row.outcome)
    return IntentRecord(to_intent(row), IntentStatus(row.status), row.filled, outcome, row.resolved_at)


def fill_values(fill: Fill) -> Values:
    """Return the row of a fill."""
    return {field.name: getattr(fill, field.name) for field in fields(Fill)}


def to_fill(row: Row[Any]) -> Fill:
    """Read a fill."""
    return Fill(**{field.name: getattr(row, field.name) for field in fields(Fill)})


def to_trade(row: Row[Any]) -> JournaledTrade:
    """Read a fill with its number and the mark of its order."""
    return JournaledTrade(row.rowid, to_fill(row), row.mark)


def cash_values(before: Book, record: CycleRecord) -> list[Values]:
    """Return the rows of the cash movements that a cycle's book has beyond the one ``before``."""
    found = []
    for view in record.snapshot.known_venues:
        old, new = before.accounts.get(view.venue), record.book.accounts.get(view.venue)
        is_booked = new is not None and new.waits is None and new.read_at == view.as_of
        if old is None or view.ledger is None or not is_booked:
            continue
        followed = underlyings_of(view)
        for entry in old.new(view.ledger):
            movement = CashMovement(
                venue=view.venue,
                kind=entry.kind,
                symbol=entry.symbol,
                underlying=None if entry.symbol is None else followed.get(entry.symbol),
                amount=entry.amount,
                at=entry.at,
                day=date.fromisoformat(record.book.day),
            )
            found.append({**asdict(movement), "key": entry.key, "kind": entry.kind.value, "day": record.book.day})
    return found


def to_cash(row: Row[Any]) -> CashMovement:
    """Read a cash movement."""
    return CashMovement(
        venue=VenueId(row.venue),
        kind=LedgerKind(row.kind),
        symbol=None if row.symbol is None else Symbol(row.symbol),
        underlying=None if row.underlying is None else Underlying(row.underlying),
        amount=row.amount,
        at=row.at,
        day=date.fromisoformat(row.day),
    )


@cache
def _codecs(curves: tuple[tuple[str, type[Curve]], ...]) -> tuple[Codec[Snapshot], Codec[Settlement]]:
    """Return the codecs of what holds curves; building them takes longer than opening a journal."""
    registry: Registry = {Curve: dict(curves)}
    return Codec[Snapshot](Snapshot, registry), Codec[Settlement](Settlement, registry)


class CycleRows:
    """Turns cycles into rows and back; the curves of their positions have the names that ``curves`` gives them."""

    def __init__(self, curves: Curves) -> None:
        self.snapshot, self.settlement = _codecs(tuple(curves.items()))

    def values(self, record: CycleRecord) -> Values:
        """Return the row of a cycle."""
        summary = summarise(record)
        return {
            "number": record.cycle,
            "at": record.at,
            "seconds": record.seconds,
            "blocks": _BLOCKS.dumps(summary.blocks).decode(),
            "summary": _FIGURES.dumps(summary.figures).decode(),
            "snapshot": pack(self.snapshot, record.snapshot),
            "decision": pack(DECISION, record.decision),
            "before": None if record.before is None else pack(STATE, record.before),
            "settlement": None if record.settlement is None else pack(self.settlement, record.settlement),
            "inputs": None if record.inputs is None else pack(_INPUTS, record.inputs),
            "version": record.version or None,
        }

    def record(self, row: Row[Any]) -> CycleRecord:
        """Read a cycle whole, but for the book: only the newest one is kept."""
        snapshot, decision = unpack(self.snapshot, row.snapshot), unpack(DECISION, row.decision)
        before = None if row.before is None else unpack(STATE, row.before)
        settlement = None if row.settlement is None else unpack(self.settlement, row.settlement)
        inputs = None if row.inputs is None else unpack(_INPUTS, row.inputs)
        return CycleRecord(
            row.number,
            row.at,
            snapshot,
            decision,
            row.seconds,
            before,
            settlement,
            inputs=inputs,
            version=row.version or "",
        )


def to_summary(row: Row[Any]) -> CycleSummary:
    """Read a cycle's summary."""
    blocks, figures = _read(_BLOCKS, row.blocks), _read(_FIGURES, row.summary)
    return CycleSummary(row.number, row.at, row.seconds, blocks, figures)


def entry_values(entry: Entry) -> Values:
    """Return the row of entry amounts, the position's id apart."""
    return {**{field.name: getattr(entry, field.name) for field in fields(Entry)}, "source": entry.source.value}


def to_entry(row: Row[Any]) -> Entry:
    """Read entry amounts."""
    return Entry(row.amount0, row.amount1, row.liquidity, EntrySource(row.source), row.block, row.root)


def event_values(event: Event) -> Values:
    """Return the row of an event."""
    return {"at": event.at, "kind": event.kind, "message": event.message, "data": _STRINGS.dumps(event.data).decode()}


def to_event(row: Row[Any]) -> Event:
    """Read an event."""
    return Event(row.at, row.kind, row.message, _read(_STRINGS, row.data))
