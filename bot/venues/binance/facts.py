"""Binance USDⓈ-M: hosts, budgets, codes and shapes, as documented for the futures REST interface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.core.reconciliation.identity import Forced
from bot.exchange.facts import LIST, Shape, VenueFacts
from bot.exchange.fields import milliseconds_of
from bot.exchange.limiter import Charge, Window
from bot.exchange.order_ids import TextIds
from bot.venues.binance import codes

WEIGHT: Final = Window("binance request weight", 2200, 60.0, reserved=300)
"""Documented: 2400 a minute per address."""
ORDERS_10S: Final = Window("binance orders in 10 s", 280, 10.0, reserved=60)
"""Documented: 300 in 10 s per account."""
ORDERS_1M: Final = Window("binance orders in 1 min", 1120, 60.0, reserved=200)
"""Documented: 1200 a minute per account."""
WALLET: Final = Window("binance wallet requests", 1000, 60.0)
"""The spot system's own budget, which the key's permissions are read from (documented: 12000 a minute)."""

_FAPI: Final = "/fapi/v1/"
WEIGHTS: Final[Mapping[str, int]] = {
    "/fapi/v1/time": 1,
    "/fapi/v1/exchangeInfo": 1,
    "/fapi/v1/depth": 2,
    "/fapi/v1/premiumIndex": 1,
    "/fapi/v1/fundingInfo": 1,
    "/fapi/v1/klines": 2,
    "/fapi/v1/markPriceKlines": 2,
    "/fapi/v1/indexPriceKlines": 2,
    "/fapi/v1/fundingRate": 5,
    "/fapi/v1/order": 1,
    "/fapi/v1/algoOrder": 1,
    "/fapi/v1/openOrders": 1,
    "/fapi/v1/openAlgoOrders": 1,
    "/fapi/v1/allAlgoOrders": 5,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/income": 30,
    "/fapi/v1/leverage": 1,
    "/fapi/v1/marginType": 1,
    "/fapi/v1/positionMargin": 1,
    "/fapi/v1/leverageBracket": 1,
    "/fapi/v1/symbolConfig": 5,
    "/fapi/v1/accountConfig": 5,
    "/fapi/v1/commissionRate": 20,
    "/fapi/v3/positionRisk": 5,
    "/fapi/v3/account": 5,
}
_UNLISTED: Final = 40
"""The largest weight in the documentation, for a request that the table above does not know."""
_ORDER_PATHS: Final = frozenset({_FAPI + "order", _FAPI + "algoOrder"})


def charges(method: str, path: str, query: Mapping[str, str]) -> tuple[Charge, ...]:
    """Return what a request costs; listing orders without a symbol is expensive."""
    if path.startswith("/sapi/"):
        return (Charge(WALLET, 1),)
    weight = WEIGHTS.get(path, _UNLISTED)
    if path in (_FAPI + "openOrders", _FAPI + "openAlgoOrders") and "symbol" not in query:
        weight = _UNLISTED
    if method in {"POST", "PUT"} and path in _ORDER_PATHS:
        return (Charge(WEIGHT, weight), Charge(ORDERS_10S), Charge(ORDERS_1M))
    return (Charge(WEIGHT, weight),)


_NOTICE: Final = timedelta(days=1)
"""How long before a market's last hour nothing is opened in it any more."""


def shut(row: Mapping[str, object], now: datetime) -> str:
    """Return why nothing may be opened in a market: its status is none of trading, or its delivery is near.

    The statuses are documented (Exchange Information): all but TRADING take no order that opens. A perpetual that is
    being delisted gets the time of its settlement as ``deliveryDate``, which lies in the year 2100 otherwise.
    """
    raw = row.get("info")
    info = raw if isinstance(raw, Mapping) else {}
    status = str(info.get("status") or info.get("contractStatus"))
    if status != "TRADING":
        return f"is not open for trading (status {status})"
    ends = info.get("deliveryDate")
    at = int(ends) if isinstance(ends, int | str) and str(ends).isdecimal() else 0
    left = timedelta(milliseconds=at - milliseconds_of(now))
    return "is being delisted within a day" if at and left <= _NOTICE else ""


FACTS: Final = VenueFacts(
    ccxt_id="binanceusdm",
    settle="USDT",
    hosts=frozenset({"fapi.binance.com", "api.binance.com"}),
    demo_hosts=frozenset({"demo-fapi.binance.com"}),
    has_demo=True,
    demo_header=None,
    options={"defaultType": "swap", "fetchCurrencies": False},
    charges=charges,
    counted={
        "X-MBX-USED-WEIGHT-1M": WEIGHT,
        "X-MBX-ORDER-COUNT-10S": ORDERS_10S,
        "X-MBX-ORDER-COUNT-1M": ORDERS_1M,
    },
    shut=shut,
    silence=60.0,
    ok_codes=frozenset({"", "200"}),
    payload=None,
    shapes={
        "/fapi/v1/time": Shape(keys=("serverTime",)),
        "/fapi/v1/exchangeInfo": Shape(keys=("symbols",)),
        "/fapi/v1/premiumIndex": Shape(
            keys=("symbol", "markPrice", "indexPrice", "lastFundingRate", "nextFundingTime")
        ),
        "/fapi/v1/depth": Shape(keys=("bids", "asks", "T")),
        "/fapi/v1/fundingInfo": LIST,
        "/fapi/v1/openOrders": LIST,
        "/fapi/v1/openAlgoOrders": LIST,
        "/fapi/v1/allAlgoOrders": LIST,
        "/fapi/v1/userTrades": LIST,
        "/fapi/v1/income": LIST,
        "/fapi/v1/order": Shape(
            keys=("orderId", "clientOrderId", "status", "origQty", "executedQty", "side", "symbol")
        ),
        "/fapi/v1/leverageBracket": LIST,
        "/fapi/v1/symbolConfig": LIST,
        "/fapi/v1/accountConfig": Shape(keys=("dualSidePosition", "multiAssetsMargin", "canTrade")),
        "/fapi/v3/positionRisk": LIST,
        "/fapi/v3/account": Shape(keys=("assets", "positions", "totalWalletBalance")),
    },
    rejections=codes.REJECTIONS,
    unknown_order=frozenset({(400, "-2013"), (400, "-2011")}),
    clock_codes=frozenset({"-1021", "-5028"}),
    remedies=codes.REMEDIES,
    ids=TextIds(
        longest=36,
        forced_by={
            "adl_autoclose": Forced.DELEVERAGING,
            "autoclose-": Forced.LIQUIDATION,
            "settlement_autoclose-": Forced.SETTLEMENT,
        },
    ),
    mark_from=("fetch_funding_rate",),
    history_days=90,
    trades_page=1000,
    stream_hosts=frozenset({"fstream.binance.com"}),
    demo_stream_hosts=frozenset({"fstream.binancefuture.com"}),
)
