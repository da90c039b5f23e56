"""What a venue tells of its own accord: the orders and positions of a customer that have changed since he was told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from bot.core.orders import OrderStatus
from bot.core.types import ZERO, Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.desk import Desk

_EVERY: Final = timedelta(seconds=1)


class Channel(Protocol):
    """One WebSocket connection in a venue's wire format."""

    def heard(self, text: str) -> Sequence[str]:
        """Answer a message of the client."""

    def news(self) -> Sequence[str]:
        """Return what is new. Called again and again, each time after the venue has moved on."""


def unpacked(text: str) -> Mapping[str, object]:
    """Read a client's message; what is no JSON object says nothing."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def packed(message: Mapping[str, object]) -> str:
    """Write a message."""
    return json.dumps(message, separators=(",", ":"))


@dataclass(slots=True)
class Due:
    """When a market's mark is to be told: at every change, and each second."""

    _sent: dict[Symbol, tuple[datetime, Decimal]] = field(default_factory=dict)

    def take(self, symbol: Symbol, mark: Decimal, now: datetime) -> bool:
        """Return whether it is due; if it is, it counts as told."""
        before = self._sent.get(symbol)
        if before is not None and before[1] == mark and now < before[0] + _EVERY:
            return False
        self._sent[symbol] = now, mark
        return True


@dataclass(slots=True)
class Watch:
    """Follows one desk; what stands when it begins is no news."""

    desk: Desk
    _orders: dict[int, tuple[OrderStatus, Decimal, bool]] = field(default_factory=dict)
    _sizes: dict[Symbol, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take in what stands."""
        self.orders()
        self.positions()

    def orders(self) -> list[tuple[Order, Decimal]]:
        """Return the orders that changed, oldest first, each with what has filled since."""
        changed = []
        for order in self.desk.orders():
            before = self._orders.get(order.number)
            now = order.status, order.filled, order.due_at is not None
            if now != before:
                changed.append((order, order.filled - (before[1] if before else ZERO)))
            self._orders[order.number] = now
        return changed

    def positions(self) -> list[Symbol]:
        """Return the symbols whose position changed."""
        sizes = {symbol: self.desk.size(symbol) for symbol in self.desk.engine.rules.symbols}
        changed = [symbol for symbol, size in sizes.items() if size != self._sizes.get(symbol, ZERO)]
        self._sizes = sizes
        return changed
