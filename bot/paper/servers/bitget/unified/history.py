"""The v3 interface's endpoints for the account's past: fills and financial records."""

from __future__ import annotations

from decimal import Decimal

from bot.core.orders import LedgerKind
from bot.paper.engine.account import Order
from bot.paper.servers.bitget import statement
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.unified import render
from bot.paper.servers.bitget.unified.call import CATEGORY, Private
from bot.paper.servers.records import Movement
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import millis, plain


def fills(call: Private) -> object:
    """Return the trades of all symbols, newest first."""
    number, oldest = call.params.maybe_integer("orderId"), call.oldest()
    orders = {order.number: order for order in call.desk.orders()}
    wanted = [
        (trade.number, trade)
        for trade in call.desk.records.trades
        if trade.fill.at >= oldest and call.is_in_span(trade.fill.at) and (number is None or trade.order == number)
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
    oldest = call.oldest()
    return [
        (parts[0].entry.number, _record(call, parts, balance))
        for parts, balance in statement.rows(call.desk.records)
        if parts[0].entry.at >= oldest and call.is_in_span(parts[0].entry.at)
    ]


def _record(call: Private, parts: list[Movement], balance: Decimal) -> Json:
    first, (amount, fee) = parts[0].entry, statement.sums(parts)
    return {
        "category": "OTHER" if first.kind is LedgerKind.DEPOSIT else CATEGORY,
        "id": str(first.number),
        "symbol": "" if first.symbol is None else id_of(first.symbol),
        "coin": parts[0].asset,
        "type": _type(call, parts[0]),
        "amount": plain(amount),
        "fee": plain(fee),
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
            return f"BURST_{'SELL' if statement.was_sold(call.desk.records, movement) else 'BUY'}_SSM"
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
