"""The venue's stream: whoever subscribes is told middles, and of an address its orders, positions and fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.types import Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.desk import Desk
from bot.paper.servers.hyperliquid import account, errors, market, render
from bot.paper.servers.hyperliquid.call import Ask
from bot.paper.servers.hyperliquid.render import coin_of
from bot.paper.servers.push import Due, Watch, packed, unpacked
from bot.paper.servers.venue import Venue
from bot.paper.servers.wire import Params

Json = render.Json


@dataclass(slots=True)
class Stream:
    """One connection: ``allMids``, ``activeAssetCtx``, ``orderUpdates``, ``clearinghouseState`` and ``userFills``.

    What is subscribed to is kept by its kind, and the coin where it is a market's.
    """

    venue: Venue
    _wanted: dict[str, Json] = field(default_factory=dict)
    _watches: dict[str, Watch] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)
    _due: Due = field(default_factory=Due)

    def heard(self, text: str) -> Sequence[str]:
        """Subscribe, or no longer; ``ping`` is answered."""
        message = unpacked(text)
        if message.get("method") == "ping":
            return [packed({"channel": "pong"})]
        asked = message.get("subscription")
        if not isinstance(asked, dict) or not isinstance(asked.get("type"), str):
            return [packed({"channel": "error", "data": f"Invalid subscription {asked}"})]
        kind = str(asked["type"])
        key = f"{kind} {asked.get('coin', '')}"
        if message.get("method") == "unsubscribe":
            self._wanted.pop(key, None)
        else:
            self._wanted[key] = asked
            self._begin(kind, asked)
        data = {"method": message.get("method"), "subscription": asked}
        return [packed({"channel": "subscriptionResponse", "data": data})]

    def _begin(self, kind: str, asked: Json) -> None:
        desk = self._ask(asked).desk
        if desk is not None:
            self._watches[kind] = Watch(desk)
            self._sent[kind] = len(desk.records.trades)

    def _ask(self, asked: Json) -> Ask:
        desk = self.venue.desks.get(str(asked.get("user")).lower())
        return Ask(self.venue, Params(asked, errors.unread), self.venue.clock.now(), desk)

    def news(self) -> Sequence[str]:
        """Return what is new."""
        told: list[str] = []
        marks = self.venue.tape.account.markets
        now = self.venue.clock.now()
        due = {symbol for symbol in self.venue.rules.symbols if self._due.take(symbol, marks[symbol].mark, now)}
        for asked in self._wanted.values():
            ask, kind = self._ask(asked), str(asked["type"])
            data = self._news(kind, ask, due)
            if data is not None:
                told.append(packed({"channel": kind, "data": data}))
        return told

    def _news(self, kind: str, ask: Ask, due: set[Symbol]) -> object:
        if kind == "allMids":
            return {"mids": market.mids(ask)} if due else None
        if kind == "activeAssetCtx":
            symbol = ask.symbol()
            return {"coin": coin_of(symbol), "ctx": market.context(ask, symbol)} if symbol in due else None
        return self._own(kind, ask)

    def _own(self, kind: str, ask: Ask) -> object:
        watch, desk = self._watches.get(kind), ask.desk
        if watch is None or desk is None:
            return None
        user = str(ask.params.values["user"])
        match kind:
            case "orderUpdates":
                changed = [one for one, _ in watch.orders()]
                return [_order(one, desk) for one in changed] or None
            case "clearinghouseState":
                state = {"dex": "", "user": user, "clearinghouseState": account.state(ask)}
                return state if watch.positions() else None
            case "userFills":
                since, self._sent[kind] = self._sent[kind], len(desk.records.trades)
                fills = render.fills(desk.records.trades, desk.records.movements)[since:]
                return {"user": user, "fills": fills} if fills else None
            case _:
                return None


def _order(one: Order, desk: Desk) -> Json:
    wish = desk.wish(one)
    return {**render.told(one, wish), "order": render.basic(one, wish)}
