"""One customer of a venue server: his key, what it may do, his account and its past."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.orders import OrderKind, OrderRequest, OrderStatus, Rejected, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.account import Order
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import SymbolRules
from bot.paper.servers.assets import Assets
from bot.paper.servers.records import Records


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a customer signs with; ``passphrase`` is empty where the venue asks for none."""

    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        """Name the key, never the secrets."""
        return f"Credentials(key={self.key!r})"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a key may do, and whether it is bound to IP addresses."""

    trade: bool = True
    withdraw: bool = False
    ip_restricted: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as a customer asked for it, with what only the wire format knows and the engine does not.

    ``kind_text`` is the order type in the venue's own word; ``closes`` says that it asked to close the whole position.
    """

    symbol: Symbol
    quantity: Decimal
    kind: OrderKind
    time_in_force: TimeInForce
    reduce_only: bool
    price: Decimal | None = None
    trigger: Decimal | None = None
    kind_text: str = ""
    closes: bool = False


@dataclass(slots=True)
class Desk:
    """A customer's account at the venue.

    Attributes:
        credentials: his key.
        engine: his account.
        permissions: what the key may do.
        hedge_mode: whether he asked for separate long and short positions, in which no order is taken.
        records: the account's past.
        wishes: how each order was asked for, by order number.
        assets: what he holds besides USDT.
        slow_fills: how long the customer sees a new order as unfilled, whatever became of it.
    """

    credentials: Credentials
    engine: PaperEngine
    permissions: Permissions = Permissions()
    hedge_mode: bool = False
    records: Records = field(default_factory=Records)
    wishes: dict[int, Wish] = field(default_factory=dict)
    assets: Assets = field(default_factory=Assets)
    slow_fills: timedelta = timedelta(0)
    _mask: tuple[datetime, Desk] | None = None

    def take(self) -> None:
        """Write down what happened in the account since the last time, its fees in what they are paid in."""
        account = self.engine.account
        self.records.take(self.engine, lambda movement: self.assets.charged(account, movement))

    def rules(self, symbol: Symbol) -> SymbolRules:
        """Return a market's rules."""
        return self.engine.rules.symbols[symbol]

    def place(self, client_id: ClientOrderId, wish: Wish) -> Order | Rejected:
        """Send an order to the account; return it as it stands then."""
        request = OrderRequest(
            venue=self.engine.rules.venue,
            symbol=wish.symbol,
            underlying=self.rules(wish.symbol).market.underlying,
            quantity=wish.quantity,
            kind=wish.kind,
            time_in_force=wish.time_in_force,
            reduce_only=wish.reduce_only,
            reason="",
            price=wish.price,
            trigger=wish.trigger,
        )
        before = self.as_of(self.engine.now, self.engine.fork()) if self.slow_fills else None
        outcome = self.engine.place(client_id, request)
        if isinstance(outcome, Rejected):
            return outcome
        number = int(outcome.report.venue_order_id)
        self.wishes[number] = wish
        self.take()
        order = self.records.orders.get(number) or self.engine.account.orders[client_id]
        return order if before is None else self._hide(before, order)

    def _hide(self, before: Desk, order: Order) -> Order:
        """Show an order as working and unfilled, and all else as before it, for a while."""
        unfilled = replace(order, status=OrderStatus.OPEN, filled=ZERO, paid=ZERO, fee=ZERO, note="")
        before.engine.account.orders[order.client_id] = unfilled
        self._mask = (self.engine.now + self.slow_fills, before)
        return unfilled

    def shown(self, now: datetime) -> Desk:
        """Return the desk as its customer sees it: with fills hidden, if they are slow."""
        if self._mask is not None and now >= self._mask[0]:
            self._mask = None
        return self if self._mask is None else self._mask[1]

    def cancel(self, order: Order) -> Order | Rejected:
        """Cancel a working order."""
        outcome = self.engine.cancel(order.client_id)
        if isinstance(outcome, Rejected):
            return outcome
        self.take()
        return self.records.orders[order.number]

    def amend(self, order: Order, quantity: Decimal, price: Decimal) -> Order | Rejected:
        """Amend a working order."""
        outcome = self.engine.amend(order.client_id, quantity, price)
        if isinstance(outcome, Rejected):
            return outcome
        self.take()
        return self.records.orders.get(order.number) or self.engine.account.orders[order.client_id]

    def working(self, symbol: Symbol | None = None) -> list[Order]:
        """Return the open orders, oldest first."""
        orders = self.engine.account.orders.values()
        return [order for order in orders if symbol is None or order.symbol == symbol]

    def orders(self, symbol: Symbol | None = None) -> list[Order]:
        """Return the ended and the open orders, oldest first."""
        everything = [*self.records.orders.values(), *self.engine.account.orders.values()]
        return sorted(
            (order for order in everything if symbol is None or order.symbol == symbol), key=lambda order: order.number
        )

    def numbered(self, number: int) -> Order | None:
        """Return an order by its number."""
        order = self.records.orders.get(number)
        if order is not None:
            return order
        return next((one for one in self.engine.account.orders.values() if one.number == number), None)

    def named(self, client_id: ClientOrderId) -> list[Order]:
        """Return the orders of a client id, an open one first, then the newest."""
        order = self.engine.account.orders.get(client_id)
        return [*([] if order is None else [order]), *self.records.named(client_id)]

    def wish(self, order: Order) -> Wish | None:
        """Return how an order was asked for; None for one that the venue itself sent."""
        return self.wishes.get(order.number)

    def size(self, symbol: Symbol) -> Decimal:
        """Return a position's signed size."""
        position = self.engine.account.positions.get(symbol)
        return ZERO if position is None else position.size

    def as_of(self, at: datetime, engine: PaperEngine) -> Desk:
        """Return the desk as it was when an earlier copy of its engine was made."""
        records = self.records.until(at)
        return replace(self, engine=engine, records=records, _mask=None)


def waits(order: Order) -> bool:
    """Whether an order stands, or ended, in the book of conditional orders: a stop that has not been set off."""
    return order.kind is OrderKind.STOP_MARKET and order.due_at is None
