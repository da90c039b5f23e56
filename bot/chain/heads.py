"""New heads as they come: from a WebSocket subscription while it lives, else by polling.

The subscription is web3's. Left alone it retries a connection for minutes, logs URLs, takes no note of a head that does
not come, and lets an endpoint's garbage out as whatever exception that causes; so here it gets one attempt, a silent
logger, a watchdog, and a list of all that it may raise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import label
from bot.chain.head_tracker import Backward, HeadTrack
from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.ports import Clock

if TYPE_CHECKING:
    from web3 import AsyncWeb3

log = structlog.get_logger(__name__)

RETRY_MOST: Final = 60.0
SILENT: Final = "dnbot.silent"


class Heads:
    """The heads of one chain. Trouble of the network never leaves it: it goes on with the next source."""

    def __init__(self, config: ChainConfig, client: RpcClient, track: HeadTrack, clock: Clock) -> None:
        self._config = config
        self._limits = config.limits
        self._client = client
        self._track = track
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
        """Return heads from one WebSocket until it breaks or falls silent."""
        silence = self._limits.max_head_age.total_seconds()
        try:
            async with self._connected(url) as web3:
                messages = aiter(web3.socket.process_subscriptions())
                if (stamp := await self._poll()) is not None:
                    yield stamp
                while True:
                    async with asyncio.timeout(silence):
                        newest = await anext(messages)
                    newest = await last_waiting(messages, newest)
                    if (stamp := self._new(_header(newest))) is not None:
                        yield stamp
        except TimeoutError:
            why = f"no head for {silence:g} s"
        except StopAsyncIteration:
            why = "closed"
        except Retryable as error:
            why = str(error)
        except _broken() as error:
            why = type(error).__name__
        log.warning("head subscription lost; polling", chain=self._config.name, endpoint=name, reason=why)

    @asynccontextmanager
    async def _connected(self, url: str) -> AsyncIterator[AsyncWeb3[Any]]:
        from web3 import AsyncWeb3, WebSocketProvider  # noqa: PLC0415 - 30 MB and half a second, only where needed

        silent = logging.getLogger(SILENT)
        silent.disabled = True
        provider = WebSocketProvider(
            url,
            max_connection_retries=1,
            request_timeout=self._limits.request_timeout,
            websocket_kwargs={"open_timeout": self._limits.request_timeout, "close_timeout": 1, "logger": silent},
        )
        provider.logger = silent
        web3 = AsyncWeb3(provider)
        try:
            await provider.connect()
            await web3.eth.subscribe("newHeads")
            yield web3
        finally:
            # The first call gives up with whatever ended web3's listener, before it closes the socket; the second does.
            with suppress(*_broken()):
                await provider.disconnect()
            await provider.disconnect()

    async def _polled(self, seconds: float) -> AsyncGenerator[BlockStamp, None]:
        """Return heads by asking for them; for so many seconds where there is a subscription to return to."""
        until = self._clock.monotonic() + seconds
        while not self._config.ws_urls or self._clock.monotonic() < until:
            stamp = await self._poll()
            if stamp is not None:
                yield stamp
            await self._clock.sleep(self._limits.poll_interval)

    async def _poll(self) -> BlockStamp | None:
        try:
            stamp = await self._client.request("eth_getBlockByNumber", ["latest", False], self._believed)
        except Retryable as error:
            log.warning("no head", chain=self._config.name, reason=str(error))
            return None
        return self._new(stamp)

    def _believed(self, value: object) -> BlockStamp:
        stamp = json_rpc.stamp(value)
        self._track.accept(stamp)
        return stamp

    def _new(self, stamp: BlockStamp) -> BlockStamp | None:
        """Let a head pass that is new and not behind what is known."""
        if self._given is not None and stamp.hash == self._given.hash:
            return None
        try:
            self._track.accept(stamp)
        except Backward as error:
            log.debug("head refused", chain=self._config.name, reason=str(error))
            return None
        self._given = stamp
        return stamp


def _broken() -> tuple[type[Exception], ...]:
    """Return all that a broken connection or an endpoint's garbage comes out of web3 as."""
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
