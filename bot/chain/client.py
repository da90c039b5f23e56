"""A list of endpoints with failover: the first believable answer wins, in the order of the configuration."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import aiohttp

from bot.chain.endpoint import Endpoint, RateLimited
from bot.core.errors import Retryable
from bot.ports import Clock

T = TypeVar("T")
COOL_FIRST: Final = 1.0
COOL_MOST: Final = 60.0
MAX_CONNECTIONS: Final = 8
"""To one host: a snapshot without Multicall3 may be dozens of batches, and a provider counts requests at once."""


@dataclass(slots=True)
class _Health:
    """What failures cost an endpoint: it is asked last until ``cool_until``, and not at all until ``mute_until``."""

    failures: int = 0
    cool_until: float = 0.0
    mute_until: float = 0.0


class RpcClient:
    """Reads from the first endpoint that answers believably.

    An endpoint that failed goes to the end of the line for 1 s, doubling up to a minute; one that says it is out of
    quota is not asked at all for as long. Every method only reads, so that a request may be repeated elsewhere.
    ``on_failure`` is called for each request that got no believable answer from its endpoint.
    """

    def __init__(
        self,
        urls: tuple[str, ...],
        *,
        timeout: float,
        clock: Clock,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock, self._on_failure = clock, on_failure
        self._session: aiohttp.ClientSession | None = None
        self.endpoints = tuple(
            Endpoint(url=url, number=number, timeout=timeout, session=self._open) for number, url in enumerate(urls)
        )
        self._health = {endpoint.number: _Health() for endpoint in self.endpoints}

    async def first(self, work: Callable[[Endpoint], Awaitable[T]], *, start: Endpoint | None = None) -> T:
        """Do ``work`` on one endpoint after the other until one of them does it without a Retryable.

        Args:
            work: what to read; raises Retryable for every answer that it does not believe.
            start: the endpoint to begin with, where an earlier answer came from it.

        Raises:
            Retryable: every endpoint failed; the message tells how each of them did.
        """
        failures: list[str] = []
        for endpoint in self._line(start):
            health, now = self._health[endpoint.number], self._clock.monotonic()
            if health.mute_until > now:
                failures.append(f"{endpoint.label}: out of quota, left alone for {health.mute_until - now:.0f} s")
                continue
            try:
                done = await work(endpoint)
            except Retryable as error:
                said = str(error)
                failures.append(said if said.startswith(endpoint.label) else str(endpoint.fault(said)))
                self._failed(endpoint, error)
            else:
                # An endpoint that answers one thing and fails at another stays at the end of the line for its time.
                if health.cool_until <= now:
                    health.failures = 0
                return done
        raise Retryable("; ".join(failures))

    async def request(self, method: str, params: list[object], parse: Callable[[object], T]) -> T:
        """Send one request; where ``parse`` raises Retryable instead of giving a value, the next endpoint is asked.

        Raises:
            Retryable: every endpoint failed.
        """
        text = json.dumps(params, separators=(",", ":"))

        async def work(endpoint: Endpoint) -> T:
            return parse(await endpoint.request(method, text))

        return await self.first(work)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        """Open the session at its first use, since aiohttp needs a running loop for it."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit_per_host=MAX_CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _line(self, start: Endpoint | None) -> list[Endpoint]:
        now = self._clock.monotonic()

        def place(endpoint: Endpoint) -> tuple[bool, float, int]:
            cool = self._health[endpoint.number].cool_until
            return (endpoint is not start, cool if cool > now else 0.0, endpoint.number)

        return sorted(self.endpoints, key=place)

    def _failed(self, endpoint: Endpoint, error: Retryable) -> None:
        self._on_failure()
        health, now = self._health[endpoint.number], self._clock.monotonic()
        pause = min(COOL_FIRST * 2**health.failures, COOL_MOST)
        health.failures = min(health.failures + 1, 16)
        health.cool_until = now + pause
        if isinstance(error, RateLimited):
            health.mute_until = now + (pause if error.seconds is None else min(error.seconds, COOL_MOST))
