"""Orders, trades and records in the fields of the v3 interface. Pure: engine values in, JSON values out."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO
from bot.paper.engine.account import Order
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.bitget.render import MODES, Json, side
from bot.paper.servers.bitget.unified.call import CATEGORY
from bot.paper.servers.desk import Wish, waits
from bot.paper.servers.records import USDT, TradeRecord
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, places, plain

_IN_FORCE: Final = {TimeInForce.GTC: "gtc", TimeInForce.IOC: "ioc", TimeInForce.POST_ONLY: "post_only"}
_NO_PRESETS: Final = ("takeProfit", "stopLoss", "tpTriggerBy", "slTriggerBy", "tpOrderType", "slOrderType")
TRIGGER: Final = "trigger"
TPSL: Final = "tpsl"


def ids(one: Order) -> Json:
    """Name an order, as every answer to a write does."""
    return {"orderId": str(one.number), "clientOid": one.client_id}


def order(market: PerpMarket, one: Order, mode: MarginMode, fee_asset: str, *, listed: bool) -> Json:
    """Return an order of the normal book; ``listed`` is how lists show it, the query of one has another field."""
    is_limit = one.kind is OrderKind.LIMIT
    average = abs(one.paid / one.filled) if one.filled else ZERO
    is_charged = bool(one.filled) or (listed and one.status.is_final)
    what = {"delegateType": _came_of(one)} if listed else {"tradeSide": _trade_side(one)}
    return {
        **ids(one),
        "category": CATEGORY,
        "symbol": id_of(one.symbol),
        "orderType": "limit" if is_limit else "market",
        "side": side(one.quantity),
        "price": fixed(one.price, places(market.tick)) if one.price is not None else "0",
        "qty": _size(market, one.quantity),
        "amount": "0",
        "cumExecQty": _size(market, one.filled),
        "cumExecValue": plain(abs(one.paid)),
        "avgPrice": plain(average),
        "timeInForce": _IN_FORCE[one.time_in_force] if is_limit else "gtc",
        "orderStatus": _status(one),
        "posSide": "short" if (one.quantity < 0) is not one.reduce_only else "long",
        "holdMode": "one_way_mode",
        **what,
        "reduceOnly": "YES" if one.reduce_only else "NO",
        "marginMode": MODES[mode],
        "stpMode": "none",
        **dict.fromkeys((*_NO_PRESETS, "tpLimitPrice", "slLimitPrice"), ""),
        "feeDetail": [{"feeCoin": fee_asset if is_charged else None, "fee": plain(one.fee) if is_charged else None}],
        **(_end(one) if one.status.is_final or not listed else {}),
        "createdTime": str(millis(one.placed_at)),
        "updatedTime": str(millis(one.updated_at)),
    }


def _came_of(one: Order) -> str:
    return "stop_loss_market" if one.kind is OrderKind.STOP_MARKET else "normal"


def _trade_side(one: Order) -> str:
    return f"{'reduce_' if one.reduce_only else ''}{side(one.quantity)}_single"


def _end(one: Order) -> Json:
    is_cut = one.status is OrderStatus.EXPIRED
    reason = {OrderStatus.CANCELLED: "normal_cancel", OrderStatus.EXPIRED: "ioc_not_full_cancel"}.get(one.status, "")
    post_only = is_cut and one.time_in_force is TimeInForce.POST_ONLY
    return {"cancelReason": "post_only_fill_cancel" if post_only else reason, "execType": "normal"}


def _status(one: Order) -> str:
    if one.status is OrderStatus.OPEN:
        return "partially_filled" if one.filled else "live"
    return "filled" if one.status is OrderStatus.FILLED else "cancelled"


def _size(market: PerpMarket, size: Decimal) -> str:
    return fixed(abs(size), places(market.lot))


def strategy(market: PerpMarket, one: Order, wish: Wish | None, *, listed: bool) -> Json:
    """Return a strategy order; its row names neither side nor reduce-only. ``listed``: among those that wait."""
    is_trigger = wish is not None and wish.kind_text == TRIGGER
    trigger = fixed(one.trigger or ZERO, places(market.tick))
    closes_long = one.quantity < 0
    row: Json = {
        **ids(one),
        "category": CATEGORY,
        "symbol": id_of(one.symbol),
        "qty": "" if wish is not None and wish.closes else _size(market, one.quantity),
        "posSide": "long" if closes_long is one.reduce_only else "short",
        "status": _strategy_status(one),
        "tpTriggerBy": None if is_trigger else "",
        "slTriggerBy": None if is_trigger else "mark",
        "takeProfit": "",
        "stopLoss": "" if is_trigger else trigger,
        "tpOrderType": None if is_trigger else "",
        "slOrderType": None if is_trigger else "market",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "triggerBy": "mark" if is_trigger else "",
        "triggerPrice": trigger if is_trigger else "",
        "triggerOrderType": "market" if is_trigger else "",
        "triggerOrderPrice": "",
        "createdTime": str(millis(one.placed_at)),
        "updatedTime": str(millis(one.updated_at)),
    }
    return row if listed else {**row, "triggerType": "stopLoss"}


def _strategy_status(one: Order) -> str:
    if one.due_at is not None:
        return "success" if one.status.is_final else "submitting"
    return "pending" if waits(one) and not one.status.is_final else "cancelled"


def trade(market: PerpMarket, one: TradeRecord, owner: Order | None) -> Json:
    """Return a fill; its fee is above 0 where it was charged."""
    fill = one.fill
    return {
        "execId": str(one.number),
        "execLinkId": str(one.number),
        "orderId": str(one.order),
        "clientOid": "" if owner is None else owner.client_id,
        "category": CATEGORY,
        "symbol": id_of(fill.symbol),
        "orderType": "limit" if owner is not None and owner.kind is OrderKind.LIMIT else "market",
        "side": side(fill.quantity),
        "execPrice": fixed(fill.price, places(market.tick)),
        "execQty": _size(market, fill.quantity),
        "execValue": plain(abs(fill.quantity) * fill.price),
        "tradeScope": "maker" if fill.is_maker else "taker",
        "tradeSide": f"{side(fill.quantity)}_single" if owner is None else _trade_side(owner),
        "feeDetail": [{"feeCoin": one.fee_asset or USDT, "fee": plain(one.fee)}],
        "createdTime": str(millis(fill.at)),
        "updatedTime": str(millis(fill.at)),
        "execPnl": plain(fill.realised),
        "isRPI": "no",
    }
