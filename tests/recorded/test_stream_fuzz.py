"""Whatever a venue's streams say: no traceback, memory bounded, nothing but hints, and a true message is read again."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from aiohttp import WSMessage, WSMsgType

from bot.core.telemetry_event import TelemetryEvent
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.fields import milliseconds_of
from bot.exchange.streams import Streams, feeds_of
from tests.exchange.loopback import Certificate
from tests.exchange.scene import ETH, START, FastClock
from tests.recorded.files import dated, recordings
from tests.recorded.scene import BTC, played
from tests.spoil import GROWTH, INPUTS, resident, spoiled
from tests.venues.hyperliquid.scene import BTC as HL_BTC
from tests.venues.hyperliquid.scene import ETH as HL_ETH
from tests.venues.hyperliquid.scene import played as hyperliquid

pytestmark = pytest.mark.slow

URLS: Final = {
    "binance": "wss://fstream.binance.com/private/ws/key",
    "bitget": "wss://ws.bitget.com/v2/ws/private",
    "bitget-uta": "wss://ws.bitget.com/v3/ws/private",
    "hyperliquid": "wss://api.hyperliquid.xyz/ws",
}
"""An address of each venue's streams."""


class Nobody:
    def emit(self, event: TelemetryEvent) -> None:
        del event


@asynccontextmanager
async def connected(venue: str, certificate: Certificate) -> AsyncIterator[CcxtExchange]:
    """Connect an adapter that knows the venue's markets."""
    if venue == "hyperliquid":
        async with hyperliquid(certificate) as other:
            await other.exchange.check([HL_ETH, HL_BTC])
            yield other.exchange
        return
    async with played(venue, certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made.exchange


def _listened_to(venue: str, api: Any) -> Any:  # noqa: ANN401 - ccxt's own types
    """Return the connection as it is once ccxt's ``watch_positions`` has begun."""
    client = api.client(URLS[venue])
    if venue == "binance":
        client.subscriptions["linear"] = True
        api.set_balance_cache(client, "linear")
        api.set_positions_cache(client, "linear")
    return client


async def over_streams(venue: str, exchange: CcxtExchange, inputs: int, seed: int) -> None:
    """Hand spoiled messages to ccxt's reader as its connection does, and what it keeps of marks to ours."""
    draw, clock = random.Random(seed), FastClock(START)
    now = milliseconds_of(clock.true())
    true = [dated(one.body, now) for one in recordings(venue) if one.method == "STREAM"]
    streams = Streams(exchange.link, exchange.dialect.facts, lambda: None, Nobody(), clock)
    async with streams.opened() as api:
        assert list(feeds_of(api, exchange.link.config.symbols))
        client: Any = api.client(URLS[venue])
        for _ in range(inputs):
            raw = spoiled(draw.choice(true), draw)
            text = WSMessage(WSMsgType.TEXT, raw.decode(errors="replace"), None)
            client.handle_message(draw.choice([text, text, text, WSMessage(WSMsgType.BINARY, raw, None)]))
            streams.has_moved(getattr(api, "tickers", None))
    async with streams.opened() as api:  # as after the first message that can't be read
        client = _listened_to(venue, api)
        for message in true:
            client.handle_message(WSMessage(WSMsgType.TEXT, json.dumps(message), None))
            assert client.error is None, message


@pytest.mark.parametrize("venue", URLS)
async def test_spoiled_messages_are_read_or_end_the_stream(venue: str, certificate: Certificate) -> None:
    async with connected(venue, certificate) as exchange:
        await over_streams(venue, exchange, 300, seed=0)
        before = resident()
        await over_streams(venue, exchange, INPUTS, seed=1)
        assert resident() - before < GROWTH
