"""The Journal port for replays: keeps everything in memory and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.core.inputs import Pending, PendingStatus
from bot.core.orders import (
    Accepted,
    Fill,
    Intent,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    Outcome,
    Rejected,
    Unknown,
)
from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.reconciliation.identity import Identity, OrderIds
from bot.core.reconciliation.positions import Expected
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Entry, Snapshot
from bot.core.state import State
from bot.core.types import ClientOrderId, MarketKey, PositionId, Symbol, VenueId


@dataclass(slots=True)
class Order:
    """An order of the replay, with what became of it."""

    intent: Intent
    status: str = "sent"
    filled: Decimal = Decimal(0)
    average: Decimal | None = None
    note: str = ""


@dataclass(slots=True)
class MemoryJournal:
    """The Journal port in memory: complete, not durable."""

    bot_id: str = "bt"
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    open: dict[ClientOrderId, Pending] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    fired: dict[MarketKey, datetime] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether the end of any order but a resting stop is not known."""
        return any(item.intent.request.kind is not OrderKind.STOP_MARKET for item in self.open.values())

    def new_intent(self, request: OrderRequest, at: datetime, ids: OrderIds, state: State | None = None) -> Intent:
        """Number an order."""
        del state
        number = len(self.orders) + 1
        intent = Intent(self.identity(ids).encode(number), number, request, at)
        self.orders[intent.client_id] = Order(intent)
        self.open[intent.client_id] = Pending(intent, PendingStatus.SENT, request.quantity)
        return intent

    def resolve(self, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime) -> None:
        """Record the outcome of an order."""
        order = self.orders[client_id]
        match outcome:
            case Accepted(report):
                order.status, order.filled = report.status.value, report.filled
                order.average, order.note = report.average_price, report.note
                if report.status.is_final:
                    self._end(order, at)
                else:
                    left = report.quantity - report.filled
                    self.open[client_id] = Pending(order.intent, PendingStatus.OPEN, left)
            case Rejected(_, reason, _, message):
                order.status, order.note = f"rejected: {reason.value}", message
                self.open.pop(client_id, None)
            case NotFound():
                order.status = "never placed"
                self.open.pop(client_id, None)
            case Unknown(_, message):
                order.status, order.note = "unknown", message
                pending = self.open[client_id]
                self.open[client_id] = Pending(order.intent, PendingStatus.UNKNOWN, pending.remaining)

    def _end(self, order: Order, at: datetime) -> None:
        request = order.intent.request
        self.open.pop(order.intent.client_id, None)
        if request.kind is OrderKind.STOP_MARKET and order.filled:
            self.fired[request.venue, request.symbol] = at

    @property
    def epoch(self) -> int:
        """The only one."""
        return 1

    @property
    def damage(self) -> None:
        """None: it is in memory."""

    def renew(self, at: datetime, after: int = 0) -> None:
        """Do nothing: nobody else trades on a replay's account."""

    def known_ids(self, client_ids: Collection[ClientOrderId], *, traded: bool = True) -> frozenset[ClientOrderId]:
        """Return all: there are no others."""
        del traded
        return frozenset(client_ids)

    def adopt_order(self, request: OrderRequest, report: OrderReport, placed_at: datetime) -> None:
        """Do nothing: there are no orders but the replay's own."""

    def identity(self, ids: OrderIds) -> Identity:
        """Return whose orders these are."""
        return Identity(self.bot_id, 1, ids)

    def expected(self) -> Mapping[MarketKey, Expected]:
        """Return nothing: nobody else trades on a replay's account, so it is never checked."""
        return {}

    def adopt(self, venue: VenueId, symbol: Symbol, size: Decimal, event: Event) -> None:
        """Keep the event."""
        del venue, symbol, size
        self.events.append(event)

    def stops_fired(self, since: datetime) -> Mapping[MarketKey, datetime]:
        """Return when the last stop that filled ended since a time."""
        return {key: at for key, at in self.fired.items() if at >= since}

    def pending(self) -> tuple[Pending, ...]:
        """Return the orders whose end is not known."""
        return tuple(self.open.values())

    def add_fills(self, fills: Sequence[Fill]) -> int:
        """Count them."""
        return len(fills)

    def last_fill_at(self, venue: VenueId) -> datetime | None:
        """Return nothing: the venue of a replay keeps them itself."""
        del venue
        return None

    def trades(self, venue: VenueId, after: int) -> tuple[JournaledTrade, ...]:
        """Return nothing: the replay books by itself."""
        del venue, after
        return ()

    def load_book(self) -> Book:
        """Return nothing, for the same reason."""
        return Book()

    def record(self, record: CycleRecord) -> None:
        """Keep nothing: the replay carries its state."""

    def last_snapshot(self) -> Snapshot | None:
        """Return nothing."""
        return None

    def load_state(self) -> State | None:
        """Return nothing."""
        return None

    def save_state(self, state: State) -> None:
        """Keep nothing."""

    def entry(self, position: PositionId) -> Entry | None:
        """Return nothing: the replay knows what it deposited."""
        del position
        return None

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        """Keep nothing."""

    def add_event(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def close(self) -> None:
        """Nothing is held."""
