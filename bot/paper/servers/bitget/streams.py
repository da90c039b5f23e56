"""Bitget's streams: tickers for everybody, and after a signed login a customer's orders and positions."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final

from bot.core.types import Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.bitget import account, auth, errors, events, market
from bot.paper.servers.bitget.call import Private, Public
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.desk import Desk, waits
from bot.paper.servers.push import Channel, Due, Watch, packed, unpacked
from bot.paper.servers.venue import Incoming, Venue
from bot.paper.servers.wire import Params, millis

Arg = Mapping[str, object]

_WINDOW: Final = 30
"""Seconds that a login's time stamp may be away from the venue's clock."""


def channel(venue: Venue, incoming: Incoming) -> Channel:
    """Open the stream of a path.

    Raises:
        VenueError: there is no such stream.
    """
    match incoming.path:
        case "/v2/ws/public":
            return Tickers(venue)
        case "/v2/ws/private":
            return AccountChannel(venue)
        case _:
            raise errors.no_such_path()


def _args(message: Mapping[str, object]) -> list[Arg]:
    args = message.get("args")
    return [arg for arg in args if isinstance(arg, dict)] if isinstance(args, list) else []


def _subscribed(message: Mapping[str, object]) -> list[str]:
    return [packed({"event": str(message.get("op")), "arg": arg}) for arg in _args(message)]


@dataclass(slots=True)
class Tickers:
    """The channel ``ticker``: at every change of the mark, and each second.

    ``topic`` and ``named`` are under which keys a subscription says what it wants, and of which market.
    """

    topic: ClassVar[str] = "channel"
    named: ClassVar[str] = "instId"
    venue: Venue
    _wanted: dict[str, Arg] = field(default_factory=dict)
    _due: Due = field(default_factory=Due)

    def heard(self, text: str) -> Sequence[str]:
        """Subscribe to markets, or no longer; ``ping`` is answered."""
        if text == "ping":
            return ["pong"]
        message = unpacked(text)
        for arg in _args(message):
            name = str(arg.get(self.named))
            if message.get("op") == "unsubscribe":
                self._wanted.pop(name, None)
            elif arg.get(self.topic) == "ticker":
                self._wanted[name] = arg
        return _subscribed(message)

    def news(self) -> Sequence[str]:
        """Send the tickers that are due."""
        now = self.venue.clock.now()
        told = []
        for name, arg in self._wanted.items():
            symbol = self.venue.ids.get(name)
            if symbol is None:
                continue
            if not self._due.take(symbol, self.venue.tape.account.markets[symbol].mark, now):
                continue
            told.append(packed({"action": "snapshot", "arg": arg, "data": [self.row(symbol)], "ts": millis(now)}))
        return told

    def row(self, symbol: Symbol) -> Json:
        """Return a market's prices."""
        now = self.venue.clock.now()
        call = Public(self.venue, Params({}, errors.missing), now)
        next_at = millis(call.engine.account.funding[symbol].next_at)
        return events.ticker(market.ticker_of(call, symbol), next_at, millis(now))


@dataclass(slots=True)
class AccountChannel:
    """The channels ``orders``, ``orders-algo`` and ``positions``, for whoever has logged in.

    ``topic`` is under which key a subscription says what it wants; ``books`` are the channels of the normal orders and
    of those that wait, ``held`` that of the positions.
    """

    topic: ClassVar[str] = "channel"
    books: ClassVar[tuple[str, str]] = ("orders", "orders-algo")
    held: ClassVar[str] = "positions"
    venue: Venue
    _desk: Desk | None = None
    _watch: Watch | None = None
    _wanted: dict[str, Arg] = field(default_factory=dict)

    def heard(self, text: str) -> Sequence[str]:
        """Log in, subscribe; ``ping`` is answered."""
        if text == "ping":
            return ["pong"]
        message = unpacked(text)
        if message.get("op") == "login":
            return [self._login(_args(message))]
        if self._desk is None:
            return [packed({"event": "error", "code": 30004, "msg": "User needs to log in"})]
        for arg in _args(message):
            self._wanted[str(arg.get(self.topic))] = arg
        return _subscribed(message)

    def _login(self, args: Sequence[Arg]) -> str:
        said = args[0] if args else {}
        desk = self.venue.desks.get(str(said.get("apiKey")))
        sent = str(said.get("timestamp"))
        if desk is None or not sent.isdecimal() or not self._is_signed(desk, sent, said):
            return packed({"event": "error", "code": 30005, "msg": "error"})
        self._desk, self._watch = desk, Watch(desk)
        return packed({"event": "login", "code": 0})

    def _is_signed(self, desk: Desk, sent: str, said: Arg) -> bool:
        is_fresh = abs(int(sent) - millis(self.venue.clock.now()) // 1000) <= _WINDOW
        wanted = auth.signed_text(desk, f"{sent}GET/user/verify".encode())
        is_ours = hmac.compare_digest(wanted, str(said.get("sign")))
        return is_fresh and is_ours and hmac.compare_digest(desk.credentials.passphrase, str(said.get("passphrase")))

    def news(self) -> Sequence[str]:
        """Send the orders that changed, and all positions if one of them did."""
        if self._desk is None or self._watch is None:
            return []
        now, told = self.venue.clock.now(), list[str]()
        for order, filled in self._watch.orders():
            arg = self._wanted.get(self.books[waits(order)])
            if arg is not None:
                row = self.order(self._desk, order, filled)
                told.append(packed({"action": "snapshot", "arg": arg, "data": [row], "ts": millis(now)}))
        if self._watch.positions() and (arg := self._wanted.get(self.held)) is not None:
            rows = self.positions(self._desk)
            told.append(packed({"action": "snapshot", "arg": arg, "data": rows, "ts": millis(now)}))
        return told

    def positions(self, desk: Desk) -> list[Json]:
        """Return the open positions."""
        call = Private(self.venue, Params({}, errors.missing), self.venue.clock.now(), desk)
        held = [symbol for symbol in self.venue.ids.values() if desk.size(symbol)]
        return [events.position(account.position(call, symbol), desk.size(symbol)) for symbol in held]

    def order(self, desk: Desk, one: Order, filled: Decimal) -> Mapping[str, object]:
        """Return an order, and what it filled since it was last sent."""
        rules = desk.rules(one.symbol).market
        return events.plan(rules, desk, one) if waits(one) else events.order(rules, desk, one, filled)
