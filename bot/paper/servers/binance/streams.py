"""Binance's streams: mark prices for everybody, and a customer's orders and positions behind his listen key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs

from bot.paper.engine.account import Order
from bot.paper.servers.binance import errors, events, render
from bot.paper.servers.desk import Desk, waits
from bot.paper.servers.push import Channel, Due, Watch, packed, unpacked
from bot.paper.servers.venue import Incoming, Venue
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
        """Send the marks that are due."""
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
        """Send the orders and positions that changed."""
        now = millis(self.venue.clock.now())
        told = [self._order(order, filled, now) for order, filled in self._watch.orders()]
        changed = self._watch.positions()
        return [*told, *([packed(events.account_update(self.desk, changed, now))] if changed else [])]

    def _order(self, one: Order, filled: Decimal, now: int) -> str:
        market = self.desk.rules(one.symbol).market
        if waits(one):
            return packed(events.algo_update(market, self.desk, one, now))
        return packed(events.order_update(market, self.desk, one, filled, now))
