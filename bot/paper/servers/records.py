"""What an account's engine tells and forgets: ended orders, trades with their orders, ledger entries with trades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from typing import Final

from bot.core.orders import Fill, LedgerEntry, LedgerKind, OrderKind, OrderStatus, TimeInForce
from bot.core.types import ClientOrderId
from bot.paper.engine.account import Order
from bot.paper.engine.engine import PaperEngine

USDT: Final = "USDT"
FORCED: Final = 10**9
"""Trades that no order of the account caused (liquidation, ADL) get order numbers from here on."""


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """A fill with the number of the trade and of its order; ``fee`` is what was paid, of ``fee_asset``."""

    number: int
    order: int
    fill: Fill
    fee: Decimal
    fee_asset: str = USDT


@dataclass(frozen=True, slots=True)
class Movement:
    """A ledger entry, in units of ``asset``, with the number of the trade that it belongs to, if any."""

    entry: LedgerEntry
    trade: int | None
    asset: str = USDT


Charge = Callable[[Movement], Movement]
"""What becomes of a movement whose owner may pay fees in another asset."""


@dataclass(slots=True)
class Records:
    """An account's past, oldest first; ``names`` are the numbers of the ended orders by client id."""

    orders: dict[int, Order] = field(default_factory=dict)
    trades: list[TradeRecord] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    names: dict[ClientOrderId, list[int]] = field(default_factory=dict)

    def take(self, engine: PaperEngine, charge: Charge) -> None:
        """Take over what happened in the engine since the last time."""
        events = engine.drain()
        fresh = [self._trade(engine, fill, len(self.trades) + number) for number, fill in enumerate(events.fills, 1)]
        for trade in fresh:
            if trade.order >= FORCED:
                self._keep(_forced(trade))
        for order in engine.account.closed[-len(events.closed) :] if events.closed else []:
            self._keep(order)
        movements = [charge(movement) for movement in _movements(events.ledger, fresh)]
        fees = {movement.trade: movement for movement in movements if movement.entry.kind is LedgerKind.FEE}
        self.trades += [_charged(trade, fees.get(trade.number)) for trade in fresh]
        self.movements += movements

    def named(self, client_id: ClientOrderId) -> list[Order]:
        """Return the ended orders of a client id, newest first."""
        return [self.orders[number] for number in reversed(self.names.get(client_id, []))]

    def until(self, at: datetime) -> Records:
        """Return what was known at a time."""
        past = Records(
            trades=list(takewhile(lambda trade: trade.fill.at <= at, self.trades)),
            movements=list(takewhile(lambda movement: movement.entry.at <= at, self.movements)),
        )
        for order in self.orders.values():
            if order.updated_at <= at:
                past._keep(order)
        return past

    def _keep(self, order: Order) -> None:
        self.orders[order.number] = order
        self.names.setdefault(order.client_id, []).append(order.number)

    @staticmethod
    def _trade(engine: PaperEngine, fill: Fill, number: int) -> TradeRecord:
        order = None if fill.client_id is None else engine.account.find(fill.client_id)
        return TradeRecord(number, FORCED + number if order is None else order.number, fill, fill.fee)


def _charged(trade: TradeRecord, fee: Movement | None) -> TradeRecord:
    return trade if fee is None else replace(trade, fee=-fee.entry.amount, fee_asset=fee.asset)


def _movements(entries: list[LedgerEntry], trades: list[TradeRecord]) -> list[Movement]:
    """Return which trade each entry belongs to: a trade books its profit (if any), then its fee, trade by trade."""
    left = list(trades)
    found: list[Movement] = []
    for entry in entries:
        amounts = {LedgerKind.REALISED: lambda fill: fill.realised, LedgerKind.FEE: lambda fill: -fill.fee}
        trade = None
        if entry.kind in amounts:
            while left and amounts[entry.kind](left[0].fill) != entry.amount:
                left.pop(0)
            trade = left[0].number if left else None
            if entry.kind is LedgerKind.FEE and left:
                left.pop(0)
        found.append(Movement(entry, trade))
    return found


def _forced(trade: TradeRecord) -> Order:
    """Make the order that the venue itself sent."""
    fill = trade.fill
    return Order(
        client_id=fill.client_id or ClientOrderId(""),
        number=trade.order,
        symbol=fill.symbol,
        quantity=fill.quantity,
        kind=OrderKind.MARKET,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        price=None,
        trigger=None,
        placed_at=fill.at,
        updated_at=fill.at,
        status=OrderStatus.FILLED,
        filled=fill.quantity,
        paid=fill.quantity * fill.price,
        fee=fill.fee,
    )
