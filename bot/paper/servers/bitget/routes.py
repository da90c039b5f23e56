"""Bitget's endpoints by method and path, and how a request becomes an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.core.market import PriceKind
from bot.paper.servers.bitget import account, auth, candles, errors, history, market, plans, streams, trading
from bot.paper.servers.bitget.call import Private, Public
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Answer, Errand, Incoming, Venue
from bot.paper.servers.wire import VenueError, millis

HOSTS: Final = ("api.bitget.com", "ws.bitget.com", "wspap.bitget.com")
"""The hosts that ccxt's bitget calls, live and in demo trading, its streams included."""
_MIX: Final = "/api/v2/mix"

PUBLIC: Final[dict[tuple[str, str], Callable[[Public], object]]] = {
    ("GET", "/api/v2/public/time"): market.server_time,
    ("GET", "/api/v2/spot/public/coins"): market.coins,
    ("GET", "/api/v2/spot/public/symbols"): market.nothing,
    ("GET", "/api/v2/margin/currencies"): market.nothing,
    ("GET", f"{_MIX}/market/contracts"): market.contracts,
    ("GET", f"{_MIX}/market/ticker"): market.ticker,
    ("GET", f"{_MIX}/market/tickers"): market.tickers,
    ("GET", f"{_MIX}/market/symbol-price"): market.symbol_price,
    ("GET", f"{_MIX}/market/merge-depth"): market.merge_depth,
    ("GET", f"{_MIX}/market/candles"): candles.candles(candles.RECENT),
    ("GET", f"{_MIX}/market/history-candles"): candles.candles(candles.OLD, PriceKind.LAST),
    ("GET", f"{_MIX}/market/history-mark-candles"): candles.candles(candles.OLD, PriceKind.MARK),
    ("GET", f"{_MIX}/market/history-index-candles"): candles.candles(candles.OLD, PriceKind.INDEX),
    ("GET", f"{_MIX}/market/current-fund-rate"): market.current_fund_rate,
    ("GET", f"{_MIX}/market/funding-time"): market.funding_time,
    ("GET", f"{_MIX}/market/history-fund-rate"): market.history_fund_rate,
    ("GET", f"{_MIX}/market/query-position-lever"): market.position_tiers,
}

PRIVATE: Final[dict[tuple[str, str], Callable[[Private], object]]] = {
    ("GET", "/api/v3/account/settings"): history.unified_settings,
    ("GET", "/api/v2/spot/account/info"): history.key_info,
    ("GET", "/api/v2/common/trade-rate"): history.trade_rate,
    ("GET", f"{_MIX}/account/accounts"): account.accounts,
    ("GET", f"{_MIX}/account/account"): account.account,
    ("GET", f"{_MIX}/account/bill"): history.bills,
    ("POST", f"{_MIX}/account/set-leverage"): account.set_leverage,
    ("POST", f"{_MIX}/account/set-margin-mode"): account.set_margin_mode,
    ("POST", f"{_MIX}/account/set-position-mode"): account.set_position_mode,
    ("POST", f"{_MIX}/account/set-margin"): account.set_margin,
    ("GET", f"{_MIX}/position/all-position"): account.all_position,
    ("GET", f"{_MIX}/position/single-position"): account.single_position,
    ("POST", f"{_MIX}/order/place-order"): trading.place_order,
    ("POST", f"{_MIX}/order/cancel-order"): trading.cancel_order,
    ("POST", f"{_MIX}/order/batch-cancel-orders"): trading.batch_cancel_orders,
    ("GET", f"{_MIX}/order/detail"): trading.order_detail,
    ("GET", f"{_MIX}/order/orders-pending"): trading.orders_pending,
    ("GET", f"{_MIX}/order/orders-history"): trading.orders_history,
    ("GET", f"{_MIX}/order/fills"): history.fills,
    ("GET", f"{_MIX}/order/fill-history"): history.fills,
    ("POST", f"{_MIX}/order/place-plan-order"): plans.place_plan_order,
    ("POST", f"{_MIX}/order/place-tpsl-order"): plans.place_tpsl_order,
    ("POST", f"{_MIX}/order/cancel-plan-order"): plans.cancel_plan_order,
    ("GET", f"{_MIX}/order/orders-plan-pending"): plans.plans_pending,
    ("GET", f"{_MIX}/order/orders-plan-history"): plans.plans_history,
    ("GET", f"{_MIX}/order/plan-sub-order"): plans.plan_sub_order,
}


_ERRANDS: Final = {
    f"{_MIX}/order/place-order": Errand.PLACE,
    f"{_MIX}/order/place-plan-order": Errand.PLACE,
    f"{_MIX}/order/place-tpsl-order": Errand.PLACE,
    f"{_MIX}/order/cancel-order": Errand.CANCEL,
    f"{_MIX}/order/cancel-plan-order": Errand.CANCEL,
    f"{_MIX}/order/batch-cancel-orders": Errand.CANCEL,
}


@dataclass(frozen=True, slots=True)
class Bitget:
    """Bitget's wire format; ``demo`` says whether signed requests must carry the demo header, or must not."""

    demo: bool | None = None

    def errand(self, incoming: Incoming) -> Errand:
        """Tell what a request is about."""
        return _ERRANDS.get(incoming.path, Errand.OTHER)

    def answer(self, venue: Venue, incoming: Incoming) -> Answer:
        """Do what a request asks, and tell how it went."""
        now = venue.clock.now()
        try:
            data = self._data(venue, incoming)
        except VenueError as error:
            return errors.render(error, now)
        body = {"code": "00000", "msg": "success", "requestTime": millis(now), "data": data}
        return Answer(200, json.dumps(body, separators=(",", ":")).encode(), errors.HEADERS)

    def channel(self, venue: Venue, incoming: Incoming) -> Channel | Answer:
        """Open the stream that a WebSocket handshake asks for, or refuse."""
        try:
            return streams.channel(venue, incoming)
        except VenueError as error:
            return errors.render(error, venue.clock.now())

    def away(self, why: str) -> Answer:
        """Say that the venue can't serve now and has done nothing."""
        body = {"code": "40200", "msg": f"Server upgrade, please try again later: {why}", "data": None}
        return Answer(503, json.dumps(body, separators=(",", ":")).encode(), errors.HEADERS)

    def _data(self, venue: Venue, incoming: Incoming) -> object:
        route = (incoming.method, incoming.path)
        now = venue.clock.now()
        public = PUBLIC.get(route)
        if public is not None:
            return public(Public(venue, auth.parameters(incoming), now))
        private = PRIVATE.get(route)
        if private is None:
            raise errors.no_such_path()
        desk = auth.signed(venue.desks, incoming)
        if self.demo is not None and (incoming.headers.get("paptrading") == "1") is not self.demo:
            raise errors.wrong_environment()
        return private(Private(venue, auth.parameters(incoming), now, desk))
