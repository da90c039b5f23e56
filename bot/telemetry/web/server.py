"""The HTTP server as the daemon sees it: started and closed with it, and told of everything that happens."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from bot.core.errors import ConfigError
from bot.core.orders import Intent, LedgerEntry, NotFound, Outcome
from bot.core.record import CycleRecord, Event
from bot.core.types import ChainName, VenueId
from bot.ports import Clock, Phase
from bot.telemetry.about import About
from bot.telemetry.health import Pulse
from bot.telemetry.metrics.registry import Metrics
from bot.telemetry.results import Results
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.dashboard_state import Board, History, Past
from bot.telemetry.web.routes import Pages

_GRACE: Final = 2.0
"""Seconds that requests in hand get when the server closes."""


class HttpServer:
    """Health, metrics and the status page on one port: a Publisher and a Meter, and an async context manager.

    Args:
        config: the port and its limits.
        clock: the daemon's clock.
        about: which bot this is.
        history: gives what the page shows of the time before the start; called once, by ``start``.
    """

    def __init__(self, config: HttpConfig, clock: Clock, about: About, history: History = Past) -> None:
        self._config, self._history = config, history
        self._pulse = Pulse(clock, config.stale_after)
        self._results = Results()
        self.metrics = Metrics(about, clock, self._pulse, self._results)
        self._board = Board(about, clock, self._pulse, self._results, config.history)
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

    def publish(self, record: CycleRecord) -> None:
        """Take a cycle's record."""
        self._pulse.publish(record)
        self._results.publish(record)
        self.metrics.publish(record)
        self._board.publish(record)

    def phase(self, phase: Phase, seconds: float) -> None:
        """Take how long a part of a cycle took."""
        self.metrics.phase(phase, seconds)

    def cycle_failed(self, error: str) -> None:
        """Count a cycle that ended in an error."""
        self.metrics.cycle_failed(error)

    def rpc_error(self, chain: ChainName) -> None:
        """Count a failed request to a chain's endpoint."""
        self.metrics.rpc_error(chain)

    def venue_error(self, venue: VenueId) -> None:
        """Count a failed request to a venue."""
        self.metrics.venue_error(venue)

    def stream_heard(self, venue: VenueId, stream: str) -> None:
        """Take that a venue's stream has spoken."""
        self.metrics.stream_heard(venue, stream)

    def outcome(self, intent: Intent, outcome: Outcome | NotFound) -> None:
        """Take what became of an order."""
        self.metrics.outcome(intent, outcome)
        self._board.outcome(intent, outcome)

    def ledger(self, venue: VenueId, entries: Sequence[LedgerEntry]) -> None:
        """Take cash movements."""
        self.metrics.ledger(venue, entries)

    def event(self, event: Event) -> None:
        """Take an event."""
        self.metrics.event(event)
        self._board.event(event)
