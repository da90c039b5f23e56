"""The frame of a venue server: how a request becomes an answer; a venue brings routes, signatures and errors."""

from __future__ import annotations

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.core.market import PerpMarket
from bot.core.types import Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.servers.desk import Desk
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Answer, Errand, Incoming, Venue
from bot.paper.servers.wire import Params, VenueError

Route = tuple[str, str]
"""Method and path."""
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint that anybody may call is given."""

    venue: Venue
    params: Params
    now: datetime

    @property
    def engine(self) -> PaperEngine:
        """The engine whose market is shown."""
        return self.venue.tape

    def market(self, symbol: Symbol) -> PerpMarket:
        """Return a market's rules."""
        return self.venue.rules.symbols[symbol].market


@dataclass(frozen=True, slots=True)
class CustomerCall(Call):
    """What an endpoint that a customer calls is given."""

    desk: Desk


class Frame(ABC):
    """A wire format.

    Attributes:
        calls: what public endpoints are given, and what customers' are.
        public: what anybody may call.
        private: what must be signed.
        errands: the requests that travel as long as orders or cancels do.
    """

    calls: ClassVar[tuple[type[Call], type[CustomerCall]]]
    public: ClassVar[Mapping[Route, Callable[..., object]]]
    private: ClassVar[Mapping[Route, Callable[..., object]]]
    errands: ClassVar[Mapping[Route, Errand]]

    def errand(self, incoming: Incoming) -> Errand:
        """Return what a request is about."""
        return self.errands.get((incoming.method, incoming.path), Errand.OTHER)

    def is_read(self, incoming: Incoming) -> bool:
        """Whether a request changes nothing."""
        return incoming.method == "GET"

    def answer(self, venue: Venue, incoming: Incoming) -> Answer:
        """Do what a request asks, and tell how it went."""
        headers: Headers = {}
        now = venue.clock.now()
        try:
            headers = self.count(incoming)
            body = self._body(venue, incoming, now)
        except VenueError as error:
            return self.failure(error, now, headers)
        return Answer(200, packed(self.success(body, now)), headers)

    def channel(self, venue: Venue, incoming: Incoming) -> Channel | Answer:
        """Open the stream that a WebSocket handshake asks for, or refuse."""
        try:
            return self.stream(venue, incoming)
        except VenueError as error:
            return self.failure(error, venue.clock.now(), {})

    def _body(self, venue: Venue, incoming: Incoming, now: datetime) -> object:
        route = incoming.method, incoming.path
        anybodys, customers = self.calls
        if (public := self.public.get(route)) is not None:
            return public(anybodys(venue, self.parameters(incoming), now))
        if (private := self.private.get(route)) is not None:
            desk = self.signed(venue, incoming)
            return private(customers(venue, self.parameters(incoming), now, desk))
        return self.otherwise(venue, incoming)

    @abstractmethod
    def parameters(self, incoming: Incoming) -> Params:
        """Read the parameters of a request."""

    @abstractmethod
    def signed(self, venue: Venue, incoming: Incoming) -> Desk:
        """Return the customer who signed a request."""

    @abstractmethod
    def stream(self, venue: Venue, incoming: Incoming) -> Channel:
        """Open the stream that a WebSocket handshake asks for."""

    @abstractmethod
    def failure(self, error: VenueError, now: datetime, headers: Headers) -> Answer:
        """Put an error into the venue's words."""

    @abstractmethod
    def away(self, why: str) -> Answer:
        """Return the error that the venue can't serve now and has done nothing."""

    @abstractmethod
    def otherwise(self, venue: Venue, incoming: Incoming) -> object:
        """Answer a request that no route is for."""

    def success(self, body: object, now: datetime) -> object:
        """Return what goes around an endpoint's body."""
        del now
        return body

    def count(self, incoming: Incoming) -> Headers:
        """Count a request; return the headers that tell what was used."""
        del incoming
        return {}


def packed(body: object) -> bytes:
    """Write a body without spaces."""
    return json.dumps(body, separators=(",", ":")).encode()


def signature(desk: Desk, payload: bytes) -> bytes:
    """Sign as a customer does: HMAC-SHA256."""
    return hmac.new(desk.credentials.secret.encode(), payload, hashlib.sha256).digest()
