"""What the small fakes of futures REST share: an account with one market, and orders that fill at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.exchange.fields import milliseconds_of


@dataclass
class Order:
    number: int
    client_id: str
    side: str
    quantity: Decimal
    price: str
    trigger: str
    kind: str
    force: str
    reduce_only: bool
    status: str = "open"
    filled: Decimal = Decimal(0)


@dataclass
class Fake:
    """State that both dialects share: one account with one market, ETH/USDT:USDT."""

    clock: Callable[[], datetime]
    position: Decimal = Decimal(0)
    mark: str = "3000.12"
    orders: dict[str, Order] = field(default_factory=dict)
    plans: dict[str, Order] = field(default_factory=dict)
    trades: list[dict[str, object]] = field(default_factory=list)
    hedge: bool = False
    leverage: str = "20"
    margin: str = "cross"
    wallet: str = "10000.5"
    wrong_asset: str = "0"
    may_withdraw: bool = False
    max_leverage: str = "125"

    def now(self) -> int:
        return milliseconds_of(self.clock())

    def add(self, order: Order) -> Order:
        """Put an order into its book; what meets the book at once fills at 3000."""
        if order.trigger:
            self.plans[order.client_id] = order
            return order
        self.orders[order.client_id] = order
        if order.kind == "market" or order.force.lower() == "ioc":
            order.status, order.filled = "filled", order.quantity
            signed = order.quantity if order.side == "buy" else -order.quantity
            self.position += signed
            self.trades.append({"id": f"{order.number}1", "order": order, "at": self.now()})
        return order
