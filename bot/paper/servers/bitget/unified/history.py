"""The v3 interface's endpoints for the account's past: fills and financial records."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO
from bot.paper.engine.account import Order
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.unified import render
from bot.paper.servers.bitget.unified.call import CATEGORY, Private
from bot.paper.servers.records import Movement
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import millis, plain

_FEES: Final = frozenset({LedgerKind.FEE, LedgerKind.LIQUIDATION_FEE})


def fills(call: Private) -> object:
    """Return the trades of all symbols, newest first."""
    number = call.params.maybe_integer("orderId")
    orders = {order.number: order for order in call.desk.orders()}
    wanted = [
        (trade.number, trade)
        for trade in call.desk.records.trades
        if call.is_in_span(trade.fill.at) and (number is None or trade.order == number)
    ]
    return call.page(
        wanted, lambda trade: render.trade(call.market(trade.fill.symbol), trade, _owner(orders, trade.order))
    )


def _owner(orders: dict[int, Order], number: int) -> Order | None:
    return orders.get(number)


def financial_records(call: Private) -> object:
    """Return the movements of a category, newest first; a trade's profit and its fee stand in one record."""
    category, kind = call.category(), call.params.maybe("type")
    wanted = [
        (number, row) for number, row in _records(call) if row["category"] == category and kind in (None, row["type"])
    ]
    return call.page(wanted, lambda row: row)


def _records(call: Private) -> list[tuple[int, Json]]:
    """Put the movements into records, oldest first, with the coin's balance after each."""
    found: list[tuple[int, Json]] = []
    by_trade: dict[int, list[Movement]] = {}
    for movement in call.desk.records.movements:
        if movement.trade is not None:
            by_trade.setdefault(movement.trade, []).append(movement)
    done: set[int] = set()
    balances: dict[str, Decimal] = {}
    for movement in call.desk.records.movements:
        if movement.trade in done:
            continue
        parts = [movement] if movement.trade is None else by_trade[movement.trade]
        if movement.trade is not None:
            done.add(movement.trade)
        for asset in dict.fromkeys(part.asset for part in parts):
            record = [part for part in parts if part.asset == asset]
            balances[asset] = balances.get(asset, ZERO) + sum((part.entry.amount for part in record), ZERO)
            if call.is_in_span(movement.entry.at):
                found.append((record[0].entry.number, _record(call, record, balances[asset])))
    return found


def _record(call: Private, parts: list[Movement], balance: Decimal) -> Json:
    first = parts[0].entry
    return {
        "category": "OTHER" if first.kind is LedgerKind.DEPOSIT else CATEGORY,
        "id": str(first.number),
        "symbol": "" if first.symbol is None else id_of(first.symbol),
        "coin": parts[0].asset,
        "type": _type(call, parts[0]),
        "amount": plain(sum((part.entry.amount for part in parts if part.entry.kind not in _FEES), ZERO)),
        "fee": plain(sum((part.entry.amount for part in parts if part.entry.kind in _FEES), ZERO)),
        "balance": plain(balance),
        "ts": str(millis(first.at)),
    }


def _type(call: Private, movement: Movement) -> str:
    entry = movement.entry
    way = "IN" if entry.amount > 0 else "OUT"
    match entry.kind:
        case LedgerKind.DEPOSIT:
            return f"TRANSFER_{way}"
        case LedgerKind.FUNDING:
            return f"CONTRACT_MAIN_SETTLE_FEE_USER_{way}"
        case LedgerKind.LIQUIDATION_FEE:
            return f"BURST_{_last_side(call, movement)}_SSM"
        case LedgerKind.REALISED | LedgerKind.FEE:
            trade = call.desk.records.trades[movement.trade - 1] if movement.trade else None
            if trade is None:
                return "BUY_DEAL"
            closes = any(
                one.trade == movement.trade and one.entry.kind is LedgerKind.REALISED
                for one in call.desk.records.movements
            )
            buys = trade.fill.quantity > 0
            return f"CLOSE_{'SHORT' if buys else 'LONG'}" if closes else f"OPEN_{'LONG' if buys else 'SHORT'}"


def _last_side(call: Private, movement: Movement) -> str:
    """Return the side of the trade that a liquidation fee belongs to."""
    before = [
        trade.fill.quantity
        for trade in call.desk.records.trades
        if trade.fill.symbol == movement.entry.symbol and trade.fill.at <= movement.entry.at
    ]
    return "SELL" if before and before[-1] < 0 else "BUY"
