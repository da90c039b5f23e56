"""The events of Binance's user stream. Pure: engine values in, JSON values out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.market import PerpMarket
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.account import Order
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.binance import render
from bot.paper.servers.binance.render import CASH, Json
from bot.paper.servers.desk import Desk
from bot.paper.servers.records import TradeRecord
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import fixed


def algo_update(market: PerpMarket, desk: Desk, one: Order, now: int) -> Json:
    """Return the event of an order of the conditional book."""
    shown = render.algo_order(market, one, desk.wish(one))
    order = {
        "caid": shown["clientAlgoId"],
        "aid": shown["algoId"],
        "at": shown["algoType"],
        "o": shown["orderType"],
        "s": shown["symbol"],
        "S": shown["side"],
        "ps": "BOTH",
        "f": shown["timeInForce"],
        "q": shown["quantity"],
        "X": shown["algoStatus"],
        "ai": shown["actualOrderId"],
        "ap": shown["actualPrice"],
        "aq": shown.get("actualQty", "0.00000"),
        "act": shown.get("actualType", "0"),
        "tp": shown["triggerPrice"],
        "p": shown["price"],
        "V": shown["selfTradePreventionMode"],
        "wt": shown["workingType"],
        "pm": shown["priceMatch"],
        "cp": shown["closePosition"],
        "pP": shown["priceProtect"],
        "R": shown["reduceOnly"],
        "tt": shown["triggerTime"],
        "gtd": shown["goodTillDate"],
    }
    return {"e": "ALGO_UPDATE", "T": shown["updateTime"], "E": now, "o": order}


def order_update(market: PerpMarket, desk: Desk, one: Order, filled: Decimal, now: int) -> Json:
    """Return the event of an order of the normal book; a commission is reported only where there is one."""
    shown = render.order(market, one, desk.wish(one))
    trade = _last_trade(desk, one) if filled else None
    commission = {"N": trade.fee_asset, "n": fixed(trade.fee, CASH)} if trade is not None else {}
    order = {
        "s": shown["symbol"],
        "c": shown["clientOrderId"],
        "S": shown["side"],
        "o": shown["type"],
        "f": shown["timeInForce"],
        "q": shown["origQty"],
        "p": shown["price"],
        "ap": shown["avgPrice"],
        "sp": shown["stopPrice"],
        "x": "TRADE" if filled else shown["status"],
        "X": shown["status"],
        "i": shown["orderId"],
        "l": render.size_text(market, abs(filled)),
        "z": shown["executedQty"],
        "L": render.price_text(market, trade.fill.price) if trade is not None else "0",
        **commission,
        "T": shown["updateTime"],
        "t": trade.number if trade is not None else 0,
        "b": "0",
        "a": "0",
        "m": trade is not None and trade.fill.is_maker,
        "R": shown["reduceOnly"],
        "wt": shown["workingType"],
        "ot": shown["origType"],
        "ps": "BOTH",
        "cp": shown["closePosition"],
        "rp": fixed(trade.fill.realised if trade is not None else ZERO, CASH),
        "pP": shown["priceProtect"],
        "si": 0,
        "ss": 0,
        "V": shown["selfTradePreventionMode"],
        "pm": shown["priceMatch"],
        "gtd": shown["goodTillDate"],
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": shown["updateTime"], "o": order}


def _last_trade(desk: Desk, one: Order) -> TradeRecord | None:
    return next((trade for trade in reversed(desk.records.trades) if trade.order == one.number), None)


def account_update(desk: Desk, changed: Sequence[Symbol], now: int) -> Json:
    """Return the event of the wallet, and of the positions that changed."""
    account = desk.engine.account
    wallet = {
        "a": "USDT",
        "wb": fixed(account.wallet, CASH),
        "cw": fixed(collateral.cross_cash(account), CASH),
        "bc": "0",
    }
    positions = [_position(desk, symbol) for symbol in changed]
    return {"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": {"m": "ORDER", "B": [wallet], "P": positions}}


def _position(desk: Desk, symbol: Symbol) -> Json:
    account, market = desk.engine.account, desk.rules(symbol).market
    held = account.positions.get(symbol)
    entry = render.price_text(market, held.entry if held is not None else None)
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    realised = (trade.fill.realised for trade in desk.records.trades if trade.fill.symbol == symbol)
    return {
        "s": id_of(symbol),
        "pa": render.size_text(market, desk.size(symbol)),
        "ep": entry,
        "bep": entry,
        "cr": fixed(sum(realised, ZERO), CASH),
        "up": fixed(collateral.unrealised(account, symbol), CASH),
        "mt": "isolated" if isolated else "cross",
        "iw": fixed(held.margin if held is not None and isolated else ZERO, CASH),
        "ps": "BOTH",
    }
