"""A list of endpoints with failover, under one web3: the first believable answer wins, in the configured order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import aiohttp

from bot.chain.budget import Budget
from bot.chain.endpoint import Endpoint, Params
from bot.chain.rpc_errors import Meaning, RateLimited, RpcError
from bot.concurrency import backoff
from bot.core.errors import DnbotError, Retryable
from bot.ports import Clock

if TYPE_CHECKING:
    from web3 import AsyncWeb3
    from web3.providers.async_base import AsyncBaseProvider

T = TypeVar("T")
COOL_FIRST: Final = 1.0
COOL_MOST: Final = 60.0
MAX_CONNECTIONS: Final = 8
"""To one host: a snapshot without Multicall3 may be dozens of batches, and a provider counts requests at once."""
_ABOUT_THE_REQUEST: Final = frozenset(
    {Meaning.CONTRACT, Meaning.TOO_LARGE, Meaning.TOO_MANY_RESULTS, Meaning.UNSUPPORTED}
)
"""Refusals that don't reflect on the endpoint's other requests."""


@dataclass(slots=True)
class _Health:
    """The penalty of failures: it is asked last until ``cool_until``, and not at all until ``mute_until``."""

    failures: int = 0
    cool_until: float = 0.0
    mute_until: float = 0.0
    why_mute: str = ""


class RpcClient:
    """Reads from the first endpoint that answers believably.

    An endpoint that failed goes to the end of the line for 1 s, doubling up to a minute; one that says it is out of
    quota is not asked at all for as long. One that refuses a request for what it asks (a wide range, a reverting call)
    stays where it is. Every method only reads, so that a request may be repeated elsewhere.

    Args:
        urls: the endpoints, in order of preference.
        timeout: of one request, seconds.
        clock: for pauses and budgets.
        requests_per_day: the budget of each endpoint; None: as many as are wanted.
        rounds: how often all endpoints are tried, with pauses in between, before a read fails.
        on_failure: called for each request that got no believable answer from its endpoint.
    """

    web3: AsyncWeb3[AsyncBaseProvider]
    """What all requests go through; those of ``first`` and ``request`` are bound to one endpoint each."""

    def __init__(
        self,
        urls: tuple[str, ...],
        *,
        timeout: float,
        clock: Clock,
        requests_per_day: int | None = None,
        rounds: int = 1,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        from bot.chain.provider import open_web3  # noqa: PLC0415 - web3 takes half a second, only where a chain is read

        self._clock, self._rounds, self._on_failure = clock, rounds, on_failure
        self._session: aiohttp.ClientSession | None = None
        self.web3 = open_web3(self.first)
        self.endpoints = tuple(
            Endpoint(url, number, timeout, self._open, self.web3, Budget(requests_per_day, clock))
            for number, url in enumerate(urls)
        )
        self._health = {endpoint.number: _Health() for endpoint in self.endpoints}

    async def first(self, work: Callable[[Endpoint], Awaitable[T]], *, start: Endpoint | None = None) -> T:
        """Run ``work`` on one endpoint after the other until one succeeds without a Retryable.

        Args:
            work: what to read; raises Retryable for every answer that it does not believe.
            start: the endpoint to begin with, where an earlier answer came from it.

        Raises:
            Retryable: every endpoint failed, in every round; the message says how each of them failed in the last.
        """
        for again in range(1, self._rounds):
            try:
                return await self._round(work, start)
            except Retryable:
                muted = min(health.mute_until for health in self._health.values()) - self._clock.monotonic()
                await self._clock.sleep(max(backoff(again - 1, COOL_FIRST, COOL_MOST), muted))
        return await self._round(work, start)

    async def _round(self, work: Callable[[Endpoint], Awaitable[T]], start: Endpoint | None) -> T:
        failures: list[str] = []
        for endpoint in self._line(start):
            health, now = self._health[endpoint.number], self._clock.monotonic()
            if health.mute_until > now:
                failures.append(f"{health.why_mute}: left alone for another {health.mute_until - now:.1f} s")
                continue
            try:
                done = await work(endpoint)
            except Retryable as error:
                said = str(error)
                failures.append(said if said.startswith(endpoint.label) else str(endpoint.fault(said)))
                self.suspect(endpoint, error)
            else:
                # An endpoint that answers one thing and fails at another stays at the end of the line for its time.
                if health.cool_until <= now:
                    health.failures = 0
                return done
        raise Retryable("; ".join(failures))

    async def request(self, method: str, params: Params, parse: Callable[[object], T]) -> T:
        """Send one request; where ``parse`` raises Retryable instead of giving a value, the next endpoint is asked.

        Raises:
            Retryable: every endpoint failed.
        """

        async def work(endpoint: Endpoint) -> T:
            return parse(await endpoint.request(method, params))

        return await self.first(work)

    def suspect(self, endpoint: Endpoint, error: DnbotError) -> None:
        """Penalise an endpoint for an error, unless it is about the request alone."""
        if isinstance(error, RpcError) and error.meaning in _ABOUT_THE_REQUEST:
            return
        self._on_failure()
        health, now = self._health[endpoint.number], self._clock.monotonic()
        pause = backoff(health.failures, COOL_FIRST, COOL_MOST)
        health.failures += 1
        health.cool_until = now + pause
        if isinstance(error, RateLimited):
            health.mute_until = now + (pause if error.seconds is None else min(error.seconds, COOL_MOST))
            health.why_mute = str(error)

    def others(self, endpoint: Endpoint, *, at_ease: bool = False) -> list[Endpoint]:
        """Return the endpoints besides one that may be asked now, in the order in which they would be.

        ``at_ease``: without those that failed a moment ago.
        """
        now, healths = self._clock.monotonic(), self._health

        def may(health: _Health) -> bool:
            return health.mute_until <= now and not (at_ease and health.cool_until > now)

        return [one for one in self._line(None) if one is not endpoint and may(healths[one.number])]

    def pause(self, calls: float) -> float:
        """Return the seconds to leave between two rounds of so many requests, by the budget that has most left."""
        return min(endpoint.budget.pause(calls) for endpoint in self.endpoints)

    @property
    def spent(self) -> int:
        """How many requests were sent, each call of a batch counted."""
        return sum(endpoint.budget.spent for endpoint in self.endpoints)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        """Open the session at its first use, since aiohttp needs a running loop for it."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit_per_host=MAX_CONNECTIONS)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    def _line(self, start: Endpoint | None) -> list[Endpoint]:
        now = self._clock.monotonic()

        def place(endpoint: Endpoint) -> tuple[bool, float, float, int]:
            cool = self._health[endpoint.number].cool_until
            return (endpoint is not start, cool if cool > now else 0.0, endpoint.budget.pause(1), endpoint.number)

        return sorted(self.endpoints, key=place)
