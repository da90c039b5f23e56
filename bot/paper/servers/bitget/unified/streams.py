"""The v3 interface's streams: tickers for everybody, and after a signed login a customer's orders and positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from bot.core.types import Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.bitget.errors import no_such_path
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.streams import AccountChannel, Tickers
from bot.paper.servers.bitget.unified import account, errors, market, render
from bot.paper.servers.bitget.unified.call import CATEGORY, Private, Public
from bot.paper.servers.desk import Desk
from bot.paper.servers.push import Channel
from bot.paper.servers.records import USDT
from bot.paper.servers.venue import Incoming, Venue
from bot.paper.servers.wire import Params, millis, plain

_TICKER = (
    *("bid1Price", "lowPrice24h", "ask1Size", "volume24h", "price24hPcnt", "highPrice24h", "turnover24h", "bid1Size"),
    *("ask1Price", "openPrice24h", "lastPrice", "indexPrice", "markPrice", "fundingRate", "openInterest"),
    *("deliveryTime", "deliveryStartTime", "deliveryStatus"),
)
_POSITION = (
    *("symbol", "leverage", "available", "marginMode", "unrealisedPnl", "markPrice", "createdTime", "avgPrice"),
    *("updatedTime", "marginCoin", "frozen", "curRealisedPnl", "positionStatus", "posSide", "holdMode"),
)
_ORDER = (
    *("symbol", "orderId", "clientOid", "qty", "amount", "holdMode", "tradeSide", "orderType", "timeInForce", "side"),
    *("marginMode", "cumExecQty", "cumExecValue", "avgPrice", "orderStatus", "cancelReason", "createdTime"),
    *("updatedTime", "stpMode"),
)


def channel(venue: Venue, incoming: Incoming) -> Channel:
    """Open the stream of a path.

    Raises:
        VenueError: there is no such stream.
    """
    match incoming.path:
        case "/v3/ws/public":
            return UnifiedTickers(venue)
        case "/v3/ws/private":
            return UnifiedAccount(venue)
        case _:
            raise no_such_path()


@dataclass(slots=True)
class UnifiedTickers(Tickers):
    """The topic ``ticker``."""

    topic: ClassVar[str] = "topic"
    named: ClassVar[str] = "symbol"

    def row(self, symbol: Symbol) -> Json:
        """Return a perpetual's prices."""
        now = self.venue.clock.now()
        call = Public(self.venue, Params({}, errors.missing), now)
        shown = market.ticker_of(call, symbol)
        next_at = millis(call.engine.account.funding[symbol].next_at)
        return {**{name: shown[name] for name in _TICKER}, "nextFundingTime": str(next_at)}


@dataclass(slots=True)
class UnifiedAccount(AccountChannel):
    """The topics ``order`` and ``position``; strategy orders have a topic of their own, which nobody here tells."""

    topic: ClassVar[str] = "topic"
    books: ClassVar[tuple[str, str]] = ("order", "strategy-order")
    held: ClassVar[str] = "position"

    def positions(self, desk: Desk) -> list[Json]:
        """Return the open positions."""
        call = Private(self.venue, Params({}, errors.missing), self.venue.clock.now(), desk)
        open_ = [symbol for symbol in self.venue.ids.values() if desk.size(symbol)]
        return [_position(account.position(call, symbol)) for symbol in open_]

    def order(self, desk: Desk, one: Order, filled: Decimal) -> Mapping[str, object]:
        """Return an order, with what all of it has filled so far."""
        del filled
        return _order(desk, one)


def _position(shown: Json) -> Json:
    empty = dict.fromkeys(("openFeeTotal", "mmr", "breakEvenPrice", "liqPrice", "profitRate", "closeFeeTotal"), "")
    sizes = {"marginSize": shown["positionBalance"], "size": shown["total"], "totalFundingFee": shown["totalFunding"]}
    return {**{name: shown[name] for name in _POSITION}, **empty, **sizes}


def _order(desk: Desk, one: Order) -> Json:
    inner = desk.engine.account
    shown = render.order(desk.rules(one.symbol).market, one, inner.modes[one.symbol], USDT, listed=False)
    fee = [{"feeCoin": USDT, "fee": plain(one.fee)}] if one.filled else []
    return {
        "category": CATEGORY.lower(),
        **{name: shown[name] for name in _ORDER},
        "price": shown["price"] if one.price is not None else "",
        "holdSide": shown["posSide"],
        "marginCoin": USDT,
        "reduceOnly": str(shown["reduceOnly"]).lower(),
        "totalProfit": "0",
        "leverage": plain(inner.leverage[one.symbol]),
        "feeDetail": fee,
    }
