"""Bitget USDT-M (classic account): hosts, budgets, codes and shapes, as documented for the v2 mix REST interface."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.core.reconciliation.identity import Forced
from bot.exchange.facts import LIST, Charges, Listing, Shape, VenueFacts
from bot.exchange.fields import milliseconds_of
from bot.exchange.limiter import Charge, Window
from bot.exchange.order_ids import TextIds
from bot.venues.bitget import codes
from bot.venues.bitget.markets import row_by_row

TOTAL: Final = Window("bitget requests", 5400, 60.0, reserved=600)
"""Documented: 6000 a minute per address, over all endpoints."""

PER_SECOND: Final[Mapping[str, int]] = {
    "/api/v2/public/time": 20,
    "/api/v2/mix/market/contracts": 20,
    "/api/v2/mix/market/ticker": 20,
    "/api/v2/mix/market/merge-depth": 20,
    "/api/v2/mix/market/current-fund-rate": 20,
    "/api/v2/mix/market/query-position-lever": 10,
    "/api/v2/mix/market/candles": 20,
    "/api/v2/mix/market/history-candles": 20,
    "/api/v2/mix/market/history-mark-candles": 20,
    "/api/v2/mix/market/history-index-candles": 20,
    "/api/v2/mix/market/history-fund-rate": 20,
    "/api/v2/mix/position/all-position": 5,
    "/api/v2/mix/position/single-position": 10,
    "/api/v2/mix/account/accounts": 10,
    "/api/v2/mix/account/account": 10,
    "/api/v2/mix/account/bill": 10,
    "/api/v2/mix/account/set-leverage": 5,
    "/api/v2/mix/account/set-margin-mode": 5,
    "/api/v2/mix/account/set-margin": 5,
    "/api/v2/mix/order/place-order": 10,
    "/api/v2/mix/order/cancel-order": 10,
    "/api/v2/mix/order/place-plan-order": 10,
    "/api/v2/mix/order/cancel-plan-order": 10,
    "/api/v2/mix/order/detail": 10,
    "/api/v2/mix/order/orders-pending": 10,
    "/api/v2/mix/order/orders-plan-pending": 10,
    "/api/v2/mix/order/orders-plan-history": 10,
    "/api/v2/mix/order/plan-sub-order": 10,
    "/api/v2/mix/order/fills": 10,
    "/api/v2/common/trade-rate": 10,
    "/api/v2/spot/market/tickers": 20,
    "/api/v2/spot/account/info": 1,
}
_UNLISTED: Final = 1
"""The least that any endpoint allows in a second, for one that the table does not know."""


def _window(path: str, per_second: int) -> Window:
    return Window(f"bitget {path}", per_second, 1.0, reserved=2 if "/place-" in path else 0)


def charges_of(per_second: Mapping[str, int]) -> Charges:
    """Return what requests cost: one of their own endpoint's budget, and one of the address's."""
    windows = {path: _window(path, allowed) for path, allowed in per_second.items()}

    def charges(_method: str, path: str, _query: Mapping[str, str]) -> tuple[Charge, ...]:
        return (Charge(windows.get(path) or _window(path, _UNLISTED)), Charge(TOTAL))

    return charges


_NOTICE: Final = timedelta(days=1)
"""How long before a market stops taking new positions nothing is opened in it any more."""


def shut(row: Mapping[str, object], now: datetime) -> str:
    """Return why nothing may be opened in a market: its status is not normal, or its end is near.

    Documented (Get Contract Config): ``symbolStatus`` is listed, normal, maintain, limit_open (positions can only be
    closed), restrictedAPI or off; ``limitOpenTime`` and ``offTime`` are -1 where nothing is announced.
    """
    raw = row.get("info")
    info = raw if isinstance(raw, Mapping) else {}
    status = str(info.get("symbolStatus"))
    return f"is not open for trading (status {status})" if status != "normal" else ending(info, now)


def ending(info: Mapping[str, object], now: datetime) -> str:
    """Return whether the end of a market is announced for soon."""
    ends = [int(str(info.get(key))) for key in ("limitOpenTime", "offTime") if str(info.get(key)).isdecimal()]
    left = [timedelta(milliseconds=at - milliseconds_of(now)) for at in ends if at]
    return "is being delisted within a day" if any(one <= _NOTICE for one in left) else ""


FACTS: Final = VenueFacts(
    ccxt_id="bitget",
    settle="USDT",
    hosts=frozenset({"api.bitget.com"}),
    demo_hosts=frozenset({"api.bitget.com"}),
    has_demo=True,
    demo_header=("PAPTRADING", "1"),
    options={
        "defaultType": "swap",
        "uta": False,
        "fetchCurrencies": False,
        "fetchMarkets": {"types": ["swap"]},
        "createOrder": {"timeInForce": None},
    },
    charges=charges_of(PER_SECOND),
    counted={},
    shut=shut,
    silence=5.0,
    ok_codes=frozenset({"00000"}),
    payload="data",
    shapes={
        "/api/v2/public/time": Shape(keys=("serverTime",)),
        "/api/v2/mix/market/contracts": LIST,
        "/api/v2/mix/market/ticker": LIST,
        "/api/v2/mix/market/merge-depth": Shape(keys=("bids", "asks", "ts")),
        "/api/v2/mix/market/current-fund-rate": LIST,
        "/api/v2/mix/market/query-position-lever": LIST,
        "/api/v2/mix/position/all-position": LIST,
        "/api/v2/mix/position/single-position": LIST,
        "/api/v2/mix/account/accounts": LIST,
        "/api/v2/mix/account/account": Shape(keys=("marginCoin", "posMode", "marginMode")),
        "/api/v2/mix/account/bill": Shape(keys=("bills",)),
        "/api/v2/mix/order/detail": Shape(
            keys=("orderId", "clientOid", "state", "size", "baseVolume", "side", "symbol")
        ),
        "/api/v2/mix/order/orders-pending": Shape(keys=("entrustedList",)),
        "/api/v2/mix/order/orders-plan-pending": Shape(keys=("entrustedList",)),
        "/api/v2/mix/order/orders-plan-history": Shape(keys=("entrustedList",)),
        "/api/v2/mix/order/plan-sub-order": LIST,
        "/api/v2/mix/order/fills": Shape(keys=("fillList",)),
    },
    rejections=codes.REJECTIONS,
    unknown_order=frozenset(
        (status, code) for status in (200, 400) for code in ("22001", "40109", "40768", "43001", "43025")
    ),
    clock_codes=frozenset({"40005", "40008", "40078"}),
    remedies=codes.REMEDIES,
    listings=(
        Listing({}),
        Listing({"trigger": True}),
        Listing({"trigger": True, "planType": "profit_loss"}, reduce_only=True),
        Listing({"trigger": True, "planType": "track_plan"}),
    ),
    history_days=89,  # three months, of which February's are the shortest
    stream_hosts=frozenset({"ws.bitget.com"}),
    demo_stream_hosts=frozenset({"wspap.bitget.com"}),
    funding_by_page=True,
    key_header="ACCESS-KEY",
    api_class=row_by_row,
    # how its own orders are named is not documented: these are the words of our server
    ids=TextIds(longest=32, forced_by={"adl_autoclose": Forced.DELEVERAGING, "autoclose-": Forced.LIQUIDATION}),
)
