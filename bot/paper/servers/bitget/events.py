"""The rows of Bitget's streams. Pure: engine values in, JSON values out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.core.market import PerpMarket
from bot.core.types import ZERO
from bot.paper.engine.account import Order
from bot.paper.servers.bitget import render
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.desk import Desk
from bot.paper.servers.records import USDT, TradeRecord
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import millis, plain

_TICKER = (
    *("lastPr", "bidPr", "askPr", "bidSz", "askSz", "open24h", "high24h", "low24h", "change24h", "fundingRate"),
    *("markPrice", "indexPrice", "holdingAmount", "baseVolume", "quoteVolume", "openUtc", "symbol"),
)
_ORDER = (
    *("cTime", "clientOid", "force", "leverage", "marginCoin", "marginMode", "orderId", "orderType", "posMode"),
    *("posSide", "price", "priceAvg", "side", "size", "enterPointSource", "status", "tradeSide"),
    *("totalProfits", "uTime"),
)
_POSITION = (
    *("marginCoin", "marginSize", "marginMode", "holdSide", "posMode", "total", "available", "openPriceAvg"),
    *("achievedProfits", "unrealizedPL", "liquidationPrice", "keepMarginRate", "cTime", "breakEvenPrice"),
    *("totalFee", "deductedFee", "markPrice", "uTime", "assetMode", "autoMargin"),
)
_PLAN = (
    *("orderId", "clientOid", "triggerPrice", "triggerType", "price", "size", "orderType", "side", "tradeSide"),
    *("posSide", "marginCoin", "posMode", "enterPointSource", "cTime", "uTime"),
)
_KIND = {"normal_plan": "pl", "pos_loss": "psl", "loss_plan": "sl"}
"""The stream's own words for the plan types, as far as the venue has them."""


def ticker(shown: Mapping[str, object], next_at: int, now: int) -> Json:
    """Return a market's prices; ``shown`` is what the request for them gets."""
    more = {"nextFundingTime": str(next_at), "symbolType": "1", "deliveryPrice": "0", "ts": str(now)}
    return {"instId": shown["symbol"], **{name: shown[name] for name in _TICKER}, **more}


def order(market: PerpMarket, desk: Desk, one: Order, filled: Decimal) -> Json:
    """Return an order of the normal book; its words are not all those of the requests."""
    account = desk.engine.account
    profits = sum((trade.fill.realised for trade in desk.records.trades if trade.order == one.number), ZERO)
    shown = render.order(market, one, account.modes[one.symbol], account.leverage[one.symbol], profits, "status")
    trade = _last_trade(desk, one) if filled else None
    fee, fee_coin = (plain(-trade.fee), trade.fee_asset) if trade is not None else ("0", USDT)
    price = plain(trade.fill.price) if trade is not None else "0"
    return {
        **{name: shown[name] for name in _ORDER},
        "instId": id_of(one.symbol),
        "accBaseVolume": shown["baseVolume"],
        "baseVolume": plain(abs(filled)),
        "feeDetail": [{"feeCoin": fee_coin, "fee": fee}],
        "fillFee": fee,
        "fillFeeCoin": fee_coin,
        "fillNotionalUsd": plain(abs(filled) * (trade.fill.price if trade is not None else ZERO)),
        "fillPrice": price,
        "fillTime": str(millis(one.updated_at)),
        "notionalUsd": plain(abs(one.quantity) * (one.price or ZERO)),
        "pnl": plain(trade.fill.realised if trade is not None else ZERO),
        "price": shown["price"] or "0",
        "priceAvg": shown["priceAvg"] or "0",
        "reduceOnly": str(shown["reduceOnly"]).lower(),
        "tradeScope": "M" if trade is not None and trade.fill.is_maker else "T",
        "tradeId": str(trade.number) if trade is not None else "0",
        "presetStopSurplusPrice": "0",
        "presetStopLossPrice": "0",
    }


def _last_trade(desk: Desk, one: Order) -> TradeRecord | None:
    return next((trade for trade in reversed(desk.records.trades) if trade.order == one.number), None)


def plan(market: PerpMarket, desk: Desk, one: Order) -> Json:
    """Return an order of the conditional book."""
    shown = render.plan(market, one, desk.wish(one), desk.engine.account.modes[one.symbol])
    return {
        "instId": id_of(one.symbol),
        **{name: shown[name] for name in _PLAN},
        "triggerTime": str(millis(one.updated_at)),
        "planType": _KIND.get(str(shown["planType"]), "pl"),
        "actualSize": plain(abs(one.filled)),
        "status": shown["planStatus"],
        "stopSurplusTriggerType": "fill_price",
        "stopLossTriggerType": "fill_price",
    }


def position(shown: Mapping[str, object], size: Decimal) -> Json:
    """Return a position; ``shown`` is what the request for it gets."""
    return {
        "posId": "1",
        "instId": shown["symbol"],
        **{name: shown[name] for name in _POSITION},
        "totalFee": shown["totalFee"] or "0",
        "frozen": "0",
        "leverage": int(Decimal(str(shown["leverage"]))),
        "unrealizedPLR": plain(round(_ratio(shown, size), 8)),
        "marginRate": shown["marginRatio"],
    }


def _ratio(shown: Mapping[str, object], size: Decimal) -> Decimal:
    cost = abs(size) * Decimal(str(shown["openPriceAvg"]))
    return Decimal(str(shown["unrealizedPL"])) / cost if cost else ZERO
