"""Bitget's unified account: budgets, codes and shapes, as documented for the v3 interface.

Errors come with HTTP 200 or with 400, with the same body. What is inferred and not documented stands on no list here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.core.orders import RejectReason
from bot.exchange.facts import LIST, Listing, Rule, Shape, rules
from bot.venues.bitget import codes
from bot.venues.bitget import facts as classic

TPSL: Final = "tpsl"
"""Stops and take-profits: the one type of strategy order that keeps a client order id."""
TRIGGER: Final = "trigger"
NO_SUCH_ORDER: Final = "25204"

PER_SECOND: Final[Mapping[str, int]] = {
    "/api/v2/public/time": 20,
    "/api/v3/market/instruments": 20,
    "/api/v3/market/tickers": 20,
    "/api/v3/market/orderbook": 20,
    "/api/v3/market/current-fund-rate": 20,
    "/api/v3/market/position-tier": 20,
    "/api/v3/account/info": 5,
    "/api/v3/account/settings": 20,
    "/api/v3/account/assets": 20,
    "/api/v3/account/fee-rate": 3,
    "/api/v3/account/financial-records": 20,
    "/api/v3/account/set-leverage": 10,
    "/api/v3/account/set-margin": 10,
    "/api/v3/position/current-position": 20,
    "/api/v3/trade/place-order": 10,
    "/api/v3/trade/modify-order": 10,
    "/api/v3/trade/cancel-order": 10,
    "/api/v3/trade/order-info": 20,
    "/api/v3/trade/unfilled-orders": 20,
    "/api/v3/trade/history-orders": 20,
    "/api/v3/trade/fills": 20,
    "/api/v3/trade/place-strategy-order": 10,
    "/api/v3/trade/cancel-strategy-order": 10,
    "/api/v3/trade/unfilled-strategy-orders": 20,
    "/api/v3/trade/history-strategy-orders": 20,
    "/api/v3/trade/strategy-sub-orders": 10,
}

_R = RejectReason
_REFUSED: Final = (
    (_R.INSUFFICIENT_MARGIN, "25202 25203 25219 25228 40762"),
    (_R.MAX_POSITION, "25213 25214 25215 25216 25229 25230 25233 25235"),
    (_R.BELOW_MIN_QUANTITY, "25207"),
    (_R.ABOVE_MAX_QUANTITY, "25208"),
    (_R.BELOW_MIN_NOTIONAL, "25611 45110"),
    (_R.BAD_LOT, "25610"),
    (_R.BAD_TICK, "25244 25606 25607"),
    (_R.PRICE_OUT_OF_BAND, "25205 25206 25579 25580 25581 25582 25654 25655"),
    (_R.WOULD_TRIGGER, "25585 25586 25587 25588 25589 25590 25591 25592 25650 25651 25652"),
    (_R.REDUCE_ONLY, "22002 25225 25226 25227 25231 25232 25242 25574 25601"),
    (_R.STOPS_EXCEED, "25594 25595 25599"),
    (_R.TOO_MANY_ORDERS, "25211 25567 40761"),
    (_R.UNKNOWN_SYMBOL, "25100 40034"),
    (_R.MARKET_CLOSED, "25101 25102 25103 25104 25105 25106 25108"),
    (_R.OTHER, "25002 25005 25006 25007 25008 25012 25107 25200 25209 25210 25222 25223"),
    (_R.OTHER, "25236 25237 25238 25240 25241 25243 25245"),
    (_R.OTHER, "25583 25584 25593 25596 25598 25600 25602 25603 25604 25605 25608 25609 25612 400172 40017 40020"),
    # requests that are refused before they reach the order system: time stamp, signature, key, account
    (_R.OTHER, "40001 40003 40005 40006 40008 40009 40011 40012 40014 40018 40037 40078 40099 40084"),
    (_R.OTHER, "25013 25620 22004"),
    # a cancellation that finds no such order
    (_R.OTHER, "25204 22001 25575 25577 25597"),
)
"""Source: the error codes of the unified account's documentation (order and strategy channels)."""


def _rejections() -> Iterator[Rule]:
    for status in (200, 400):
        for reason, named in _REFUSED:
            yield from rules(status, reason, named.split())
    yield from rules(429, _R.TOO_MANY_ORDERS, ("429",))


_RIGHTS: Final = "does not accept the key for this: give it unified account trade and management, read and write"


def shut(row: Mapping[str, object], now: datetime) -> str:
    """Return why nothing may be opened in a market: its status is not online, or its end is near.

    Documented (Get Instruments): ``status`` is listed, online, limit_open (positions can only be closed), limit_close,
    offline or restrictedAPI.
    """
    raw = row.get("info")
    info = raw if isinstance(raw, Mapping) else {}
    status = str(info.get("status"))
    return f"is not open for trading (status {status})" if status != "online" else classic.ending(info, now)


_ROWS: Final = Shape(keys=("list",))

FACTS: Final = replace(
    classic.FACTS,
    options={**classic.FACTS.options, "uta": True},
    charges=classic.charges_of(PER_SECOND),
    shut=shut,
    shapes={
        "/api/v2/public/time": Shape(keys=("serverTime",)),
        "/api/v3/market/instruments": LIST,
        "/api/v3/market/tickers": LIST,
        "/api/v3/market/orderbook": Shape(keys=("a", "b", "ts")),
        "/api/v3/market/current-fund-rate": LIST,
        "/api/v3/market/position-tier": LIST,
        "/api/v3/account/info": Shape(keys=("permType", "permissions")),
        "/api/v3/account/settings": Shape(keys=("accountMode", "holdMode", "symbolConfigList")),
        "/api/v3/account/assets": Shape(keys=("effEquity", "mmr", "imr", "assets")),
        "/api/v3/account/fee-rate": Shape(keys=("makerFeeRate", "takerFeeRate")),
        "/api/v3/account/financial-records": _ROWS,
        "/api/v3/position/current-position": _ROWS,
        "/api/v3/trade/order-info": Shape(
            keys=("orderId", "clientOid", "orderStatus", "qty", "cumExecQty", "side", "symbol"), may_be_null=True
        ),
        "/api/v3/trade/unfilled-orders": _ROWS,
        "/api/v3/trade/history-orders": _ROWS,
        "/api/v3/trade/fills": _ROWS,
        "/api/v3/trade/unfilled-strategy-orders": Shape(is_list=True, may_be_null=True),
        "/api/v3/trade/history-strategy-orders": _ROWS,
        "/api/v3/trade/strategy-sub-orders": _ROWS,
    },
    rejections=tuple(_rejections()),
    unknown_order=frozenset(
        (status, code) for status in (200, 400) for code in (NO_SUCH_ORDER, "22001", "25575", "25577", "25597")
    ),
    remedies={
        **codes.REMEDIES,
        "40084": 'says that the account is a classic one; set kind = "bitget", or take the key of a unified account',
        **dict.fromkeys(("22004", "25013", "25620"), _RIGHTS),
    },
    listings=(
        Listing({}),
        Listing({"type": TPSL}, reduce_only=True),
        Listing({"type": TRIGGER}),
    ),
)
