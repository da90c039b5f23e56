"""Opening lots and disposals, first in first out: the form that accounting needs. USD; quantities signed base units.

A short is opened by a sale and disposed of by a purchase. Each venue's symbol is a queue of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.pnl.ledger import JournaledTrade
from bot.core.types import Symbol, VenueId

_DIGITS: Final = 12
"""Decimal places of a fee's share; the last part of a trade takes what rounding leaves."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What is still open of a trade: signed ``quantity``, its price, when it was opened and by which trade."""

    venue: VenueId
    symbol: Symbol
    quantity: Decimal
    price: Decimal
    at: datetime
    trade_id: str

    def gain(self, price: Decimal) -> Decimal:
        """Return what closing it at a price brings, fees apart."""
        return self.quantity * (price - self.price)


@dataclass(frozen=True, slots=True)
class Part:
    """A trade, or the part of one that closes a single lot or opens a new one.

    ``fee`` is its share of the trade's fee, above 0 where it was paid. ``closed`` is what it closes of an older lot,
    with that lot's price and time; None for a part that opens one.
    """

    trade: JournaledTrade
    quantity: Decimal
    fee: Decimal
    closed: Lot | None

    @property
    def gain(self) -> Decimal | None:
        """What the disposal brought, fees apart; None for a part that opens a lot."""
        return None if self.closed is None else self.closed.gain(self.trade.fill.price)


@dataclass(frozen=True, slots=True)
class Matched:
    """All trades in parts, in their order, and the lots that are open after them."""

    parts: tuple[Part, ...]
    open: tuple[Lot, ...]


def matched(trades: Iterable[JournaledTrade]) -> Matched:
    """Match trades, in order of time, first in first out."""
    queues: dict[tuple[VenueId, Symbol], deque[Lot]] = {}
    parts: list[Part] = []
    for trade in trades:
        queue = queues.setdefault((trade.fill.venue, trade.fill.symbol), deque())
        parts += _matched(trade, queue)
    return Matched(tuple(parts), tuple(lot for queue in queues.values() for lot in queue))


def _matched(trade: JournaledTrade, queue: deque[Lot]) -> list[Part]:
    """Close the oldest lots of the other sign, and open one with what is left."""
    fill = trade.fill
    left, fee, parts = fill.quantity, fill.fee, list[Part]()
    while left and queue and queue[0].quantity * left < 0:
        lot = queue.popleft()
        size = min(abs(lot.quantity), abs(left))
        closed = replace(lot, quantity=size.copy_sign(lot.quantity))
        quantity = size.copy_sign(left)
        if rest := lot.quantity - closed.quantity:
            queue.appendleft(replace(lot, quantity=rest))
        left -= quantity
        share = round(fill.fee * quantity / fill.quantity, _DIGITS) if left else fee
        fee -= share
        parts.append(Part(trade, quantity, share, closed))
    if left:
        queue.append(Lot(fill.venue, fill.symbol, left, fill.price, fill.at, fill.trade_id))
        parts.append(Part(trade, left, fee, None))
    return parts
