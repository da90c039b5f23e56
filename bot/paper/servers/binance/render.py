"""Orders and trades in Binance's fields. Pure: engine values in, JSON values out."""

from __future__ import annotations

from decimal import Decimal

from bot.core.market import PerpMarket
from bot.core.orders import LedgerKind, OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO
from bot.paper.engine.account import Order
from bot.paper.servers.desk import Wish
from bot.paper.servers.records import Movement, TradeRecord
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed, millis, places

Json = dict[str, object]

CASH = 8
"""Decimals of amounts of cash."""
_AVERAGE = 5
_TIF = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.POST_ONLY: "GTX"}
_STATUS = {
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
_ALGO = {OrderStatus.CANCELLED: "CANCELED", OrderStatus.EXPIRED: "EXPIRED", OrderStatus.REJECTED: "REJECTED"}
_INCOME = {
    LedgerKind.DEPOSIT: "TRANSFER",
    LedgerKind.REALISED: "REALIZED_PNL",
    LedgerKind.FEE: "COMMISSION",
    LedgerKind.FUNDING: "FUNDING_FEE",
    LedgerKind.LIQUIDATION_FEE: "INSURANCE_CLEAR",
}


def price_text(market: PerpMarket, price: Decimal | None) -> str:
    """Print a price with the tick's decimals; none is 0."""
    return fixed(price or ZERO, places(market.tick))


def size_text(market: PerpMarket, size: Decimal) -> str:
    """Print a quantity with the lot's decimals."""
    return fixed(size, places(market.lot))


def order(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order of the normal book; a stop that was set off shows as the market order that it became."""
    average = abs(one.paid / one.filled) if one.filled else ZERO
    is_stop = one.kind is OrderKind.STOP_MARKET
    kind = "LIMIT" if one.kind is OrderKind.LIMIT else "MARKET"
    return {
        "orderId": one.number,
        "symbol": id_of(one.symbol),
        "status": _status(one),
        "clientOrderId": one.client_id,
        "price": price_text(market, one.price),
        "avgPrice": fixed(average, _AVERAGE),
        "origQty": size_text(market, abs(one.quantity)),
        "executedQty": size_text(market, abs(one.filled)),
        "cumQuote": fixed(abs(one.paid), _AVERAGE),
        "timeInForce": _TIF[one.time_in_force] if one.kind is OrderKind.LIMIT else "GTC",
        "type": kind,
        "reduceOnly": one.reduce_only,
        "closePosition": wish is not None and wish.closes,
        "side": "BUY" if one.quantity > 0 else "SELL",
        "positionSide": "BOTH",
        "stopPrice": price_text(market, one.trigger),
        "workingType": "MARK_PRICE" if is_stop else "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": wish.kind_text if wish is not None and wish.kind_text else kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": millis(one.placed_at),
        "updateTime": millis(one.updated_at),
    }


def _status(one: Order) -> str:
    if one.status is OrderStatus.OPEN:
        return "PARTIALLY_FILLED" if one.filled else "NEW"
    return _STATUS[one.status]


def placed(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order as the answer to its placing has it: without the time of its placing."""
    shown = order(market, one, wish)
    return {**{key: value for key, value in shown.items() if key != "time"}, "cumQty": shown["executedQty"]}


def modified(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order as the answer to its amendment has it: with the pair."""
    return {**placed(market, one, wish), "pair": id_of(one.symbol)}


def cancelled(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order as the answer to its cancelling has it: without an average price, too."""
    return {key: value for key, value in placed(market, one, wish).items() if key != "avgPrice"}


def algo_order(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order of the conditional book as queries have it: with what came of it."""
    fired = one.due_at is not None and one.status.is_final
    average = abs(one.paid / one.filled) if one.filled else ZERO
    actual = {"actualQty": size_text(market, abs(one.filled)), "actualType": "MARKET"}
    return {
        **algo_request(market, one, wish),
        "actualOrderId": str(one.number) if fired else "",
        "actualPrice": fixed(average, _AVERAGE),
        **(actual if fired else {}),
        "tpTriggerPrice": price_text(market, None),
        "tpPrice": price_text(market, None),
        "slTriggerPrice": price_text(market, None),
        "slPrice": price_text(market, None),
        "tpOrderType": "",
    }


def algo_request(market: PerpMarket, one: Order, wish: Wish | None) -> Json:
    """Return an order of the conditional book as the answers to its placing and cancelling have it."""
    closes = wish is not None and wish.closes
    return {
        "algoId": one.number,
        "clientAlgoId": one.client_id,
        "algoType": "CONDITIONAL",
        "orderType": wish.kind_text if wish is not None and wish.kind_text else "STOP_MARKET",
        "symbol": id_of(one.symbol),
        "side": "BUY" if one.quantity > 0 else "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": size_text(market, ZERO if closes else abs(one.quantity)),
        "algoStatus": _algo_status(one),
        "triggerPrice": price_text(market, one.trigger),
        "price": price_text(market, None),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE",
        "priceMatch": "NONE",
        "closePosition": closes,
        "priceProtect": False,
        "reduceOnly": one.reduce_only,
        "createTime": millis(one.placed_at),
        "updateTime": millis(one.updated_at),
        "triggerTime": millis(one.due_at) if one.due_at is not None else 0,
        "goodTillDate": 0,
    }


def _algo_status(one: Order) -> str:
    if one.due_at is not None:
        return "FINISHED" if one.status.is_final else "TRIGGERING"
    return "NEW" if one.status is OrderStatus.OPEN else _ALGO.get(one.status, "EXPIRED")


def trade(market: PerpMarket, one: TradeRecord) -> Json:
    """Return a trade of the account."""
    fill = one.fill
    return {
        "symbol": id_of(fill.symbol),
        "id": one.number,
        "orderId": one.order,
        "side": "BUY" if fill.quantity > 0 else "SELL",
        "price": price_text(market, fill.price),
        "qty": size_text(market, abs(fill.quantity)),
        "realizedPnl": fixed(fill.realised, CASH),
        "quoteQty": fixed(abs(fill.quantity) * fill.price, CASH),
        "commission": fixed(one.fee, CASH),
        "commissionAsset": one.fee_asset,
        "time": millis(fill.at),
        "positionSide": "BOTH",
        "buyer": fill.quantity > 0,
        "maker": fill.is_maker,
    }


def income(one: Movement) -> Json:
    """Return a movement of cash."""
    entry = one.entry
    kind = _INCOME[entry.kind]
    return {
        "symbol": "" if entry.symbol is None else id_of(entry.symbol),
        "incomeType": kind,
        "income": fixed(entry.amount, CASH),
        "asset": one.asset,
        "info": kind if one.trade is None else str(one.trade),
        "time": millis(entry.at),
        "tranId": entry.number,
        "tradeId": "" if one.trade is None else str(one.trade),
    }


def income_type(kind: LedgerKind) -> str:
    """Return Binance's word for what moved cash."""
    return _INCOME[kind]
