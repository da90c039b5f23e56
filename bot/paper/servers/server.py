"""A venue behind HTTP on the loopback: one request after the other, TLS if a certificate is given."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from aiohttp import WSMsgType, web

from bot.core.errors import Retryable
from bot.paper.engine.rules import WindowKind
from bot.paper.servers.push import Channel
from bot.paper.servers.venue import Answer, Dialect, Errand, Incoming, Venue

_TICK: Final = 0.05
"""Seconds between two observations at what a stream has to tell."""

Serve = Callable[[Incoming], Awaitable[Answer]]
Around = Callable[[web.BaseRequest, Incoming, Serve], Awaitable[web.StreamResponse]]
"""Stands between the wire and the venue: may call ``serve`` or not, and answer what it likes."""


class VenueServer:
    """Serves one venue in one wire format.

    Args:
        venue: the customers and their market.
        dialect: the wire format.
        tls: the server's certificate; plain HTTP without it.
        around: stands between the wire and the venue, for faults.

    ``lag`` may be set at any time: reads are answered from the state of so long ago, as far as the venue remembers.
    So may ``mute``: streams stay open, and nothing comes any more.
    """

    def __init__(
        self, venue: Venue, dialect: Dialect, *, tls: ssl.SSLContext | None = None, around: Around | None = None
    ) -> None:
        self.venue = venue
        self.lag = timedelta(0)
        self.mute = False
        self._dialect = dialect
        self._later: list[tuple[datetime, Incoming]] = []
        self._tls = tls
        self._around = around
        self._lock = asyncio.Lock()
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.5)
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    async def start(self, listening: socket.socket | None = None) -> None:
        """Listen on a socket of the loopback; None takes a free port."""
        await self._runner.setup()
        bound = listening or bind()
        await web.SockSite(self._runner, bound, ssl_context=self._tls).start()
        self.port = int(bound.getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end all connections."""
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def serve(self, incoming: Incoming) -> Answer:
        """Answer one request after those that came before it, as late as the venue's hardships want it."""
        await self._travel(incoming)
        async with self._lock:
            try:
                now = self.venue.move()
            except Retryable as error:
                return self._dialect.away(str(error))
            self._catch_up(now)
            if not self._dialect.is_read(incoming):
                answer = self._dialect.answer(self.venue, incoming)
                self.venue.remember()
                return answer
            self.venue.remember()
            return self._dialect.answer(self.venue.seen(self.lag), incoming)

    def later(self, incoming: Incoming, delay: timedelta) -> None:
        """Let a request take effect some time from now; nobody gets its answer."""
        self._later.append((self.venue.clock.now() + delay, incoming))

    def _catch_up(self, now: datetime) -> None:
        due = [one for one in self._later if one[0] <= now]
        self._later = [one for one in self._later if one[0] > now]
        for _, incoming in due:
            self._dialect.answer(self.venue, incoming)

    async def _travel(self, incoming: Incoming) -> None:
        """Wait as long as a request takes to reach the order system."""
        hardships = self.venue.rules.hardships
        match self._dialect.errand(incoming):
            case Errand.PLACE:
                latency = hardships.order_latency
            case Errand.CANCEL:
                latency = hardships.cancel_latency
            case Errand.OTHER:
                return
        if hardships.jitter:
            latency += hardships.jitter * float(self.venue.tape.account.drawn())
        if latency:
            await self.venue.clock.sleep(latency.total_seconds())

    def _is_silent(self) -> bool:
        window = self.venue.rules.hardships.window(self.venue.clock.now())
        return window is not None and window.kind is WindowKind.OUTAGE

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        at = self.venue.clock.now()
        incoming = Incoming(request.method, path, query, headers, await request.read(), at)
        if self._is_silent():
            return hang_up(request)
        if headers.get("upgrade", "").lower() == "websocket":
            channel = self._dialect.channel(self.venue, incoming)
            return respond(channel) if isinstance(channel, Answer) else await self._stream(request, channel)
        if self._around is not None:
            return await self._around(request, incoming, self.serve)
        answer = await self.serve(incoming)
        return hang_up(request) if self._is_silent() else respond(answer)

    async def _stream(self, request: web.BaseRequest, channel: Channel) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._tell(socket, channel))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    for text in channel.heard(message.data):
                        await socket.send_str(text)
            telling.cancel()
        return socket

    async def _tell(self, socket: web.WebSocketResponse, channel: Channel) -> None:
        """Push what is new until the client is gone; nothing while the venue is silent or mute."""
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                if not self.mute and not self._is_silent():
                    for text in await self._news(channel):
                        await socket.send_str(text)
                await self.venue.clock.sleep(_TICK)

    async def _news(self, channel: Channel) -> Sequence[str]:
        async with self._lock:
            try:
                self._catch_up(self.venue.move())
            except Retryable:
                return ()
            return channel.news()


def bind(port: int = 0) -> socket.socket:
    """Take a port of the loopback; 0 takes a free one.

    Raises:
        OSError: it is taken.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


def respond(answer: Answer) -> web.Response:
    """Put an answer on the wire."""
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers=answer.headers,
        content_type=answer.content_type,
        charset="utf-8",
    )


def hang_up(request: web.BaseRequest) -> web.Response:
    """Break the connection off, so that the client gets no answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
