"""The transport under ccxt: an aiohttp middleware that sees every request and response, however ccxt interprets them.

Before a request leaves, its host, its demo header and its budget are checked, and a write must pass the gate. What came
back is kept as a ``Wire``, which outcomes are judged by; a read whose body can't be believed never reaches ccxt.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import aiohttp

from bot.exchange import validation
from bot.exchange.errors import Busy, NotSent, Unreachable
from bot.exchange.facts import VenueFacts
from bot.exchange.limiter import Limiter
from bot.exchange.redact import Redactor

_SLOW_DOWN: Final = frozenset({418, 429})
MAX_BODY: Final = 32 * 2**20
"""Bytes of an answer, decompressed; the largest honest one, a venue's list of markets, is a tenth of that."""
_LONGEST_BAN: Final = 3 * 86_400.0
"""Seconds; documented: bans grow from two minutes to three days. No malformed value makes one last for years."""
_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")


@dataclass(slots=True)
class Wire:
    """One request as it went over the wire, and what came back.

    ``is_read`` is the venue's own division of its requests; ``sent`` turns true when the request is handed to the
    connection; ``answer`` is the parsed body of a believable success; ``status`` is None until an answer came whole.
    """

    method: str
    path: str
    is_read: bool
    sent: bool = False
    status: int | None = None
    code: str = ""
    message: str = ""
    answer: object = None


@dataclass(frozen=True, slots=True)
class RequestStyle:
    """How the requests of the present task are treated.

    Attributes:
        urgent: may they use the reserve.
        max_wait: how many seconds they may queue.
        gate: gives the reason why none may leave any more, asked when it is stamped and has queued.
    """

    urgent: bool = False
    max_wait: float = 2.0
    gate: Callable[[], str | None] = lambda: None


_WIRES: ContextVar[list[Wire] | None] = ContextVar("wires", default=None)
_STYLE: ContextVar[RequestStyle] = ContextVar("style", default=RequestStyle())  # noqa: B039 - RequestStyle is frozen


@contextmanager
def recording(style: RequestStyle) -> Iterator[list[Wire]]:
    """Collect the wires of the requests made inside, by this task or tasks that it starts."""
    wires: list[Wire] = []
    wires_token, manner_token = _WIRES.set(wires), _STYLE.set(style)
    try:
        yield wires
    finally:
        _WIRES.reset(wires_token)
        _STYLE.reset(manner_token)


@dataclass(frozen=True, slots=True)
class Transport:
    """The middleware.

    Attributes:
        facts: the venue.
        hosts: the hosts that requests may go to.
        demo: whether requests belong to the demo system.
        limiter: the request budget.
        gate: gives the reason why no write may leave now, or None.
        now_ms: the venue's time in milliseconds, for bans that name their end.
        redact: redacts foreign text.
    """

    facts: VenueFacts
    hosts: frozenset[str]
    demo: bool
    limiter: Limiter
    gate: Callable[[], str | None]
    now_ms: Callable[[], int]
    redact: Redactor

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], object]
    ) -> aiohttp.ClientResponse:
        """Forward a request, if it may be sent, and inspect the response."""
        self._check_destination(request)
        wire = self._begin(request)
        style = _STYLE.get()
        try:
            await self.limiter.acquire(
                self.facts.charges(wire.method, wire.path, dict(request.url.query)),
                urgent=style.urgent,
                max_wait=style.max_wait,
            )
        except Busy as error:
            if not wire.is_read:
                raise NotSent(str(error)) from error
            raise
        if (reason := style.gate()) is not None:
            raise NotSent(reason)
        return await self._exchange(request, handler, wire)

    def _check_destination(self, request: aiohttp.ClientRequest) -> None:
        url = request.url
        if url.scheme != "https" or url.host not in self.hosts or url.explicit_port not in (None, 443):
            allowed = ", ".join(sorted(self.hosts))
            raise NotSent(f"a request to {url.scheme}://{url.host} was stopped; allowed: {allowed}")
        if self.facts.demo_header is None or self.facts.key_header not in request.headers:
            return
        name, value = self.facts.demo_header
        if (request.headers.get(name) == value) is not self.demo:
            raise NotSent(f"a request whose header {name} does not match demo = {self.demo} was stopped")

    def _begin(self, request: aiohttp.ClientRequest) -> Wire:
        wires = _WIRES.get()
        method, path = request.method, request.url.path
        wire = Wire(method, self.facts.endpoint(path, _sent_body(request)), self.facts.is_read(method, path))
        if not wire.is_read:
            if wires is None:
                raise NotSent("a write outside of a recorded call was stopped")
            if any(not other.is_read and other.sent for other in wires):
                raise NotSent("a second sending of one write was stopped")
            if (reason := self.gate()) is not None:
                raise NotSent(reason)
        if wires is not None:
            wires.append(wire)
        return wire

    async def _exchange(
        self, request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], object], wire: Wire
    ) -> aiohttp.ClientResponse:
        wire.sent = True
        try:
            response: aiohttp.ClientResponse = await handler(request)  # type: ignore[misc] # aiohttp's own handler type
            body = await _bounded_body(response)
        except aiohttp.ClientConnectorError as error:
            wire.sent = False  # no connection, so no byte of the request was sent
            if wire.is_read:
                raise Unreachable(_unconnected(request, error)) from error
            raise NotSent(_unconnected(request, error)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            wire.message = type(error).__name__
            if wire.is_read:
                raise Unreachable(f"no whole answer from {request.url.host}: {type(error).__name__}") from error
            raise
        self._judge(wire, response, body)
        return response

    def _judge(self, wire: Wire, response: aiohttp.ClientResponse, body: bytes) -> None:
        """Fill in the wire; raise for a read that can't be believed."""
        self._count(response.headers)
        parsed = validation.parsed(response.headers.get("Content-Type", ""), body)
        code, words = self.facts.words(parsed, body)
        wire.status, wire.code, wire.message = response.status, code, self.redact(words)
        if response.status in _SLOW_DOWN or wire.code == "429":
            self.limiter.back_off(self._silence(response.headers, wire.message))
        answer = validation.Answer(wire.is_read, wire.path, response.status, code, wire.message, parsed)
        fault = validation.fault(answer, self.facts)
        if fault is None:
            wire.answer = parsed
        elif wire.is_read:
            raise fault

    def _count(self, headers: Mapping[str, str]) -> None:
        for name, window in self.facts.counted.items():
            used = headers.get(name, "")
            if used.isdecimal():
                self.limiter.told(window, int(used))

    def _silence(self, headers: Mapping[str, str], words: str) -> float:
        """Return how long to be silent: the ban's end, the Retry-After, or the venue's usual time."""
        banned, said = _BANNED_UNTIL.search(words), headers.get("Retry-After", "")
        if banned is not None:
            seconds = max(1.0, (int(banned[1]) - self.now_ms()) / 1000)
        else:
            seconds = float(said) if said.isdecimal() else self.facts.silence
        return min(seconds, _LONGEST_BAN)


def _sent_body(request: aiohttp.ClientRequest) -> bytes:
    """Return the body of a request, as far as it is one of bytes, which all of ccxt's are."""
    body = request.body
    return body._value if isinstance(body, aiohttp.BytesPayload) else b""  # noqa: SLF001 - as_bytes() would wait


async def _bounded_body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer's body, and leave it with the response, which ccxt reads it from again.

    Raises:
        aiohttp.ClientPayloadError: it is larger than any honest answer.
    """
    try:
        response._body = b"".join([part async for part in _parts(response)])  # noqa: SLF001 - what read() would keep
    except BaseException:
        response.close()
        raise
    return response._body  # noqa: SLF001 - there is no public way to bound it


async def _parts(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_BODY:
            raise aiohttp.ClientPayloadError(f"an answer above {MAX_BODY} bytes")
        yield part


def _unconnected(request: aiohttp.ClientRequest, error: aiohttp.ClientConnectorError) -> str:
    """Return why there is no connection; a certificate that is not trusted has a remedy of its own."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "not verified"
        hint = "behind redirect_to, ca_file must be what that server wrote; else something stands in between"
        return f"{request.url.host} shows a certificate that is not trusted ({why}); {hint}"
    return f"no connection to {request.url.host}"
