"""Orders, trades and bills in Bitget's fields. Pure: engine values in, JSON values out."""

from __future__ import annotations

from decimal import Decimal

from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO
from bot.paper.engine.account import Order
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.desk import Wish
from bot.paper.servers.records import USDT, TradeRecord
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, places, plain

Json = dict[str, object]

MODES = {MarginMode.CROSS: "crossed", MarginMode.ISOLATED: "isolated"}
_FORCE = {TimeInForce.GTC: "gtc", TimeInForce.IOC: "ioc", TimeInForce.POST_ONLY: "post_only"}
_STATE = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "canceled",
    OrderStatus.EXPIRED: "canceled",
    OrderStatus.REJECTED: "canceled",
}


def ids(one: Order) -> Json:
    """Name an order, as every answer to a write does."""
    return {"orderId": str(one.number), "clientOid": one.client_id}


def side(quantity: Decimal) -> str:
    """Return the side of a signed quantity."""
    return "buy" if quantity > 0 else "sell"


def order(
    market: PerpMarket, one: Order, mode: MarginMode, leverage: Decimal, realised: Decimal, state_key: str
) -> Json:
    """Return an order of the normal book; ``state_key`` is the word that the endpoint has for the state."""
    is_limit = one.kind is OrderKind.LIMIT
    average = abs(one.paid / one.filled) if one.filled else None
    return {
        "symbol": id_of(one.symbol),
        "size": _size(market, one.quantity),
        **ids(one),
        "baseVolume": _size(market, one.filled),
        "fee": plain(-one.fee),
        "price": fixed(one.price, places(market.tick)) if one.price is not None else "",
        "priceAvg": "" if average is None else plain(average),
        state_key: _state(one),
        "side": side(one.quantity),
        "force": _FORCE[one.time_in_force] if is_limit else "gtc",
        "totalProfits": plain(realised),
        "posSide": "net",
        "marginCoin": "USDT",
        "quoteVolume": plain(abs(one.paid)),
        "leverage": plain(leverage),
        "marginMode": MODES[mode],
        "reduceOnly": "YES" if one.reduce_only else "NO",
        "enterPointSource": "API",
        "tradeSide": f"{side(one.quantity)}_single",
        "posMode": "one_way_mode",
        "orderType": "limit" if is_limit else "market",
        "orderSource": "trigger" if one.kind is OrderKind.STOP_MARKET else "normal",
        "presetStopSurplusPrice": "",
        "presetStopLossPrice": "",
        "cTime": str(millis(one.placed_at)),
        "uTime": str(millis(one.updated_at)),
    }


def detail(market: PerpMarket, one: Order, mode: MarginMode, leverage: Decimal, realised: Decimal) -> Json:
    """Return an order as the query of one has it: with a leverage that is a number, and fields that no list has."""
    return {
        **order(market, one, mode, leverage, realised, "state"),
        "leverage": int(leverage),
        "presetStopSurplusType": "",
        "presetStopSurplusExecutePrice": "",
        "presetStopLossType": "",
        "presetStopLossExecutePrice": "",
        "cancelReason": one.note if one.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED} else "",
        "newTradeSide": None,
    }


def _state(one: Order) -> str:
    if one.status is OrderStatus.OPEN:
        return "partially_filled" if one.filled else "live"
    return _STATE[one.status]


def _size(market: PerpMarket, size: Decimal) -> str:
    return fixed(abs(size), places(market.lot))


def plan(market: PerpMarket, one: Order, wish: Wish | None, mode: MarginMode) -> Json:
    """Return an order of the conditional book, which does not say whether it is reduce-only."""
    return {
        "planType": "normal_plan" if wish is None else wish.kind_text,
        "symbol": id_of(one.symbol),
        "size": "0" if wish is not None and wish.closes else _size(market, one.quantity),
        **ids(one),
        **(_end(market, one) if one.status.is_final else {}),
        "price": "0",
        "executePrice": "0",
        "callbackRatio": "",
        "triggerPrice": fixed(one.trigger or ZERO, places(market.tick)),
        "triggerType": "mark_price",
        "planStatus": _plan_status(one),
        "side": side(one.quantity),
        "posSide": "net",
        "marginCoin": "USDT",
        "marginMode": MODES[mode],
        "enterPointSource": "API",
        "tradeSide": f"{side(one.quantity)}_single",
        "posMode": "one_way_mode",
        "orderType": "market",
        "stopSurplusTriggerPrice": None,
        "stopSurplusExecutePrice": None,
        "stopSurplusTriggerType": None,
        "stopLossTriggerPrice": None,
        "stopLossExecutePrice": None,
        "stopLossTriggerType": None,
        "cTime": str(millis(one.placed_at)),
        "uTime": str(millis(one.updated_at)),
    }


def _end(market: PerpMarket, one: Order) -> Json:
    """Return what the history of the conditional book knows besides: the order that came of it, and its fill."""
    average = abs(one.paid / one.filled) if one.filled else None
    return {
        "executeOrderId": str(one.number) if one.due_at is not None else "",
        "priceAvg": "" if average is None else plain(average),
        "baseVolume": _size(market, one.filled),
    }


def _plan_status(one: Order) -> str:
    if one.due_at is not None:
        return "executed" if one.status.is_final else "executing"
    return "live" if one.status is OrderStatus.OPEN else "cancelled"


def trade(market: PerpMarket, one: TradeRecord) -> Json:
    """Return a trade of the account."""
    fill = one.fill
    is_deducted = one.fee_asset != USDT
    fee = {
        "deduction": "yes" if is_deducted else "no",
        "feeCoin": one.fee_asset,
        "totalDeductionFee": plain(-one.fee) if is_deducted else "",
        "totalFee": plain(-one.fee),
    }
    return {
        "tradeId": str(one.number),
        "symbol": id_of(fill.symbol),
        "orderId": str(one.order),
        "price": fixed(fill.price, places(market.tick)),
        "baseVolume": _size(market, fill.quantity),
        "feeDetail": [fee],
        "side": side(fill.quantity),
        "quoteVolume": plain(abs(fill.quantity) * fill.price),
        "profit": plain(fill.realised),
        "enterPointSource": "api",
        "tradeSide": f"{side(fill.quantity)}_single",
        "posMode": "one_way_mode",
        "tradeScope": "maker" if fill.is_maker else "taker",
        "cTime": str(millis(fill.at)),
    }
