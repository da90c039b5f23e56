"""A venue that several customers trade on: one clock, one market, changes in one order."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.core.types import Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarkUpdate, VenueRules
from bot.paper.servers.candles import Candles
from bot.paper.servers.desk import Desk
from bot.paper.servers.push import Channel
from bot.ports import Clock

Step = tuple[datetime, Mapping[Symbol, MarkUpdate]]
"""Prices that are in force from a time on."""


class World(Protocol):
    """Where the venue's prices come from."""

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        """Return the prices after ``since`` up to ``now``, in order of time, the last step at ``now``.

        Raises:
            Retryable: a price is missing or too old.
        """


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came over the wire at a time; ``query`` still encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    content_type: str = "application/json"


class Errand(StrEnum):
    """What a request is about, as far as its latency goes."""

    PLACE = "place"
    CANCEL = "cancel"
    OTHER = "other"


class Dialect(Protocol):
    """A wire format."""

    def errand(self, incoming: Incoming) -> Errand:
        """Return what a request is about."""

    def is_read(self, incoming: Incoming) -> bool:
        """Whether a request changes nothing."""

    def answer(self, venue: Venue, incoming: Incoming) -> Answer:
        """Execute a request and return its answer. Calls are serialised."""

    def channel(self, venue: Venue, incoming: Incoming) -> Channel | Answer:
        """Open the stream that a WebSocket handshake asks for, or refuse."""

    def away(self, why: str) -> Answer:
        """Return the error that the venue can't serve now and has done nothing."""


class Venue:
    """The customers, the market and the time that they share.

    Args:
        rules: the markets.
        desks: the customers.
        world: where prices come from.
        clock: what time it is.
        memory: how far back ``seen`` can look.
    """

    def __init__(
        self,
        rules: VenueRules,
        desks: Sequence[Desk],
        world: World,
        clock: Clock,
        memory: timedelta = timedelta(0),
    ) -> None:
        if not desks:
            raise ValueError("a venue needs a customer: the public prices are read from his market")
        self.rules = rules
        self.desks: Mapping[str, Desk] = {desk.credentials.key: desk for desk in desks}
        self.ids: Mapping[str, Symbol] = {id_of(symbol): symbol for symbol in rules.symbols}
        self.clock = clock
        self.shut: dict[Symbol, str] = {}
        """The markets in which nothing may be opened, with their status in the venue's own word."""
        self.candles = Candles()
        self._world = world
        self._memory = memory
        self._past: deque[tuple[datetime, Mapping[str, PaperEngine]]] = deque()

    @property
    def tape(self) -> PaperEngine:
        """The engine whose market is shown to the public."""
        return next(iter(self.desks.values())).engine

    def move(self) -> datetime:
        """Bring every account to now, along all prices on the way; return the time.

        Raises:
            Retryable: there is no price; nothing has moved.
        """
        now = self.clock.now()
        for desk in self.desks.values():
            engine = desk.engine
            here = max(now, engine.now)
            for at, prices in self._world.path(engine.now if engine.account.markets else None, here):
                engine.advance(max(at, engine.now), prices)
                if engine is self.tape:
                    self.candles.take(engine.now, engine.account.markets)
            desk.take()
        return now

    def remember(self) -> None:
        """Keep a copy of all accounts as they are now, as long as the memory reaches."""
        if not self._memory:
            return
        now = self.clock.now()
        self._past.append((now, {key: desk.engine.fork() for key, desk in self.desks.items()}))
        while len(self._past) > 1 and self._past[1][0] <= now - self._memory:
            self._past.popleft()

    def seen(self, lag: timedelta) -> Venue:
        """Return the venue for reading: as it was ``lag`` ago (as far as it remembers), with slow fills hidden."""
        now = self.clock.now()
        view = copy.copy(self)
        if not lag or not self._past:
            view.desks = {key: desk.shown(now) for key, desk in self.desks.items()}
            return view
        at, engines = max((one for one in self._past if one[0] <= now - lag), default=self._past[0], key=_time)
        view.desks = {key: desk.as_of(at, engines[key]) for key, desk in self.desks.items()}
        return view


def _time(moment: tuple[datetime, Mapping[str, PaperEngine]]) -> datetime:
    return moment[0]


def id_of(symbol: Symbol) -> str:
    """Return a symbol's id at both venues: ``ETHUSDT`` for ``ETH/USDT:USDT``."""
    return symbol.split(":", maxsplit=1)[0].replace("/", "")
