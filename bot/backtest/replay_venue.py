"""The paper exchange of a replay: in memory, in virtual time, behind the ports of the daemon."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from bot.app.loop.observe import Observer
from bot.core.market import PerpMarket
from bot.core.orders import (
    Fill,
    Intent,
    LedgerEntry,
    NotFound,
    OrderReport,
    Outcome,
    Rejected,
    RejectReason,
    Statement,
)
from bot.core.reconciliation.identity import OrderIds
from bot.core.snapshot import Snapshot, VenueView
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.order_checks import Refusal
from bot.paper.engine.rules import MarkUpdate
from bot.paper.exchange import IDS

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
    booked: int = 0
    """How many cash movements are booked: a snapshot shows those that came after them."""

    @property
    def venue(self) -> VenueId:
        """The venue's name."""
        return self.engine.rules.venue

    @property
    def silence(self) -> None:
        """None: the engine knows at once what it has."""
        return None

    @property
    def ids(self) -> OrderIds:
        """How client order ids are written."""
        return IDS

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        """Return the markets' rules."""
        return {symbol: self.engine.rules.symbols[symbol].market for symbol in symbols}

    async def observe(self) -> VenueView:
        """Return the account's state."""
        return self.engine.view()

    async def place(self, intent: Intent) -> Outcome:
        """Send an order; time advances by its latency."""
        self.wait(self.engine.rules.hardships.order_latency.total_seconds())
        outcome = self.engine.place(intent.client_id, intent.request)
        self.collect()
        return outcome

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        """Cancel a working order; time advances by its latency."""
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
        """Return our trades from a time on."""
        return tuple(fill for fill in self.fills_made if fill.at >= since)

    async def ledger(self, since: datetime) -> Statement:
        """Return the cash movements from a time on."""
        return Statement(tuple(entry for entry in self.entries_made if entry.at >= since))

    async def close(self) -> None:
        """Nothing is held."""

    def view(self, *, with_ledger: bool = False) -> VenueView:
        """Return the account's state; with the cash movements that are not booked, or without them."""
        view = self.engine.view()
        return replace(view, ledger=tuple(self.entries_made[self.booked :])) if with_ledger else view

    def advance(self, now: datetime, marks: Mapping[Symbol, MarkUpdate]) -> bool:
        """Move time and prices; return whether anything was traded, or an order ended."""
        self.engine.advance(max(now, self.engine.now), marks)
        return self.collect()

    def collect(self) -> bool:
        """Take the engine's events; return whether there were any but movements of cash."""
        events = self.engine.drain()
        self.fills_made += events.fills
        self.entries_made += events.ledger
        for report in events.closed:
            self.closed[report.client_id] = report
        return bool(events.fills or events.closed)

    def wait(self, seconds: float) -> None:
        """Advance time at the prices in force."""
        if seconds:
            self.engine.advance(self.engine.now + timedelta(seconds=seconds), {})


@dataclass(slots=True)
class SimObserver(Observer):
    """Reads the venues again, without waiting; the rows bring everything else."""

    async def complete(self, snapshot: Snapshot, since: Mapping[VenueId, datetime]) -> Snapshot:
        """Return the snapshot with what the venues show now."""
        del since
        views = tuple([await venue.observe() for venue in self.venues])
        return replace(snapshot, observed_at=self.clock.now(), venues=views)


@dataclass(frozen=True, slots=True)
class SimClock:
    """The Clock port at the replay's present, which an order's latency moves on."""

    venues: Sequence[SimVenue]

    def now(self) -> datetime:
        """Return the accounts' present."""
        return max(venue.engine.now for venue in self.venues)

    def monotonic(self) -> float:
        """Return the same in seconds."""
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Advance time."""
        for venue in self.venues:
            venue.wait(seconds)
