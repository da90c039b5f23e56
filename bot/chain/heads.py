"""New heads as they come: announced by a WebSocket subscription while it lives, else by polling.

What a socket announces is a hint: a head is given once an endpoint has it, and what was fetched for that is left for
the read that follows. A socket that announces what no endpoint has is given up, as one that falls silent is. The
subscription is web3's. Left alone it retries a connection for minutes, logs URLs, takes no note of a head that does not
come, and raises whatever exception an endpoint's garbage causes; so here it gets one attempt, no logger, a watchdog,
and a list of all that it may raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import label
from bot.chain.newest_head import NewestHead
from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.ports import Clock

if TYPE_CHECKING:
    from web3 import AsyncWeb3

log = structlog.get_logger(__name__)

RETRY_MOST: Final = 60.0
TRIES: Final = 4
"""Looks for an announced head at the endpoints, which may lag behind the socket; the pauses sum up to 0.35 s."""
FIRST_PAUSE: Final = 0.05
EMPTY: Final = 20
"""Announcements in a row that no endpoint knows anything of, after which a socket is given up."""
ROUND: Final = 3
"""Requests that a head costs at least: itself, and what is read there."""


class Heads:
    """The heads of one chain. Network errors never leave it: it continues with the next source."""

    def __init__(self, config: ChainConfig, client: RpcClient, newest: NewestHead, clock: Clock) -> None:
        self._config = config
        self._limits = config.limits
        self._client = client
        self._newest = newest
        self._clock = clock
        self._given: BlockStamp | None = None

    async def follow(self) -> AsyncGenerator[BlockStamp, None]:
        """Return each new head, for ever; the newest one where several came at once."""
        retry = self._limits.subscription_retry
        while True:
            for number, url in enumerate(self._config.ws_urls):
                before = self._given
                async with aclosing(self._subscribed(label("ws_urls", number, url), url)) as heads:
                    async for stamp in heads:
                        yield stamp
                if self._given is not before:
                    retry = self._limits.subscription_retry
            async with aclosing(self._polled(retry)) as heads:
                async for stamp in heads:
                    yield stamp
            retry = min(retry * 2, max(RETRY_MOST, self._limits.subscription_retry))

    async def _subscribed(self, name: str, url: str) -> AsyncGenerator[BlockStamp, None]:
        """Return heads that one WebSocket announces until it breaks, falls silent, or no endpoint has its heads."""
        silence = self._limits.max_head_age.total_seconds()
        empty = 0
        try:
            async with self._connected(url) as web3:
                messages = aiter(web3.socket.process_subscriptions())
                if (stamp := await self._fetched()) is not None:
                    yield stamp
                while empty < EMPTY:
                    async with asyncio.timeout(silence):
                        newest = await anext(messages)
                    hint = _header(await last_waiting(messages, newest))
                    if self._given is not None and hint.hash == self._given.hash:
                        continue
                    empty += 1
                    async with aclosing(self._sought(hint)) as found:
                        async for stamp in found:
                            empty = 0
                            yield stamp
            why = f"announced {EMPTY} heads that no endpoint has"
        except TimeoutError:
            why = f"no head for {silence:g} s"
        except StopAsyncIteration:
            why = "closed"
        except Retryable as error:
            why = str(error)
        except _broken() as error:
            why = type(error).__name__
        log.warning("head subscription lost; polling", chain=self._config.name, endpoint=name, reason=why)

    async def _sought(self, hint: BlockStamp) -> AsyncGenerator[BlockStamp, None]:
        """Look for an announced head; give what is new on the way."""
        for attempt in range(TRIES):
            stamp = await self._fetched()
            if stamp is not None:
                yield stamp
            if self._given is not None and self._given.number >= hint.number:
                return
            await self._clock.sleep(FIRST_PAUSE * 2**attempt)

    @asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[AsyncWeb3[Any]]:
        from bot.chain.head_socket import open_socket  # noqa: PLC0415 - web3 is imported where a chain is read

        web3 = open_socket(url, self._limits.request_timeout)
        try:
            await web3.provider.connect()
            await web3.eth.subscribe("newHeads")
            yield web3
        finally:
            # The first call gives up with whatever ended web3's listener, before it closes the socket; the second does.
            with suppress(*_broken()):
                await web3.provider.disconnect()
            await web3.provider.disconnect()

    async def _polled(self, seconds: float) -> AsyncGenerator[BlockStamp, None]:
        """Return heads by asking for them; for so many seconds where there is a subscription to return to."""
        until = self._clock.monotonic() + seconds
        while not self._config.ws_urls or self._clock.monotonic() < until:
            stamp = await self._fetched()
            if stamp is not None:
                yield stamp
            await self._clock.sleep(self._limits.poll_interval)

    async def _fetched(self) -> BlockStamp | None:
        """Return the newest head if it is a new one, and leave it for the read; not sooner than the budget allows."""
        await self._clock.sleep(self._client.pause(ROUND))
        try:
            head = await self._newest.fetch()
        except Retryable as error:
            log.warning("no head", chain=self._config.name, reason=str(error))
            return None
        if self._given is not None and head.stamp.hash == self._given.hash:
            return None
        self._newest.leave(head)
        self._given = head.stamp
        return head.stamp


def _broken() -> tuple[type[Exception], ...]:
    """Return the exceptions that web3 raises for a broken connection or an endpoint's garbage."""
    from web3.exceptions import Web3Exception  # noqa: PLC0415 - as above
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 - comes with it

    return (OSError, WebSocketException, Web3Exception, ValueError, TypeError, LookupError, AttributeError)


async def last_waiting(messages: AsyncIterator[Any], newest: object) -> object:
    """Skip to the last message that is there already."""
    while True:
        try:
            async with asyncio.timeout(0):
                newest = await anext(messages)
        except TimeoutError:
            return newest


def _header(message: Any) -> BlockStamp:  # noqa: ANN401 - what web3 makes of a notification has no narrower type
    result = message["result"]
    return json_rpc.stamp(
        {
            "number": hex(result["number"]),
            "hash": result["hash"].to_0x_hex(),
            "parentHash": result["parentHash"].to_0x_hex(),
            "timestamp": hex(result["timestamp"]),
        }
    )
