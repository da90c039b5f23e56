"""A venue behind HTTP on the loopback: one request after the other, TLS if a certificate is given."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.core.errors import Retryable
from bot.paper.servers.venue import Answer, Dialect, Incoming, Venue

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
    """

    def __init__(
        self, venue: Venue, dialect: Dialect, *, tls: ssl.SSLContext | None = None, around: Around | None = None
    ) -> None:
        self.venue = venue
        self._dialect = dialect
        self._tls = tls
        self._around = around
        self._lock = asyncio.Lock()
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.5)
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on a port of the loopback; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self._tls).start()
        self.port = int(self._runner.addresses[0][1])

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
        """Answer one request, after those that came before it."""
        async with self._lock:
            try:
                self.venue.move()
            except Retryable as error:
                return self._dialect.away(str(error))
            return self._dialect.answer(self.venue, incoming)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = Incoming(request.method, path, query, headers, await request.read())
        if self._around is not None:
            return await self._around(request, incoming, self.serve)
        return respond(await self.serve(incoming))


def respond(answer: Answer) -> web.Response:
    """Put an answer on the wire."""
    return web.Response(
        body=answer.body, status=answer.status, headers=answer.headers, content_type="application/json", charset="utf-8"
    )
