"""The state of one account on the paper exchange, and how its cash moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.orders import Fill, LedgerEntry, LedgerKind, OrderKind, OrderReport, OrderStatus, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.money import usd
from bot.paper.engine.rules import MarginMode, SymbolRules, VenueRules
from bot.paper.engine.seeded_random import draw


@dataclass(frozen=True, slots=True)
class Position:
    """A position: signed ``size`` in base units, and ``cost``, the signed USD that it was opened for.

    The cost, not the average entry, is kept, since it is exact: unrealised profit is size x mark - cost. ``margin`` is
    the cash that was put aside for an isolated position, 0 for a cross one.
    """

    size: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO

    @property
    def entry(self) -> Decimal | None:
        """Average entry price, None while flat."""
        return self.cost / self.size if self.size else None

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the profit at a mark that is not booked yet, USD."""
        return usd(self.size * mark - self.cost)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the account; quantities signed. ``paid`` is the signed sum of price x filled quantity.

    ``due_at`` is when a triggered stop reaches the book; None until it is triggered.
    """

    client_id: ClientOrderId
    number: int
    symbol: Symbol
    quantity: Decimal
    kind: OrderKind
    time_in_force: TimeInForce
    reduce_only: bool
    price: Decimal | None
    trigger: Decimal | None
    placed_at: datetime
    updated_at: datetime
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    fee: Decimal = ZERO
    note: str = ""
    due_at: datetime | None = None

    @property
    def remaining(self) -> Decimal:
        """What has not filled, signed."""
        return self.quantity - self.filled

    def report(self) -> OrderReport:
        """Return the venue's report of the order."""
        average = usd(self.paid / self.filled) if self.filled else None
        return OrderReport(
            self.client_id,
            str(self.number),
            self.symbol,
            self.status,
            self.quantity,
            self.filled,
            average,
            self.fee,
            self.updated_at,
            self.note,
            self.kind,
            self.reduce_only,
            self.placed_at,
        )


@dataclass(frozen=True, slots=True)
class Market:
    """The prices of a market in force, USD, and the time that they are from."""

    mark: Decimal
    index: Decimal
    last: Decimal
    as_of: datetime


@dataclass(frozen=True, slots=True)
class FundingState:
    """The rate of the next settlement, and when it is."""

    rate: Decimal
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What we took from one side of a book, base units, and when; it comes back over the refill time."""

    size: Decimal
    at: datetime


@dataclass(slots=True)
class Events:
    """What happened since the last drain: for an append-only store, in order."""

    fills: list[Fill] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    closed: list[OrderReport] = field(default_factory=list)


@dataclass(slots=True)
class PaperAccount:
    """The whole state of one account, at ``now``. Only values inside, so a shallow copy of each part is a copy."""

    opened_at: datetime
    now: datetime
    wallet: Decimal
    totals: dict[LedgerKind, Decimal]
    leverage: dict[Symbol, Decimal]
    modes: dict[Symbol, MarginMode]
    chance: int
    positions: dict[Symbol, Position]
    funding: dict[Symbol, FundingState]
    markets: dict[Symbol, Market] = field(default_factory=dict)
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    closed: list[Order] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    orders_made: int = 0
    trades_made: int = 0
    entries_made: int = 0
    deleveraged: int = 0
    events: Events = field(default_factory=Events)

    def fork(self) -> PaperAccount:
        """Return a copy that shares nothing that changes; its events start empty."""
        return replace(
            self,
            totals=dict(self.totals),
            leverage=dict(self.leverage),
            modes=dict(self.modes),
            positions=dict(self.positions),
            funding=dict(self.funding),
            markets=dict(self.markets),
            orders=dict(self.orders),
            closed=list(self.closed),
            taken=dict(self.taken),
            events=Events(),
        )

    def book(self, kind: LedgerKind, symbol: Symbol | None, amount: Decimal) -> None:
        """Move cash: round to the quantum, write the ledger, keep wallet = sum of the ledger. Nothing for 0."""
        amount = usd(amount)
        if amount == 0:
            return
        self.wallet += amount
        self.totals[kind] = self.totals.get(kind, ZERO) + amount
        self.entries_made += 1
        self.events.ledger.append(LedgerEntry(self.entries_made, kind, symbol, amount, self.now))

    def drawn(self) -> Decimal:
        """Draw a number from 0 up to but without 1."""
        self.chance, number = draw(self.chance)
        return number

    def working(self, symbol: Symbol) -> list[Order]:
        """Return the open orders of a symbol, oldest first."""
        return [order for order in self.orders.values() if order.symbol == symbol]

    def close_order(self, order: Order, status: OrderStatus, note: str, keep: int) -> Order:
        """End an order and keep it in the bounded history."""
        final = replace(order, status=status, note=note or order.note, updated_at=self.now)
        self.orders.pop(order.client_id, None)
        self.closed = [*self.closed, final][-keep:]
        self.events.closed.append(final.report())
        return final

    def find(self, client_id: ClientOrderId) -> Order | None:
        """Look an order up, open ones first, then the newest closed one of that id."""
        if client_id in self.orders:
            return self.orders[client_id]
        return next((order for order in reversed(self.closed) if order.client_id == client_id), None)


def next_funding(after: datetime, interval: timedelta) -> datetime:
    """Return the first settlement after a time: multiples of the interval since midnight UTC."""
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((after - midnight) // interval + 1) * interval


def open_account(rules: VenueRules, now: datetime, deposit: Decimal) -> PaperAccount:
    """Open an account: flat, with the deposit (USD) as its first ledger entry."""

    def funding(one: SymbolRules) -> FundingState:
        return FundingState(one.funding_rate, next_funding(now, one.funding_interval))

    account = PaperAccount(
        opened_at=now,
        now=now,
        wallet=ZERO,
        totals={},
        leverage={symbol: one.leverage for symbol, one in rules.symbols.items()},
        modes={symbol: one.margin_mode for symbol, one in rules.symbols.items()},
        chance=rules.seed,
        positions={symbol: Position() for symbol in rules.symbols},
        funding={symbol: funding(one) for symbol, one in rules.symbols.items()},
    )
    account.book(LedgerKind.DEPOSIT, None, deposit)
    return account


def signed_sums(orders: Iterable[Order]) -> tuple[Decimal, Decimal]:
    """Return what the working orders could buy and sell at most (both >= 0), reduce-only ones left out."""
    remaining = [order.remaining for order in orders if not order.reduce_only]
    return sum((q for q in remaining if q > 0), ZERO), -sum((q for q in remaining if q < 0), ZERO)
