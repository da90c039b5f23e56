"""The paper exchange and the journal of a replay: both in memory, in virtual time, behind the ports of the daemon."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from bot.app.observe import Observer
from bot.core.account_check import Expected, Identity
from bot.core.book import Book, JournaledTrade
from bot.core.market import PerpMarket
from bot.core.orders import (
    Accepted,
    Fill,
    Intent,
    LedgerEntry,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    Outcome,
    Rejected,
    RejectReason,
    Unknown,
)
from bot.core.snapshot import Entry, Snapshot, VenueView
from bot.core.state import Pending, PendingStatus, State, market_key
from bot.core.types import ClientOrderId, PositionId, Symbol, VenueId
from bot.paper.checks import Refusal
from bot.paper.engine import PaperEngine
from bot.paper.rules import MarkUpdate
from bot.ports import CycleRecord, Event

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits: every port of a replay answers at once.

    Raises:
        RuntimeError: it waited for something after all.
    """
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise RuntimeError("a replay's port waited: there is nothing to wait for in virtual time")


@dataclass(slots=True)
class SimVenue:
    """The Exchange port straight over the engine; an order reaches the book after the venue's order latency."""

    engine: PaperEngine
    fills_made: list[Fill] = field(default_factory=list)
    entries_made: list[LedgerEntry] = field(default_factory=list)
    closed: dict[ClientOrderId, OrderReport] = field(default_factory=dict)
    told: int = 0
    """How many cash movements a snapshot has shown already."""

    @property
    def venue(self) -> VenueId:
        """The venue's name."""
        return self.engine.rules.venue

    @property
    def silence(self) -> None:
        """None: the engine knows at once what it has."""
        return None

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        """Give the markets' rules."""
        return {symbol: self.engine.rules.symbols[symbol].market for symbol in symbols}

    async def observe(self) -> VenueView:
        """Give the account's state."""
        return self.engine.view()

    async def place(self, intent: Intent) -> Outcome:
        """Send an order; what time it takes passes."""
        self.wait(self.engine.rules.hardships.order_latency.total_seconds())
        outcome = self.engine.place(intent.client_id, intent.request)
        self.collect()
        return outcome

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        """Cancel a working order; what time it takes passes."""
        del symbol
        self.wait(self.engine.rules.hardships.cancel_latency.total_seconds())
        outcome = self.engine.cancel(client_id)
        self.collect()
        return outcome

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        """Look an order up."""
        del symbol
        report = self.engine.lookup(client_id) or self.closed.get(client_id)
        return NotFound(client_id, self.engine.now) if report is None else report

    async def add_margin(self, symbol: Symbol, amount: Decimal) -> Rejected | None:
        """Put cash aside for an isolated short."""
        return self._moved(self.engine.add_margin(symbol, amount))

    async def transfer(self, amount: Decimal) -> Rejected | None:
        """Refuse: a replay's account has no other wallet."""
        return Rejected(ClientOrderId(""), RejectReason.OTHER, "", f"no other wallet has {amount:f} USD")

    def _moved(self, refusal: Refusal | None) -> Rejected | None:
        if refusal is None:
            return None
        return Rejected(ClientOrderId(""), refusal.reason, refusal.code or "", refusal.message)

    async def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Give our trades from a time on."""
        return tuple(fill for fill in self.fills_made if fill.at >= since)

    async def ledger(self, since: datetime) -> tuple[LedgerEntry, ...]:
        """Give the cash movements from a time on."""
        return tuple(entry for entry in self.entries_made if entry.at >= since)

    async def close(self) -> None:
        """Nothing is held."""

    def view(self, *, with_ledger: bool = False) -> VenueView:
        """Give the account's state; with the cash movements since they were last given, or without them."""
        view = self.engine.view()
        if not with_ledger:
            return view
        told, self.told = self.told, len(self.entries_made)
        return replace(view, ledger=tuple(self.entries_made[told:]))

    def advance(self, now: datetime, marks: Mapping[Symbol, MarkUpdate]) -> bool:
        """Move time and prices; tell whether anything happened to the account."""
        self.engine.advance(max(now, self.engine.now), marks)
        return self.collect()

    def collect(self) -> bool:
        """Take the engine's events; tell whether there were any."""
        events = self.engine.drain()
        self.fills_made += events.fills
        self.entries_made += events.ledger
        for report in events.closed:
            self.closed[report.client_id] = report
        return bool(events.fills or events.ledger or events.closed)

    def wait(self, seconds: float) -> None:
        """Let time pass at the prices in force."""
        if seconds:
            self.engine.advance(self.engine.now + timedelta(seconds=seconds), {})


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
    """The Journal port, forgetful of nothing and durable nowhere."""

    bot_id: str = "bt"
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    open: dict[ClientOrderId, Pending] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    fired: dict[str, datetime] = field(default_factory=dict)

    def ordered(self, client_id: ClientOrderId | None) -> Order | None:
        """Give the order of a fill; None where the venue itself traded."""
        return None if client_id is None else self.orders.get(client_id)

    @property
    def works(self) -> bool:
        """Whether the end of any order but a resting stop is not known."""
        return any(item.intent.request.kind is not OrderKind.STOP_MARKET for item in self.open.values())

    def new_intent(self, request: OrderRequest, at: datetime) -> Intent:
        """Number an order."""
        number = len(self.orders) + 1
        intent = Intent(ClientOrderId(f"{self.bot_id}-1-{number}"), number, request, at)
        self.orders[intent.client_id] = Order(intent)
        self.open[intent.client_id] = Pending(intent, PendingStatus.SENT, request.quantity)
        return intent

    def resolve(self, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime) -> None:
        """Take what became of an order."""
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
            self.fired[market_key(request.venue, request.symbol)] = at

    @property
    def identity(self) -> Identity:
        """Whose orders these are."""
        return Identity(self.bot_id, 1)

    def expected(self) -> Mapping[tuple[VenueId, Symbol], Expected]:
        """Give nothing: nobody else trades on a replay's account, so it is never checked."""
        return {}

    def adopt(self, venue: VenueId, symbol: Symbol, size: Decimal, event: Event) -> None:
        """Keep the event."""
        del venue, symbol, size
        self.events.append(event)

    def stops_fired(self, since: datetime) -> Mapping[str, datetime]:
        """Give when the last stop that filled ended since a time."""
        return {key: at for key, at in self.fired.items() if at >= since}

    def pending(self) -> tuple[Pending, ...]:
        """Give the orders whose end is not known."""
        return tuple(self.open.values())

    def add_fills(self, fills: Sequence[Fill]) -> int:
        """Count them."""
        return len(fills)

    def last_fill_at(self, venue: VenueId) -> datetime | None:
        """Give nothing: the venue of a replay keeps them itself."""
        del venue
        return None

    def trades(self, venue: VenueId, after: int) -> tuple[JournaledTrade, ...]:
        """Give nothing: the replay books by itself."""
        del venue, after
        return ()

    def load_book(self) -> Book:
        """Give nothing, for the same reason."""
        return Book()

    def record(self, record: CycleRecord) -> None:
        """Keep nothing: the replay carries its state."""

    def last_snapshot(self) -> Snapshot | None:
        """Give nothing."""
        return None

    def load_state(self) -> State | None:
        """Give nothing."""
        return None

    def save_state(self, state: State) -> None:
        """Keep nothing."""

    def entry(self, position: PositionId) -> Entry | None:
        """Give nothing: the replay knows what it deposited."""
        del position
        return None

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        """Keep nothing."""

    def add_event(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class SimObserver(Observer):
    """Reads the venues again, without waiting; the rows bring everything else."""

    async def complete(self, snapshot: Snapshot, since: Mapping[VenueId, datetime]) -> Snapshot:
        """Give the snapshot with what the venues show now."""
        del since
        views = tuple([await venue.observe() for venue in self.venues])
        return replace(snapshot, taken_at=self.clock.now(), venues=views)


@dataclass(frozen=True, slots=True)
class SimClock:
    """The Clock port at the replay's present, which an order's latency moves on."""

    venues: Sequence[SimVenue]

    def now(self) -> datetime:
        """Give the accounts' present."""
        return max(venue.engine.now for venue in self.venues)

    def monotonic(self) -> float:
        """Give the same in seconds."""
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        for venue in self.venues:
            venue.wait(seconds)
