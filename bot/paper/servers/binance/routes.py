"""Binance's endpoints by method and path, and its words for the frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from bot.core.market import PriceKind
from bot.paper.servers.binance import account, auth, errors, history, klines, market, setup, streams, trading
from bot.paper.servers.binance.call import Private, Public
from bot.paper.servers.binance.limits import Limits, Meter
from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import Frame, Headers, packed
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Answer, Errand, Incoming, Venue
from bot.paper.servers.wire import Params, VenueError

HOSTS: Final = (
    "fapi.binance.com",
    "api.binance.com",
    "fstream.binance.com",
    "demo-fapi.binance.com",
    "demo-api.binance.com",
    "fstream.binancefuture.com",
)
"""The hosts that ccxt's binanceusdm calls, live and in demo trading, its streams included."""

PUBLIC: Final[dict[tuple[str, str], Callable[[Public], object]]] = {
    ("GET", "/fapi/v1/ping"): market.ping,
    ("GET", "/fapi/v1/time"): market.server_time,
    ("GET", "/fapi/v1/exchangeInfo"): market.exchange_info,
    ("GET", "/fapi/v1/premiumIndex"): market.premium_index,
    ("GET", "/fapi/v1/fundingRate"): market.funding_rate,
    ("GET", "/fapi/v1/fundingInfo"): market.funding_info,
    ("GET", "/fapi/v1/depth"): market.depth,
    ("GET", "/fapi/v1/klines"): klines.candles(PriceKind.LAST),
    ("GET", "/fapi/v1/markPriceKlines"): klines.candles(PriceKind.MARK),
    ("GET", "/fapi/v1/indexPriceKlines"): klines.candles(PriceKind.INDEX),
    ("GET", "/fapi/v1/ticker/bookTicker"): market.book_ticker,
    ("GET", "/fapi/v1/ticker/price"): market.price_ticker,
    ("GET", "/fapi/v2/ticker/price"): market.price_ticker,
    ("GET", "/fapi/v1/ticker/24hr"): market.day_ticker,
}

PRIVATE: Final[dict[tuple[str, str], Callable[[Private], object]]] = {
    ("POST", "/fapi/v1/order"): trading.new_order,
    ("GET", "/fapi/v1/order"): trading.query_order,
    ("PUT", "/fapi/v1/order"): trading.modify_order,
    ("DELETE", "/fapi/v1/order"): trading.cancel_order,
    ("GET", "/fapi/v1/openOrder"): trading.open_order,
    ("GET", "/fapi/v1/openOrders"): trading.open_orders,
    ("GET", "/fapi/v1/allOrders"): trading.all_orders,
    ("DELETE", "/fapi/v1/allOpenOrders"): trading.cancel_open_orders,
    ("POST", "/fapi/v1/algoOrder"): trading.new_algo_order,
    ("GET", "/fapi/v1/algoOrder"): trading.query_algo_order,
    ("DELETE", "/fapi/v1/algoOrder"): trading.cancel_algo_order,
    ("GET", "/fapi/v1/openAlgoOrders"): trading.open_algo_orders,
    ("GET", "/fapi/v1/allAlgoOrders"): trading.all_algo_orders,
    ("DELETE", "/fapi/v1/algoOpenOrders"): trading.cancel_open_algo_orders,
    ("GET", "/fapi/v2/balance"): account.balance,
    ("GET", "/fapi/v3/balance"): account.balance,
    ("GET", "/fapi/v2/account"): account.account_v2,
    ("GET", "/fapi/v3/account"): account.account_v3,
    ("GET", "/fapi/v1/positionRisk"): account.position_risk_v2,
    ("GET", "/fapi/v2/positionRisk"): account.position_risk_v2,
    ("GET", "/fapi/v3/positionRisk"): account.position_risk_v3,
    ("GET", "/fapi/v1/leverageBracket"): setup.leverage_bracket,
    ("POST", "/fapi/v1/leverage"): setup.set_leverage,
    ("POST", "/fapi/v1/marginType"): setup.set_margin_type,
    ("GET", "/fapi/v1/positionSide/dual"): setup.position_mode,
    ("POST", "/fapi/v1/positionSide/dual"): setup.set_position_mode,
    ("POST", "/fapi/v1/positionMargin"): setup.set_position_margin,
    ("GET", "/fapi/v1/symbolConfig"): setup.symbol_config,
    ("GET", "/fapi/v1/accountConfig"): setup.account_config,
    ("GET", "/fapi/v1/multiAssetsMargin"): setup.multi_assets_mode,
    ("GET", "/fapi/v1/feeBurn"): setup.fee_burn,
    ("GET", "/fapi/v1/commissionRate"): setup.commission_rate,
    ("GET", "/fapi/v1/userTrades"): history.user_trades,
    ("GET", "/fapi/v1/income"): history.income,
    ("GET", "/fapi/v1/adlQuantile"): history.adl_quantile,
    ("GET", "/fapi/v1/forceOrders"): history.force_orders,
    ("GET", "/sapi/v1/account/apiRestrictions"): history.restrictions,
    ("GET", "/sapi/v1/capital/config/getall"): history.coins,
    ("GET", "/sapi/v1/margin/allPairs"): history.margin_pairs,
}


_LISTEN_KEY: Final = "/fapi/v1/listenKey"
"""Asks for the key's header alone, without a signature."""

_ERRANDS: Final = {
    ("POST", "/fapi/v1/order"): Errand.PLACE,
    ("POST", "/fapi/v1/algoOrder"): Errand.PLACE,
    ("DELETE", "/fapi/v1/order"): Errand.CANCEL,
    ("DELETE", "/fapi/v1/algoOrder"): Errand.CANCEL,
    ("DELETE", "/fapi/v1/allOpenOrders"): Errand.CANCEL,
    ("DELETE", "/fapi/v1/algoOpenOrders"): Errand.CANCEL,
}


class Binance(Frame):
    """Binance's wire format; without ``limits`` requests are counted, and never too many."""

    calls = (Public, Private)
    public = PUBLIC
    private = PRIVATE
    errands = _ERRANDS

    def __init__(self, limits: Limits | None = None) -> None:
        self._meter = Meter(limits)

    def parameters(self, incoming: Incoming) -> Params:
        """Read query and body, which are both URL-encoded."""
        return auth.parameters(incoming)

    def count(self, incoming: Incoming) -> Headers:
        """Count a request's weight; return the headers that tell what was used."""
        return self._meter.count(incoming, self.parameters(incoming))

    def signed(self, venue: Venue, incoming: Incoming) -> Desk:
        """Return the customer who signed a request."""
        return auth.signed(venue.desks, incoming, self.parameters(incoming))

    def stream(self, venue: Venue, incoming: Incoming) -> Channel:
        """Open the stream of marks or of a listen key."""
        return streams.channel(venue, incoming)

    def failure(self, error: VenueError, now: datetime, headers: Headers) -> Answer:
        """Put an error into Binance's body."""
        del now
        return errors.render(error, headers)

    def away(self, why: str) -> Answer:
        """Return the error that the venue can't serve now and has done nothing."""
        return Answer(503, packed({"msg": f"Service Unavailable. {why}"}), {})

    def otherwise(self, venue: Venue, incoming: Incoming) -> object:
        """Answer the one endpoint that asks for the key's header alone."""
        if incoming.path == _LISTEN_KEY and incoming.method in {"POST", "PUT", "DELETE"}:
            return {"listenKey": streams.listen_key(auth.by_key(venue.desks, incoming))}
        raise errors.no_such_path(incoming.path, incoming.method)
