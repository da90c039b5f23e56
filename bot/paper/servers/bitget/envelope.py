"""Bitget's words for the frame, which both of its interfaces have: who signs, what is around a body, and errors."""

from __future__ import annotations

from abc import ABC
from datetime import datetime

from bot.paper.servers.bitget import auth, errors
from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import Frame, Headers, packed
from bot.paper.servers.venue import Answer, Incoming, Venue
from bot.paper.servers.wire import Params, VenueError, millis


class Envelope(Frame, ABC):
    """Bitget's frame; ``demo`` says whether signed requests must carry the demo header, or must not."""

    def __init__(self, *, demo: bool | None = None) -> None:
        self._demo = demo

    def parameters(self, incoming: Incoming) -> Params:
        """Read the query of a GET, or the JSON object of a POST."""
        return auth.parameters(incoming)

    def signed(self, venue: Venue, incoming: Incoming) -> Desk:
        """Return the customer who signed a request, if his environment is the server's."""
        desk = auth.signed(venue.desks, incoming)
        if self._demo is not None and (incoming.headers.get("paptrading") == "1") is not self._demo:
            raise errors.wrong_environment()
        return desk

    def success(self, body: object, now: datetime) -> object:
        """Put a body under ``data``."""
        return {"code": "00000", "msg": "success", "requestTime": millis(now), "data": body}

    def failure(self, error: VenueError, now: datetime, headers: Headers) -> Answer:
        """Put an error into Bitget's body."""
        del headers
        return errors.render(error, now)

    def away(self, why: str) -> Answer:
        """Return the error that the venue can't serve now and has done nothing."""
        body = {"code": "40200", "msg": f"Server upgrade, please try again later: {why}", "data": None}
        return Answer(503, packed(body), {})

    def otherwise(self, venue: Venue, incoming: Incoming) -> object:
        """Say that there is no such endpoint."""
        del venue, incoming
        raise errors.no_such_path()
