"""A venue's streams, through ccxt.pro: hints that something has moved. State is always read or verified by request.

A stream that fails or falls silent is opened anew; until then the daemon's timer and the blocks of the chain go on
starting cycles, as they do without any stream.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final
from weakref import WeakSet

import aiohttp
import structlog

from bot.concurrency import backoff, cancellable, gather, raise_if_cancelled
from bot.core.telemetry_event import StreamHeard
from bot.core.types import Symbol
from bot.exchange.ccxt_api import Api, Call, WsClient
from bot.exchange.ccxt_link import Link
from bot.exchange.config import CcxtConfig
from bot.exchange.connection import api_of, hosts_in
from bot.exchange.errors import NotSent, Unbelievable
from bot.exchange.facts import VenueFacts
from bot.exchange.redact import quiet_loggers
from bot.ports import Clock, Telemetry

log = structlog.get_logger(__name__)

_FIRST_BACKOFF: Final = 1.0
_LAST_BACKOFF: Final = 60.0
_STANDS: Final = 60.0
"""Seconds after which a session counts as one that stood: the next failure is the first of its streak."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One stream: ``watch`` waits for its next message. A ``steady`` one sends every few seconds, or is dead."""

    name: str
    watch: Callable[[], Awaitable[object]]
    steady: bool = False


@dataclass(slots=True)
class Streams:
    """Follows one venue's streams until it is cancelled (a ``Service``).

    Attributes:
        link: the connection whose markets are taken over; nothing but a listen key is asked for by request here.
        facts: the venue.
        hint: called whenever the account changed, or a mark moved by ``config.stream_move`` since the last call.
        telemetry: takes every message's arrival.
    """

    link: Link
    facts: VenueFacts
    hint: Callable[[], None]
    telemetry: Telemetry
    clock: Clock
    _marks: dict[str, Decimal] = field(default_factory=dict)

    @property
    def config(self) -> CcxtConfig:
        """The account."""
        return self.link.config

    @property
    def name(self) -> str:
        """The service's name, for the log."""
        return f"streams of {self.config.venue}"

    async def run(self) -> None:
        """Keep the streams up."""
        failures = 0
        while True:
            began = self.clock.monotonic()
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - ccxt fails in any way here, and a hint less is no harm
                raise_if_cancelled()
                failures = 0 if self.clock.monotonic() - began >= _STANDS else failures
                pause = backoff(failures, _FIRST_BACKOFF, _LAST_BACKOFF)
                tell = log.warning if failures == 0 else log.debug
                reason = self.link.redact(f"{type(error).__name__}: {error}")
                tell("streams lost; cycles go on by timer", venue=self.config.venue, reason=reason, retry_in=pause)
                failures += 1
                await self.clock.sleep(pause)

    async def _follow(self) -> None:
        """Open the streams and listen, until one of them fails."""
        while not self.link.api.markets:  # read by the venue's check at the start
            await self.clock.sleep(_FIRST_BACKOFF)
        async with self.opened() as api:
            feeds = tuple(feeds_of(api, self.config.symbols))
            log.info("streams opened", venue=self.config.venue, feeds=[feed.name for feed in feeds])
            self.hint()  # what moved while there was no connection
            await gather([self._listen(feed) for feed in feeds])
        if not feeds:
            await asyncio.Event().wait()

    async def _listen(self, feed: Feed) -> None:
        limit = self.config.stream_max_age.total_seconds() if feed.steady else None
        while True:
            try:
                async with asyncio.timeout(limit):
                    message = await cancellable(feed.watch())
            except TimeoutError:
                raise TimeoutError(f"the stream {feed.name} was silent for {limit:g} s") from None
            self.telemetry.emit(StreamHeard(self.config.venue, feed.name))
            if not feed.steady or self.has_moved(message):
                self.hint()

    def has_moved(self, message: object) -> bool:
        """Return whether a mark is far from where it was at the last hint; an unreadable one is no hint."""
        now = dict(_marks(message))
        moved = any(
            abs(mark - before) > before * self.config.stream_move
            for symbol, mark in now.items()
            if (before := self._marks.get(symbol))
        )
        self._marks |= now if moved else {symbol: mark for symbol, mark in now.items() if symbol not in self._marks}
        return moved

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Api]:
        """Return a ccxt object of its own, which reaches the venue's hosts and nothing else."""
        pro = await asyncio.to_thread(importlib.import_module, "ccxt.pro")
        quiet_loggers()
        api = api_of(pro, self.config, self.facts, self.clock)
        api.set_markets(list((self.link.api.markets or {}).values()))
        api.options["watchPositions"] = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
        api.options["timeDifference"] = self.link.api.options.get("timeDifference", 0)
        # where a venue's own class keeps what its streams tell its requests
        api.options["shared"] = self.link.api.options.setdefault("shared", {})
        own = self.facts.demo_stream_hosts if self.config.demo else self.facts.stream_hosts
        rest = self.facts.demo_hosts if self.config.demo else self.facts.hosts
        guard = Guard(rest | (own or frozenset(hosts_in(api))))
        connector = self.config.connector() if self.config.connector is not None else aiohttp.TCPConnector()
        async with aiohttp.ClientSession(connector=connector, middlewares=(guard,)) as session:
            api.session, api.own_session = session, False
            _end_at_odd_messages(api)
            try:
                yield api
            finally:
                await api.close()


@dataclass(frozen=True, slots=True)
class Guard:
    """Allows requests only to ``hosts``, encrypted."""

    hosts: frozenset[str]

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Pass a request on, or stop it."""
        url = request.url
        if url.scheme not in {"https", "wss"} or url.host not in self.hosts:
            raise NotSent(f"a stream to {url.scheme}://{url.host} was stopped; allowed: {sorted(self.hosts)}")
        return await handler(request)


def _end_at_odd_messages(api: Api) -> None:
    """Fail a connection, and its listeners, where a message can't be parsed.

    ccxt reads messages in a callback: an exception there would end the listening and leave the connection open.
    """
    make: Callable[[str], WsClient] = api.client

    def client(url: str) -> WsClient:
        made = make(url)
        if made not in guarded:
            guarded.add(made)
            hear = made.handle_message

            def heard(message: object) -> None:
                try:
                    hear(message)
                except Exception as error:  # noqa: BLE001 - ccxt parses unguarded
                    made.on_error(Unbelievable(f"{type(error).__name__}: {error}"))

            made.handle_message = heard
        return made

    guarded = WeakSet[WsClient]()
    api.client = client


def feeds_of(api: Api, symbols: Sequence[Symbol]) -> Iterator[Feed]:
    """Return the streams that ccxt has of this venue; a venue may have none."""

    def watching(method: str, *args: object) -> Callable[[], Awaitable[object]]:
        call: Call = getattr(api, method)
        return lambda: call(*args)

    if api.has.get("watchOrders") is True:
        yield Feed("orders", watching("watch_orders"))
    if api.has.get("watchPositions") is True:
        yield Feed("positions", watching("watch_positions", list(symbols)))
    for capability, method in (("watchMarkPrices", "watch_mark_prices"), ("watchTickers", "watch_tickers")):
        if api.has.get(capability) is True:
            yield Feed("marks", watching(method, list(symbols)), steady=True)
            return


def _marks(message: object) -> Iterator[tuple[str, Decimal]]:
    """Read the marks out of ccxt's tickers, as far as they can be read."""
    for symbol, ticker in message.items() if isinstance(message, Mapping) else ():
        if not isinstance(ticker, Mapping):
            continue
        raw = ticker.get("info")
        told = ticker.get("markPrice") or (raw.get("markPrice") if isinstance(raw, Mapping) else None)
        try:
            mark = Decimal(str(told))
        except InvalidOperation:
            continue
        if mark.is_finite() and mark > 0:
            yield str(symbol), mark
