"""Binance's streams: mark prices for everybody, and a customer's orders and positions behind his listen key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs

from bot.core.types import ZERO, Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.binance import errors, render
from bot.paper.servers.desk import Desk, waits
from bot.paper.servers.push import Channel, Due, Watch, packed, unpacked
from bot.paper.servers.venue import Incoming, Venue, id_of
from bot.paper.servers.wire import fixed, millis

_MARKET: Final = "/market/ws"
_PRIVATE: Final = "/private/ws"


def listen_key(desk: Desk) -> str:
    """Return the name of a customer's private stream: one per key, as long as it lives."""
    return hashlib.sha256(desk.credentials.key.encode()).hexdigest()


def channel(venue: Venue, incoming: Incoming) -> Channel:
    """Open the stream of a path.

    Raises:
        VenueError: there is no such stream.
    """
    if incoming.path.startswith(_MARKET):
        return Marks(venue)
    if incoming.path == _PRIVATE:
        asked = parse_qs(incoming.query).get("listenKey", [""])[0]
        for desk in venue.desks.values():
            if listen_key(desk) == asked:
                return Private(venue, desk)
    raise errors.no_such_path(incoming.path, incoming.method)


@dataclass(slots=True)
class Marks:
    """``<symbol>@markPrice`` and ``<symbol>@markPrice@1s``: at every change, and each second."""

    venue: Venue
    _wanted: set[str] = field(default_factory=set)
    _due: Due = field(default_factory=Due)

    def heard(self, text: str) -> Sequence[str]:
        """Subscribe to streams, or no longer."""
        message = unpacked(text)
        names = message.get("params")
        if isinstance(names, list):
            asked = {str(name).split("@", maxsplit=1)[0].upper() for name in names}
            self._wanted = self._wanted - asked if message.get("method") == "UNSUBSCRIBE" else self._wanted | asked
        return [packed({"result": None, "id": message.get("id")})]

    def news(self) -> Sequence[str]:
        """Tell the marks that are due."""
        now = self.venue.clock.now()
        account = self.venue.tape.account
        told = []
        for name in sorted(self._wanted & self.venue.ids.keys()):
            symbol = self.venue.ids[name]
            market, funding = account.markets[symbol], account.funding[symbol]
            if not self._due.take(symbol, market.mark, now):
                continue
            event = {
                "e": "markPriceUpdate",
                "E": millis(now),
                "s": name,
                "p": fixed(market.mark, render.CASH),
                "i": fixed(market.index, render.CASH),
                "P": fixed(market.index, render.CASH),
                "r": fixed(funding.rate, render.CASH),
                "T": millis(funding.next_at),
            }
            told.append(packed(event))
        return told


@dataclass(slots=True)
class Private:
    """ORDER_TRADE_UPDATE, ALGO_UPDATE and ACCOUNT_UPDATE of one customer."""

    venue: Venue
    desk: Desk
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what stands now."""
        self._watch = Watch(self.desk)

    def heard(self, text: str) -> Sequence[str]:
        """Acknowledge; there is nothing to subscribe to."""
        return [packed({"result": None, "id": unpacked(text).get("id")})]

    def news(self) -> Sequence[str]:
        """Tell the orders and positions that changed."""
        now = millis(self.venue.clock.now())
        told = [self._order(order, filled, now) for order, filled in self._watch.orders()]
        changed = self._watch.positions()
        return [*told, *([self._account(changed, now)] if changed else [])]

    def _order(self, one: Order, filled: Decimal, now: int) -> str:
        market, wish = self.desk.rules(one.symbol).market, self.desk.wish(one)
        if waits(one):
            shown = render.algo_order(market, one, wish)
            order = {
                "caid": shown["clientAlgoId"],
                "aid": shown["algoId"],
                "at": shown["algoType"],
                "o": shown["orderType"],
                "s": shown["symbol"],
                "S": shown["side"],
                "ps": "BOTH",
                "f": shown["timeInForce"],
                "q": shown["quantity"],
                "X": shown["algoStatus"],
                "ai": shown["actualOrderId"],
                "tp": shown["triggerPrice"],
                "p": shown["price"],
                "wt": shown["workingType"],
                "cp": shown["closePosition"],
                "R": shown["reduceOnly"],
            }
            return packed({"e": "ALGO_UPDATE", "E": now, "T": shown["updateTime"], "o": order})
        shown = render.order(market, one, wish)
        order = {
            "s": shown["symbol"],
            "c": shown["clientOrderId"],
            "S": shown["side"],
            "o": shown["type"],
            "f": shown["timeInForce"],
            "q": shown["origQty"],
            "p": shown["price"],
            "ap": shown["avgPrice"],
            "sp": shown["stopPrice"],
            "x": "TRADE" if filled else shown["status"],
            "X": shown["status"],
            "i": shown["orderId"],
            "l": render.size_text(market, abs(filled)),
            "z": shown["executedQty"],
            "L": shown["avgPrice"] if filled else "0",
            "N": "USDT",
            "n": fixed(one.fee, render.CASH),
            "T": shown["updateTime"],
            "t": 0,
            "m": False,
            "R": shown["reduceOnly"],
            "wt": shown["workingType"],
            "ot": shown["origType"],
            "ps": "BOTH",
            "cp": shown["closePosition"],
        }
        return packed({"e": "ORDER_TRADE_UPDATE", "E": now, "T": shown["updateTime"], "o": order})

    def _account(self, changed: Sequence[Symbol], now: int) -> str:
        positions = []
        for symbol in changed:
            held = self.desk.engine.account.positions.get(symbol)
            market = self.desk.rules(symbol).market
            positions.append(
                {
                    "s": id_of(symbol),
                    "pa": render.size_text(market, self.desk.size(symbol)),
                    "ep": render.price_text(market, held.entry if held is not None else None),
                    "up": fixed(ZERO, render.CASH),
                    "mt": "cross",
                    "ps": "BOTH",
                }
            )
        return packed({"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": {"m": "ORDER", "B": [], "P": positions}})
