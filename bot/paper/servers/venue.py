"""A venue that several customers trade on: one clock, one market, every change in one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.types import Symbol
from bot.paper.engine import PaperEngine
from bot.paper.rules import MarkUpdate, VenueRules
from bot.paper.servers.desk import Desk
from bot.ports import Clock

Step = tuple[datetime, Mapping[Symbol, MarkUpdate]]
"""Prices that are in force from a time on."""
Keep = Callable[[Desk], None]
"""Makes a desk's state durable before an answer leaves; called with the events still in its engine."""


class World(Protocol):
    """Where the venue's prices come from."""

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        """Give the prices after ``since`` up to ``now``, in order of time, the last step at ``now``.

        Raises:
            Retryable: a price is missing or too old.
        """


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came over the wire; ``query`` still encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Dialect(Protocol):
    """A wire format."""

    def answer(self, venue: Venue, incoming: Incoming) -> Answer:
        """Do what a request asks, and tell how it went. Called while nobody else is."""

    def away(self, why: str) -> Answer:
        """Say that the venue can't serve now and has done nothing."""


class Venue:
    """The customers, the market and the time that they share."""

    def __init__(self, rules: VenueRules, desks: Sequence[Desk], world: World, clock: Clock) -> None:
        if not desks:
            raise ValueError("a venue needs a customer: the public prices are read from his market")
        self.rules = rules
        self.desks: Mapping[str, Desk] = {desk.credentials.key: desk for desk in desks}
        self.ids: Mapping[str, Symbol] = {id_of(symbol): symbol for symbol in rules.symbols}
        self.clock = clock
        self._world = world

    @property
    def tape(self) -> PaperEngine:
        """The engine whose market is shown to the public."""
        return next(iter(self.desks.values())).engine

    def move(self) -> datetime:
        """Bring every account to now, along all prices on the way; gives the time.

        Raises:
            Retryable: there is no price; nothing has moved.
        """
        now = self.clock.now()
        for desk in self.desks.values():
            engine = desk.engine
            here = max(now, engine.now)
            for at, prices in self._world.path(engine.now if engine.account.markets else None, here):
                engine.advance(max(at, engine.now), prices)
            desk.records.take(engine)
        return now


def id_of(symbol: Symbol) -> str:
    """Give a symbol's id at both venues: ``ETHUSDT`` for ``ETH/USDT:USDT``."""
    return symbol.split(":", maxsplit=1)[0].replace("/", "")
