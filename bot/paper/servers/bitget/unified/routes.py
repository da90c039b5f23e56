"""The v3 interface's endpoints by method and path; all else is as in the classic interface's frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.paper.servers.bitget import routes
from bot.paper.servers.bitget.call import Public as ClassicPublic
from bot.paper.servers.bitget.envelope import Envelope
from bot.paper.servers.bitget.unified import account, errors, history, market, strategies, streams, trading
from bot.paper.servers.bitget.unified.call import Private, Public
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Errand, Incoming, Venue
from bot.paper.servers.wire import Params

_V3: Final = "/api/v3"

PUBLIC: Final[dict[tuple[str, str], Callable[[Public], object]]] = {
    ("GET", "/api/v2/public/time"): market.server_time,
    ("GET", f"{_V3}/market/instruments"): market.instruments,
    ("GET", f"{_V3}/market/tickers"): market.tickers,
    ("GET", f"{_V3}/market/orderbook"): market.orderbook,
    ("GET", f"{_V3}/market/current-fund-rate"): market.current_fund_rate,
    ("GET", f"{_V3}/market/position-tier"): market.position_tier,
}
PRIVATE: Final[dict[tuple[str, str], Callable[[Private], object]]] = {
    ("GET", f"{_V3}/account/info"): account.info,
    ("GET", f"{_V3}/account/settings"): account.settings,
    ("GET", f"{_V3}/account/assets"): account.assets,
    ("GET", f"{_V3}/account/fee-rate"): account.fee_rate,
    ("GET", f"{_V3}/account/financial-records"): history.financial_records,
    ("POST", f"{_V3}/account/set-leverage"): account.set_leverage,
    ("POST", f"{_V3}/account/set-margin"): account.set_margin,
    ("POST", f"{_V3}/account/set-hold-mode"): account.set_hold_mode,
    ("GET", f"{_V3}/position/current-position"): account.current_position,
    ("POST", f"{_V3}/trade/place-order"): trading.place_order,
    ("POST", f"{_V3}/trade/modify-order"): trading.modify_order,
    ("POST", f"{_V3}/trade/cancel-order"): trading.cancel_order,
    ("POST", f"{_V3}/trade/cancel-symbol-order"): trading.cancel_symbol_order,
    ("GET", f"{_V3}/trade/order-info"): trading.order_info,
    ("GET", f"{_V3}/trade/unfilled-orders"): trading.unfilled_orders,
    ("GET", f"{_V3}/trade/history-orders"): trading.history_orders,
    ("GET", f"{_V3}/trade/fills"): history.fills,
    ("POST", f"{_V3}/trade/place-strategy-order"): strategies.place_strategy_order,
    ("POST", f"{_V3}/trade/cancel-strategy-order"): strategies.cancel_strategy_order,
    ("GET", f"{_V3}/trade/unfilled-strategy-orders"): strategies.unfilled_strategy_orders,
    ("GET", f"{_V3}/trade/history-strategy-orders"): strategies.history_strategy_orders,
    ("GET", f"{_V3}/trade/strategy-sub-orders"): strategies.strategy_sub_orders,
}
_ERRANDS: Final = {
    ("POST", f"{_V3}/trade/place-order"): Errand.PLACE,
    ("POST", f"{_V3}/trade/place-strategy-order"): Errand.PLACE,
    ("POST", f"{_V3}/trade/modify-order"): Errand.PLACE,
    ("POST", f"{_V3}/trade/cancel-order"): Errand.CANCEL,
    ("POST", f"{_V3}/trade/cancel-symbol-order"): Errand.CANCEL,
    ("POST", f"{_V3}/trade/cancel-strategy-order"): Errand.CANCEL,
}


class BitgetUnified(Envelope):
    """The wire format of a unified account."""

    calls = (Public, Private)
    public = PUBLIC
    private = PRIVATE
    errands = _ERRANDS

    def parameters(self, incoming: Incoming) -> Params:
        """Read the query of a GET, or the JSON object of a POST."""
        return Params(super().parameters(incoming).values, errors.missing)

    def stream(self, venue: Venue, incoming: Incoming) -> Channel:
        """Open the stream that a WebSocket handshake asks for."""
        return streams.channel(venue, incoming)

    def otherwise(self, venue: Venue, incoming: Incoming) -> object:
        """Answer what the classic interface tells to everybody, and refuse what it tells to its customers."""
        route = incoming.method, incoming.path
        if (public := routes.PUBLIC.get(route)) is not None:
            return public(ClassicPublic(venue, super().parameters(incoming), venue.clock.now()))
        if route in routes.PRIVATE:
            self.signed(venue, incoming)
            raise errors.unified_account()
        return super().otherwise(venue, incoming)
