"""The HTTP routes: what each answers, and the headers that all of them send."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from bot.telemetry.health import Answer, Pulse
from bot.telemetry.metrics import registry
from bot.telemetry.metrics.registry import Metrics
from bot.telemetry.web.config import is_allowed_host
from bot.telemetry.web.dashboard_state import Board
from bot.telemetry.web.status_json import dumps

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Plotly writes style elements and attributes of its own; its scripts need no inline code and no eval.
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE: Final = Path(__file__).parent / "page"
_READERS: Final = 32
_SILENCE: Final = 15.0
"""Seconds after which a comment is sent, so that a reader that is gone is noticed."""
_SLOWEST: Final = 30.0
"""Seconds that a reader may take to take a change; one that reads no more makes room for others."""
_LONGEST: Final = 120.0
"""Seconds that a client may take to take a whole answer, of which plotly's script (1.2 MB) is the longest."""


class Pages:
    """The handlers."""

    def __init__(self, pulse: Pulse, metrics: Metrics, board: Board, names: frozenset[str]) -> None:
        self._pulse, self._metrics, self._board, self._names = pulse, metrics, board, names
        self._run = secrets.token_hex(4)
        self._readers = 0

    def app(self) -> web.Application:
        """Make the application: GET only."""
        app = web.Application(middlewares=[_answer, self._check_host])
        app.on_response_prepare.append(_add_headers)
        handlers: dict[str, Handler] = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/metrics": self._text,
            "/status": self._status,
            "/events": self._events,
        }
        app.add_routes([web.get(path, handler, allow_head=False) for path, handler in handlers.items()])
        app.add_routes([_file(f"/{item.name}", item) for item in sorted(_PAGE.iterdir())])
        app.add_routes([_file("/", _PAGE / "index.html")])
        return app

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_allowed_host(request.headers.get("Host", ""), self._names):
            raise web.HTTPForbidden(text="this host name is not one of dnbot's; add it to http.names\n")
        return await handler(request)

    async def _livez(self, _: web.Request) -> web.Response:
        return _health(self._pulse.live())

    async def _readyz(self, _: web.Request) -> web.Response:
        return _health(self._pulse.ready())

    async def _text(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": registry.CONTENT_TYPE})

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(text=self._board.status())

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the whole past once and each change as it comes; a reader that reconnects gets what it missed."""
        if self._readers >= _READERS:
            raise web.HTTPServiceUnavailable(text="too many readers\n", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        self._readers += 1
        try:
            await response.prepare(request)
            await self._feed(response, self._seen(request.headers.get("Last-Event-ID", "")))
        except (ConnectionError, TimeoutError):  # the reader is gone, or reads no more
            request.protocol.force_close()
        finally:
            self._readers -= 1
        return response

    async def _feed(self, response: web.StreamResponse, seen: int) -> None:
        event = "more" if seen else "all"
        while not self._board.is_closed:
            changed, update = self._board.changed, self._board.update(seen)
            seen = update.last
            head = f"event: {event}\nid: {self._run}-{seen}\n"
            await _written(response, f"{head}data: {update.text}\n\n".encode())
            event = "more"
            while not await _soon(changed):
                await _written(response, b": still here\n\n")

    def _seen(self, last_id: str) -> int:
        """Return the position that a reader has; 0 for a new one, or one of an earlier run."""
        run, _, position = last_id.partition("-")
        return int(position) if run == self._run and position.isascii() and position.isdigit() else 0


@web.middleware
async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the answer; the connection of a client that does not read it is closed."""
    response = await handler(request)
    try:
        async with asyncio.timeout(_LONGEST):
            await response.prepare(request)
            await response.write_eof()
    except ConnectionError:  # the client is gone
        pass
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


async def _written(response: web.StreamResponse, text: bytes) -> None:
    async with asyncio.timeout(_SLOWEST):
        await response.write(text)


async def _soon(changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(_SILENCE):
            return await changed.wait()
    except TimeoutError:
        return False


def _health(answer: Answer) -> web.Response:
    return web.json_response(text=dumps(answer.body()), status=answer.status)


def _file(path: str, file: Path) -> web.RouteDef:
    async def send(_: web.Request) -> web.FileResponse:
        return _File(file, headers={"Cache-Control": "no-cache"})

    return web.get(path, send, allow_head=False)


class _File(web.FileResponse):
    """A file that is sent once: aiohttp prepares an answer again after the middleware has sent it."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head and the file, the first time."""
        return None if self.prepared else await super().prepare(request)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
