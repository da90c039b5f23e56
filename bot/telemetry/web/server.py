"""The HTTP server as the daemon sees it: started and closed with it, and told of everything that happens."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from aiohttp import web

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

    @property
    def url(self) -> str:
        """Where the server listens, once it was started; it ends without a slash."""
        if self._runner is None:
            raise RuntimeError("the server was not started")
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address can't be had.
        """
        self._board.remember(self._history())
        pages = Pages(self._pulse, self.metrics, self._board, self._config.names)
        runner = web.AppRunner(pages.app(), access_log=None, shutdown_timeout=_GRACE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._config.host, self._config.port).start()
        except OSError as error:
            await runner.cleanup()
            where = f"{self._config.host}:{self._config.port}"
            reason = f"can't listen at {where} ({error.strerror}); choose another host or port, or enabled = false"
            raise ConfigError(reason, key="http.port") from error
        self._runner = runner

    async def close(self) -> None:
        """Let every reader go and free the port."""
        self._board.close()
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
        """Take what happened."""
        self._pulse.take(shown)
        self.metrics.take(shown)
        self._board.take(shown)
