"""What a client does at each venue, by name: which requests those are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from bot.paper.servers.venue import Incoming

Matcher = Callable[[Incoming], bool]


def route(method: str, path: str) -> Matcher:
    """Match one endpoint; of a path with ``#`` the rest is the type that the body names."""
    path, _, kind = path.partition("#")
    if not kind:
        return lambda incoming: (incoming.method, incoming.path) == (method, path)
    return lambda incoming: (incoming.method, incoming.path) == (method, path) and _type(incoming) == kind


def _type(incoming: Incoming) -> str:
    """Return what a body asks for: a question's type, or an action's, orders told apart by whether they wait."""
    body = json.loads(incoming.body)
    action = body.get("action")
    if not isinstance(action, dict):
        return str(body.get("type"))
    waits = action["type"] == "order" and "trigger" in action["orders"][0]["t"]
    return f"{action['type']} that waits" if waits else str(action["type"])


CALLS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "binance": {
        "place": ("POST", "/fapi/v1/order"),
        "place_stop": ("POST", "/fapi/v1/algoOrder"),
        "amend": ("PUT", "/fapi/v1/order"),
        "cancel": ("DELETE", "/fapi/v1/order"),
        "cancel_stop": ("DELETE", "/fapi/v1/algoOrder"),
        "order": ("GET", "/fapi/v1/order"),
        "stop": ("GET", "/fapi/v1/algoOrder"),
        "open_orders": ("GET", "/fapi/v1/openOrders"),
        "open_stops": ("GET", "/fapi/v1/openAlgoOrders"),
        "positions": ("GET", "/fapi/v3/positionRisk"),
        "account": ("GET", "/fapi/v3/account"),
        "fills": ("GET", "/fapi/v1/userTrades"),
        "ledger": ("GET", "/fapi/v1/income"),
        "funding": ("GET", "/fapi/v1/premiumIndex"),
        "book": ("GET", "/fapi/v1/depth"),
        "markets": ("GET", "/fapi/v1/exchangeInfo"),
        "tiers": ("GET", "/fapi/v1/leverageBracket"),
        "time": ("GET", "/fapi/v1/time"),
        "leverage": ("POST", "/fapi/v1/leverage"),
        "margin_mode": ("POST", "/fapi/v1/marginType"),
        "margin": ("POST", "/fapi/v1/positionMargin"),
    },
    "bitget": {
        "place": ("POST", "/api/v2/mix/order/place-order"),
        "place_stop": ("POST", "/api/v2/mix/order/place-plan-order"),
        "cancel": ("POST", "/api/v2/mix/order/cancel-order"),
        "cancel_stop": ("POST", "/api/v2/mix/order/cancel-plan-order"),
        "order": ("GET", "/api/v2/mix/order/detail"),
        "stop": ("GET", "/api/v2/mix/order/orders-plan-history"),
        "open_orders": ("GET", "/api/v2/mix/order/orders-pending"),
        "open_stops": ("GET", "/api/v2/mix/order/orders-plan-pending"),
        "positions": ("GET", "/api/v2/mix/position/all-position"),
        "account": ("GET", "/api/v2/mix/account/accounts"),
        "fills": ("GET", "/api/v2/mix/order/fills"),
        "ledger": ("GET", "/api/v2/mix/account/bill"),
        "funding": ("GET", "/api/v2/mix/market/current-fund-rate"),
        "book": ("GET", "/api/v2/mix/market/merge-depth"),
        "markets": ("GET", "/api/v2/mix/market/contracts"),
        "tiers": ("GET", "/api/v2/mix/market/query-position-lever"),
        "time": ("GET", "/api/v2/public/time"),
        "leverage": ("POST", "/api/v2/mix/account/set-leverage"),
        "margin_mode": ("POST", "/api/v2/mix/account/set-margin-mode"),
        "margin": ("POST", "/api/v2/mix/account/set-margin"),
    },
    "hyperliquid": {
        "place": ("POST", "/exchange#order"),
        "place_stop": ("POST", "/exchange#order that waits"),
        "cancel": ("POST", "/exchange#cancelByCloid"),
        "order": ("POST", "/info#orderStatus"),
        "open_orders": ("POST", "/info#frontendOpenOrders"),
        "account": ("POST", "/info#clearinghouseState"),
        "fills": ("POST", "/info#userFillsByTime"),
        "ledger": ("POST", "/info#userNonFundingLedgerUpdates"),
        "funding": ("POST", "/info#metaAndAssetCtxs"),
        "book": ("POST", "/info#l2Book"),
        "time": ("POST", "/info#exchangeStatus"),
        "leverage": ("POST", "/exchange#updateLeverage"),
        "margin": ("POST", "/exchange#updateIsolatedMargin"),
    },
    "bitget-uta": {
        "place": ("POST", "/api/v3/trade/place-order"),
        "place_stop": ("POST", "/api/v3/trade/place-strategy-order"),
        "amend": ("POST", "/api/v3/trade/modify-order"),
        "cancel": ("POST", "/api/v3/trade/cancel-order"),
        "cancel_stop": ("POST", "/api/v3/trade/cancel-strategy-order"),
        "order": ("GET", "/api/v3/trade/order-info"),
        "stop": ("GET", "/api/v3/trade/history-strategy-orders"),
        "open_orders": ("GET", "/api/v3/trade/unfilled-orders"),
        "open_stops": ("GET", "/api/v3/trade/unfilled-strategy-orders"),
        "positions": ("GET", "/api/v3/position/current-position"),
        "account": ("GET", "/api/v3/account/assets"),
        "fills": ("GET", "/api/v3/trade/fills"),
        "ledger": ("GET", "/api/v3/account/financial-records"),
        "funding": ("GET", "/api/v3/market/current-fund-rate"),
        "book": ("GET", "/api/v3/market/orderbook"),
        "markets": ("GET", "/api/v3/market/instruments"),
        "tiers": ("GET", "/api/v3/market/position-tier"),
        "time": ("GET", "/api/v2/public/time"),
        "leverage": ("POST", "/api/v3/account/set-leverage"),
        "margin_mode": ("POST", "/api/v3/account/set-leverage"),
        "margin": ("POST", "/api/v3/account/set-margin"),
    },
}
"""What a client does, by the same names at every venue that knows it: method and path."""
ACKNOWLEDGES: Final = frozenset({"bitget-uta"})
"""Where the answer to an amendment says nothing of the order."""
WRITES: Final = ("place", "place_stop", "amend", "cancel", "cancel_stop", "leverage", "margin_mode", "margin")
