"""Orders, trades and movements in Hyperliquid's fields. Pure: engine values in, JSON values out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.orders import LedgerKind, OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO, Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.desk import Wish
from bot.paper.servers.records import FORCED, Movement, TradeRecord
from bot.paper.servers.wire import millis, plain

Json = dict[str, object]

SETTLE = "USDC"
_HASH = "0x" + "00" * 32
_TIF = {TimeInForce.GTC: "Gtc", TimeInForce.IOC: "Ioc", TimeInForce.POST_ONLY: "Alo"}


def coin_of(symbol: Symbol) -> str:
    """Return the venue's name of a perpetual."""
    return symbol.partition("/")[0]


def text(value: Decimal) -> str:
    """Print a number as the venue does: at least one decimal."""
    printed = plain(value)
    return printed if "." in printed else f"{printed}.0"


def own_id(order: Order) -> str | None:
    """Return the client id of an order; None for one that was sent without."""
    return order.client_id if order.client_id.startswith("0x") else None


def order(one: Order, wish: Wish | None) -> Json:
    """Return an order as the frontend's list and the status query have it."""
    is_stop = one.kind is OrderKind.STOP_MARKET
    is_buy = one.quantity > 0
    return {
        "coin": coin_of(one.symbol),
        "side": "B" if is_buy else "A",
        "limitPx": text(_limit(one, wish)),
        "sz": text(ZERO if one.status.is_final else abs(one.remaining)),
        "oid": one.number,
        "timestamp": millis(one.placed_at),
        "triggerCondition": f"Price {'above' if is_buy else 'below'} {plain(one.trigger or ZERO)}"
        if is_stop
        else "N/A",
        "isTrigger": is_stop,
        "triggerPx": text(one.trigger or ZERO),
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": one.reduce_only,
        "orderType": "Stop Market" if is_stop else "Limit",
        "origSz": text(abs(one.quantity)),
        "tif": None if is_stop else _TIF[one.time_in_force],
        "cloid": own_id(one),
    }


def _limit(one: Order, wish: Wish | None) -> Decimal:
    """Return an order's limit; of a stop it is what bounds the order that it becomes."""
    if wish is not None and wish.kind_text:
        return Decimal(wish.kind_text)
    return one.price or ZERO


def basic(one: Order, wish: Wish | None) -> Json:
    """Return an order as the stream has it."""
    shown = order(one, wish)
    names = ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz", "cloid")
    return {name: shown[name] for name in names}


def _status(one: Order) -> str:
    """Return an order's status in the venue's word."""
    if one.status is OrderStatus.OPEN:
        return "triggered" if one.due_at is not None else "open"
    if one.status is OrderStatus.FILLED:
        return "filled"
    if one.status is OrderStatus.REJECTED:
        return "rejected"
    is_unmatched = one.status is OrderStatus.EXPIRED and one.kind is OrderKind.LIMIT and not one.filled
    return "iocCancelRejected" if is_unmatched else "canceled"


def told(one: Order, wish: Wish | None) -> Json:
    """Return an order with its status."""
    return {"order": order(one, wish), "status": _status(one), "statusTimestamp": millis(one.updated_at)}


def fills(trades: Sequence[TradeRecord], movements: Sequence[Movement]) -> list[Json]:
    """Return trades, oldest first; what a liquidation cost is part of the fee of its fill."""
    held: dict[Symbol, Decimal] = {}
    costs: dict[tuple[object, object], Decimal] = {}
    for one in movements:
        if one.entry.kind is LedgerKind.LIQUIDATION_FEE:
            key = one.entry.symbol, one.entry.at
            costs[key] = costs.get(key, ZERO) - one.entry.amount
    rows = []
    for trade in trades:
        fill = trade.fill
        before = held.get(fill.symbol, ZERO)
        held[fill.symbol] = before + fill.quantity
        cost = costs.pop((fill.symbol, fill.at), ZERO) if trade.order >= FORCED else ZERO
        rows.append(_fill(trade, before, cost))
    return rows


def _fill(trade: TradeRecord, before: Decimal, cost: Decimal) -> Json:
    fill = trade.fill
    closes = before * fill.quantity < 0
    side = ("Short" if before < 0 else "Long") if closes else ("Long" if fill.quantity > 0 else "Short")
    cloid = fill.client_id if fill.client_id is not None and fill.client_id.startswith("0x") else None
    return {
        "coin": coin_of(fill.symbol),
        "px": text(fill.price),
        "sz": text(abs(fill.quantity)),
        "side": "B" if fill.quantity > 0 else "A",
        "time": millis(fill.at),
        "startPosition": text(before),
        "dir": f"{'Close' if closes else 'Open'} {side}",
        "closedPnl": text(fill.realised),
        "hash": _HASH,
        "oid": trade.order,
        "crossed": not fill.is_maker,
        "fee": text(trade.fee + cost),
        "tid": trade.number,
        "cloid": cloid,
        "feeToken": SETTLE,
        "twapId": None,
    }


def funding(one: Movement, size: Decimal, rate: Decimal) -> Json:
    """Return a funding."""
    delta = {
        "type": "funding",
        "coin": coin_of(one.entry.symbol or Symbol("")),
        "usdc": text(one.entry.amount),
        "szi": text(size),
        "fundingRate": plain(rate),
        "nSamples": None,
    }
    return {"time": millis(one.entry.at), "hash": _HASH, "delta": delta}


def update(one: Movement) -> Json:
    """Return a deposit, or a withdrawal."""
    amount = one.entry.amount
    came: Json = {"type": "deposit", "usdc": text(amount)}
    went: Json = {"type": "withdraw", "usdc": text(-amount), "nonce": one.entry.number, "fee": "0.0"}
    return {"time": millis(one.entry.at), "hash": f"0x{one.entry.number:064x}", "delta": came if amount > 0 else went}
