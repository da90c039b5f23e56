"""Binance's request limits: weight a minute per address, orders per ten seconds and per minute per account.

What was used stands in the headers of every answer. Source of the weights: developers.binance.com, USDⓈ-M futures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import EPOCH, Params, VenueError

_WEIGHTS: Final = {
    "/fapi/v1/premiumIndex": 1,
    "/fapi/v1/depth": 2,
    "/fapi/v1/ticker/bookTicker": 2,
    "/fapi/v1/ticker/24hr": 1,
    "/fapi/v1/allOrders": 5,
    "/fapi/v1/allAlgoOrders": 5,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/income": 30,
    "/fapi/v1/symbolConfig": 5,
    "/fapi/v1/accountConfig": 5,
    "/fapi/v1/commissionRate": 20,
    "/fapi/v1/feeBurn": 30,
    "/fapi/v1/positionSide/dual": 30,
    "/fapi/v1/multiAssetsMargin": 30,
    "/fapi/v2/balance": 5,
    "/fapi/v3/balance": 5,
    "/fapi/v2/account": 5,
    "/fapi/v3/account": 5,
    "/fapi/v1/positionRisk": 5,
    "/fapi/v2/positionRisk": 5,
    "/fapi/v3/positionRisk": 5,
}
_DEAR_WITHOUT_SYMBOL: Final = {
    "/fapi/v1/openOrders": 40,
    "/fapi/v1/openAlgoOrders": 40,
    "/fapi/v1/ticker/24hr": 40,
    "/fapi/v1/ticker/bookTicker": 5,
    "/fapi/v1/premiumIndex": 10,
}
_ORDERS: Final = {("POST", "/fapi/v1/order"), ("PUT", "/fapi/v1/order"), ("POST", "/fapi/v1/algoOrder")}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is allowed."""

    weight_minute: int = 2400
    orders_10s: int = 300
    orders_minute: int = 1200


@dataclass(slots=True)
class Meter:
    """Counts requests in windows of the clock; refuses what is above ``limits``, where there are any."""

    limits: Limits | None = None
    _used: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, incoming: Incoming, params: Params) -> Mapping[str, str]:
        """Count a request and give the headers that tell what was used.

        Raises:
            VenueError: it is one too many; nothing is done.
        """
        if not incoming.path.startswith("/fapi/"):
            return {}
        minute, ten = timedelta(minutes=1), timedelta(seconds=10)
        weight = self._add("weight", incoming, minute, _weight(incoming, params))
        headers = {"X-MBX-USED-WEIGHT-1M": str(weight)}
        if (incoming.method, incoming.path) in _ORDERS:
            by_ten, by_minute = self._add("10s", incoming, ten, 1), self._add("1m", incoming, minute, 1)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(by_ten), "X-MBX-ORDER-COUNT-1M": str(by_minute)}
            if self.limits and (by_ten > self.limits.orders_10s or by_minute > self.limits.orders_minute):
                raise VenueError(
                    429, "-1015", f"Too many new orders; current limit is {self.limits.orders_10s} orders."
                )
        if self.limits and weight > self.limits.weight_minute:
            message = f"Too many requests; current limit of IP is {self.limits.weight_minute} requests per minute."
            raise VenueError(429, "-1003", message)
        return headers

    def _add(self, name: str, incoming: Incoming, window: timedelta, amount: int) -> int:
        now = (incoming.at - EPOCH) // window
        since, used = self._used.get(name, (now, 0))
        used = amount if since != now else used + amount
        self._used[name] = (now, used)
        return used


def _weight(incoming: Incoming, params: Params) -> int:
    if params.maybe("symbol") is None and incoming.path in _DEAR_WITHOUT_SYMBOL:
        return _DEAR_WITHOUT_SYMBOL[incoming.path]
    return _WEIGHTS.get(incoming.path, 1)
