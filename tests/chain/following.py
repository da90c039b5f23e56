"""Heads followed from a node that a test makes up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig, Limits
from bot.chain.head_tracker import HeadTrack
from bot.chain.heads import Heads
from bot.chain.newest_head import NewestHead
from bot.clock import SystemClock
from bot.core.snapshot import BlockStamp
from bot.core.types import ChainId, ChainName
from bot.ports import Clock
from tests.chain.test_head_tracker import block
from tests.faults.rpc import Json
from tests.faults.ws import header

QUICK = Limits(request_timeout=1.0, max_head_age=timedelta(seconds=0.3), poll_interval=0.01, subscription_retry=0.1)

PATIENT = Limits(request_timeout=1.0, max_head_age=timedelta(seconds=20), poll_interval=0.01, subscription_retry=0.1)


class Node:
    """A node that knows one block: whatever is newest."""

    def __init__(self) -> None:
        self.newest = block(1)

    def answer(self, _method: str, _params: list[Json]) -> Json:
        return header(self.newest)


@asynccontextmanager
async def following(
    url: str, *ws_urls: str, limits: Limits = PATIENT, seconds: float = 20, clock: Clock | None = None
) -> AsyncIterator[tuple[AsyncGenerator[BlockStamp, None], HeadTrack]]:
    config = ChainConfig(
        ChainName("local"),
        ChainId(31337),
        (url,),
        multicall=None,
        owners=(),
        protocols=(),
        ws_urls=ws_urls,
        limits=limits,
    )
    clock = clock or SystemClock()
    client = RpcClient(config.rpc_urls, timeout=1, clock=clock)
    track = HeadTrack(config.name, clock, limits.max_head_age.total_seconds())
    try:
        newest = NewestHead(client, limits, track, clock)
        async with asyncio.timeout(seconds), aclosing(Heads(config, client, newest, clock).follow()) as heads:
            yield heads, track
    finally:
        await client.close()
