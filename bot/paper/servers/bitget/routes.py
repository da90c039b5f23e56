"""Bitget's endpoints by method and path, and its words for the frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.core.market import PriceKind
from bot.paper.servers.bitget import account, candles, history, market, plans, streams, trading
from bot.paper.servers.bitget.call import Private, Public
from bot.paper.servers.bitget.envelope import Envelope
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Errand, Incoming, Venue

HOSTS: Final = ("api.bitget.com", "ws.bitget.com", "wspap.bitget.com")
"""The hosts that ccxt's bitget calls, live and in demo trading, its streams included."""
_MIX: Final = "/api/v2/mix"

PUBLIC: Final[dict[tuple[str, str], Callable[[Public], object]]] = {
    ("GET", "/api/v2/public/time"): market.server_time,
    ("GET", "/api/v2/spot/public/coins"): market.coins,
    ("GET", "/api/v2/spot/public/symbols"): market.nothing,
    ("GET", "/api/v2/spot/market/tickers"): market.spot_tickers,
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
    ("POST", f"{_MIX}/order/place-order"): Errand.PLACE,
    ("POST", f"{_MIX}/order/place-plan-order"): Errand.PLACE,
    ("POST", f"{_MIX}/order/place-tpsl-order"): Errand.PLACE,
    ("POST", f"{_MIX}/order/cancel-order"): Errand.CANCEL,
    ("POST", f"{_MIX}/order/cancel-plan-order"): Errand.CANCEL,
    ("POST", f"{_MIX}/order/batch-cancel-orders"): Errand.CANCEL,
}


class Bitget(Envelope):
    """The wire format of a classic account."""

    calls = (Public, Private)
    public = PUBLIC
    private = PRIVATE
    errands = _ERRANDS

    def stream(self, venue: Venue, incoming: Incoming) -> Channel:
        """Open the stream that a WebSocket handshake asks for."""
        return streams.channel(venue, incoming)
