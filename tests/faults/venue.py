"""A layer in front of a venue server that breaks chosen calls in a chosen way, before or after they took effect.

``FaultyVenue`` is the server's ``around``. ``possible`` tells which faults can go with an effect, and which prove that
there was none: a matrix of all cells is generated from it, not written by hand.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from aiohttp import web

from bot.paper.servers.server import Serve, VenueServer, hang_up, respond
from bot.paper.servers.venue import Answer, Incoming
from tests.faults.odd import Odd, spoiled
from tests.faults.venue_calls import CALLS, Matcher, route


class Kind(StrEnum):
    """What the client gets to see."""

    TIMEOUT = "timeout"
    DROP = "drop"
    CUT = "cut"
    HTML = "html_with_200"
    EMPTY = "empty"
    EMPTY_OBJECT = "empty_object"
    NULL = "null"
    WAF = "http_403_html"
    REQUEST_TIMEOUT = "http_408"
    BANNED = "http_418"
    LIMITED = "http_429"
    SERVER_ERROR = "http_500"
    BAD_GATEWAY = "http_502_html"
    UNKNOWN_503 = "http_503_unknown"
    UNAVAILABLE_503 = "http_503_unavailable"
    INTERNAL_503 = "http_503_internal"
    GATEWAY_TIMEOUT = "http_504"
    UNEXPECTED = "unexpected_response"
    BACKEND_TIMEOUT = "backend_timeout"
    OVERLOADED = "overloaded"
    DUPLICATE_ID = "duplicate_id"
    CLOCK = "clock_error"
    NOT_FOUND = "not_found"


class Meanwhile(StrEnum):
    """What became of a resting order while a call about it was under way, which is then served as it is."""

    FILLED = "filled_meanwhile"
    CANCELLED = "cancelled_meanwhile"
    DROPPED = "acknowledged_and_dropped"
    """The venue acknowledges the call and does nothing: where its answer is no more than that."""


class Effect(StrEnum):
    """What really happened to the call."""

    NONE = "not_applied"
    APPLIED = "applied"
    LATER = "applied_later"


_MESSAGES: Mapping[str, Mapping[Kind, tuple[int, object]]] = {
    "binance": {
        Kind.BANNED: (418, {"code": -1003, "msg": "Way too many requests; IP banned until {until}."}),
        Kind.LIMITED: (429, {"code": -1003, "msg": "Too many requests; current limit is 2400 requests per minute."}),
        Kind.SERVER_ERROR: (500, {"code": -1000, "msg": "An unknown error occurred while processing the request."}),
        Kind.UNKNOWN_503: (503, {"msg": "Unknown error, please check your request or try again later."}),
        Kind.UNAVAILABLE_503: (503, {"msg": "Service Unavailable."}),
        Kind.INTERNAL_503: (503, {"msg": "Internal error; unable to process your request. Please try again."}),
        Kind.UNEXPECTED: (
            400,
            {
                "code": -1006,
                "msg": "An unexpected response was received from the message bus. Execution status unknown.",
            },
        ),
        Kind.BACKEND_TIMEOUT: (
            400,
            {"code": -1007, "msg": "Timeout waiting for response from backend server. Send status unknown."},
        ),
        Kind.OVERLOADED: (503, {"code": -1008, "msg": "Request throttled by system-level protection."}),
        Kind.DUPLICATE_ID: (400, {"code": -4116, "msg": "ClientOrderId is duplicated."}),
        Kind.CLOCK: (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}),
        Kind.NOT_FOUND: (400, {"code": -2013, "msg": "Order does not exist."}),
    },
    "bitget": {
        Kind.BANNED: (418, {"code": "429", "msg": "Too Many Requests", "data": None}),
        Kind.LIMITED: (429, {"code": "429", "msg": "Too Many Requests", "data": None}),
        Kind.SERVER_ERROR: (500, {"code": "40015", "msg": "System is abnormal, please try again later", "data": None}),
        Kind.UNKNOWN_503: (503, {"code": "40725", "msg": "service return an error", "data": None}),
        Kind.UNAVAILABLE_503: (503, {"code": "40200", "msg": "Server upgrade, please try again later", "data": None}),
        Kind.INTERNAL_503: (503, {"code": "40604", "msg": "Server is busy, please try again later", "data": None}),
        Kind.UNEXPECTED: (400, {"code": "40708", "msg": "Parameter verification is abnormal", "data": None}),
        Kind.BACKEND_TIMEOUT: (400, {"code": "40010", "msg": "Request timed out", "data": None}),
        Kind.OVERLOADED: (400, {"code": "45001", "msg": "Unknown error", "data": None}),
        Kind.DUPLICATE_ID: (400, {"code": "40786", "msg": "Duplicate clientOid", "data": None}),
        Kind.CLOCK: (400, {"code": "40008", "msg": "Request timestamp expired", "data": None}),
        Kind.NOT_FOUND: (400, {"code": "40109", "msg": "The data of the order cannot be found", "data": None}),
    },
    "hyperliquid": {
        Kind.BANNED: (429, None),
        Kind.LIMITED: (429, {"status": "err", "response": "Too many requests"}),
        Kind.SERVER_ERROR: (500, {"status": "err", "response": "Internal error"}),
        Kind.UNKNOWN_503: (503, {"status": "err", "response": "Unknown error"}),
        Kind.UNAVAILABLE_503: (503, {"status": "err", "response": "Service Unavailable"}),
        Kind.INTERNAL_503: (503, None),
        Kind.UNEXPECTED: (200, {"status": "err", "response": "An unexpected response from the validators"}),
        Kind.BACKEND_TIMEOUT: (200, {"status": "err", "response": "Request timed out"}),
        Kind.OVERLOADED: (
            200,
            {"status": "err", "response": "Too many cumulative requests sent (2 > 1) for cumulative volume traded $1."},
        ),
        Kind.DUPLICATE_ID: (
            200,
            {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": "Duplicate cloid."}]}}},
        ),
        Kind.CLOCK: (200, {"status": "err", "response": "Invalid nonce: duplicate nonce 1"}),
        Kind.NOT_FOUND: (200, {"status": "unknownOid"}),
    },
}
_MESSAGES = {
    **_MESSAGES,
    "bitget-uta": {
        **_MESSAGES["bitget"],
        Kind.SERVER_ERROR: (500, {"code": "25000", "msg": "System error, please try again later", "data": None}),
        Kind.UNEXPECTED: (200, {"code": "25001", "msg": "Operation timed out", "data": None}),
        Kind.INTERNAL_503: (400, {"code": "25003", "msg": "Concurrent operation, please retry", "data": None}),
        Kind.DUPLICATE_ID: (400, {"code": "25212", "msg": "Duplicate clientOid", "data": None}),
        Kind.NOT_FOUND: (400, {"code": "25204", "msg": "Order does not exist", "data": None}),
    },
}
BAN: Final = timedelta(minutes=2)
"""The shortest ban of an address that Binance documents."""
_PAGE: Final = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_HTML: Final = {
    Kind.HTML: (200, "Scheduled maintenance"),
    Kind.WAF: (403, "403 Forbidden"),
    Kind.REQUEST_TIMEOUT: (408, "408 Request Timeout"),
    Kind.BAD_GATEWAY: (502, "502 Bad Gateway"),
    Kind.GATEWAY_TIMEOUT: (504, "504 Gateway Timeout"),
}
_BODIES: Final = {Kind.EMPTY: "", Kind.EMPTY_OBJECT: "{}", Kind.NULL: "null"}
_PROVE_NOTHING_HAPPENED: Final = {
    "binance": {Kind.BANNED, Kind.LIMITED, Kind.UNAVAILABLE_503, Kind.OVERLOADED, Kind.CLOCK, Kind.NOT_FOUND},
    "bitget": {Kind.BANNED, Kind.LIMITED, Kind.CLOCK, Kind.NOT_FOUND},
    "hyperliquid": {Kind.OVERLOADED, Kind.NOT_FOUND},
    "bitget-uta": {Kind.BANNED, Kind.LIMITED, Kind.CLOCK, Kind.NOT_FOUND},
}


def possible(kind: Kind | Odd, flavour: str) -> tuple[Effect, ...]:
    """Return the effects that a call may have had when a venue shows this fault."""
    if isinstance(kind, Odd):
        return (Effect.NONE,)  # a read
    return (Effect.NONE,) if kind in _PROVE_NOTHING_HAPPENED[flavour] else (Effect.NONE, Effect.APPLIED, Effect.LATER)


@dataclass
class Fault:
    """Break the calls that match, so many times (None: until removed).

    ``delay`` is when a call with the effect ``LATER`` is applied.
    """

    matches: Matcher
    kind: Kind | Odd | Meanwhile
    effect: Effect = Effect.NONE
    times: int | None = 1
    delay: timedelta = timedelta(seconds=5)


@dataclass
class FaultyVenue:
    """The layer: remembers all calls, and breaks those that a fault matches, the first fault first.

    ``calls`` holds every request that arrived; ``hits`` those that were broken, with the fault. ``meanwhile`` makes
    happen at the venue what such a fault says.
    """

    flavour: str
    faults: list[Fault] = field(default_factory=list)
    calls: list[Incoming] = field(default_factory=list)
    hits: list[tuple[Incoming, Fault]] = field(default_factory=list)
    meanwhile: Callable[[Meanwhile], None] = lambda _: None
    _server: VenueServer | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def attach(self, server: VenueServer) -> None:
        """Say which server is behind the layer, for calls that take effect later."""
        self._server = server

    def add(
        self, name: str, kind: Kind | Odd | Meanwhile, effect: Effect = Effect.NONE, **more: int | timedelta | None
    ) -> Fault:
        """Break a call by its name in ``CALLS``."""
        fault = Fault(route(*CALLS[self.flavour][name]), kind, effect)
        for key, value in more.items():
            setattr(fault, key, value)
        self.faults.append(fault)
        return fault

    def sent(self, name: str) -> list[Incoming]:
        """Return the calls of a name that arrived."""
        wanted = route(*CALLS[self.flavour][name])
        return [incoming for incoming in self.calls if wanted(incoming)]

    def release(self) -> None:
        """Let the calls go that hang; the server can't close while they do."""
        self._released.set()

    async def __call__(self, request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        self.calls.append(incoming)
        fault = next((one for one in self.faults if one.times != 0 and one.matches(incoming)), None)
        if fault is None:
            return respond(await serve(incoming))
        if fault.times is not None:
            fault.times -= 1
        self.hits.append((incoming, fault))
        if fault.kind is Meanwhile.DROPPED:
            return web.json_response(_acknowledged(incoming))
        if isinstance(fault.kind, Meanwhile):
            self.meanwhile(fault.kind)
            return respond(await serve(incoming))
        if isinstance(fault.kind, Odd):
            return respond(self._odd(fault.kind, incoming, await serve(incoming)))
        await self._apply(fault, incoming, serve)
        return await self._show(fault.kind, request)

    def _odd(self, odd: Odd, incoming: Incoming, answer: Answer) -> Answer:
        if answer.status != HTTPStatus.OK:
            return answer
        body = spoiled(odd, self.flavour, (incoming.method, incoming.path), answer.body, incoming.at)
        return replace(answer, body=body)

    async def _apply(self, fault: Fault, incoming: Incoming, serve: Serve) -> None:
        match fault.effect:
            case Effect.NONE:
                return
            case Effect.APPLIED:
                await serve(incoming)
            case Effect.LATER:
                assert self._server is not None
                self._server.later(incoming, fault.delay)

    async def _show(self, kind: Kind, request: web.BaseRequest) -> web.StreamResponse:
        match kind:
            case Kind.TIMEOUT:
                await self._released.wait()
                return hang_up(request)
            case Kind.DROP:
                return hang_up(request)
            case Kind.CUT:
                response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
                await response.prepare(request)
                await response.write(b'{"code": 200, "symb')
                return hang_up(request)
            case _:
                assert self._server is not None
                return answer(kind, self.flavour, self._server.venue.clock.now() + BAN)


def _acknowledged(incoming: Incoming) -> object:
    """Acknowledge an amendment as Bitget's unified account does."""
    named = {"orderId": "1", "clientOid": json.loads(incoming.body)["clientOid"]}
    return {"code": "00000", "msg": "success", "requestTime": round(incoming.at.timestamp() * 1000), "data": named}


def answer(kind: Kind, flavour: str, banned_until: datetime) -> web.Response:
    """Return the answer of a fault that has one."""
    if kind in _BODIES:
        return web.Response(text=_BODIES[kind], content_type="application/json")
    if kind in _HTML:
        status, title = _HTML[kind]
        return web.Response(status=status, text=_PAGE.format(title), content_type="text/html")
    status, body = _MESSAGES[flavour][kind]
    headers = {"Retry-After": "7"} if kind in {Kind.BANNED, Kind.LIMITED} else {}
    text = json.dumps(body).replace("{until}", str(round(banned_until.timestamp() * 1000)))
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
