"""The HTTP server as the daemon runs it: started and closed with it, and subscribed to all events."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Final, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.core.errors import ConfigError
from bot.ports import Clock
from bot.telemetry.about import About
from bot.telemetry.health import Pulse
from bot.telemetry.metrics.registry import Metrics
from bot.telemetry.publisher import Shown
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.dashboard_state import Board, History, Past
from bot.telemetry.web.routes import Pages

_GRACE: Final = 2.0
"""Seconds that requests in hand get when the server closes."""
_MOST: Final = 64
"""Connections at once; one more is closed as it comes. A page needs two, a scraper and a health check one each."""


class HttpServer:
    """Health, metrics and the status page on one port: a Subscriber, and an async context manager.

    Args:
        config: the port and its limits.
        clock: the daemon's clock.
        about: which bot this is.
        history: gives what the page shows of the time before the start; called once, by ``start``.
    """

    def __init__(self, config: HttpConfig, clock: Clock, about: About, history: History = Past) -> None:
        self._config, self._history = config, history
        self._pulse = Pulse(clock, config.stale_after)
        self.metrics = Metrics(about, clock, self._pulse)
        self._board = Board(about, clock, self._pulse, config.history)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the server listens, once it was started; it ends without a slash."""
        if self._listener is None:
            raise RuntimeError("the server was not started")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address can't be bound.
        """
        self._board.remember(self._history())
        pages = Pages(self._pulse, self.metrics, self._board, self._config.names)
        runner = web.AppRunner(
            pages.app(),
            access_log=None,
            logger=_logger(),
            shutdown_timeout=_GRACE,
            keepalive_timeout=self._config.idle,
        )
        await runner.setup()

        def accept() -> asyncio.Protocol:
            server = runner.server
            return _Closed() if server is None or len(server.connections) >= _MOST else server()

        try:
            loop = asyncio.get_running_loop()
            self._listener = await loop.create_server(accept, self._config.host, self._config.port, backlog=_MOST)
        except OSError as error:
            await runner.cleanup()
            where = f"{self._config.host}:{self._config.port}"
            reason = f"can't listen at {where} ({error.strerror}); choose another host or port, or enabled = false"
            raise ConfigError(reason, key="http.port") from error
        self._runner = runner

    async def close(self) -> None:
        """Release every reader and free the port."""
        self._board.close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def take(self, shown: Shown) -> None:
        """Handle an event."""
        self._pulse.take(shown)
        self.metrics.take(shown)
        self._board.take(shown)


def _logger() -> logging.Logger:
    """Return a logger that drops clients' errors: aiohttp would write a traceback for each request."""
    logger = logging.getLogger("aiohttp.server.dnbot")
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


class _Closed(asyncio.Protocol):
    """The protocol of a connection beyond the limit."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()
