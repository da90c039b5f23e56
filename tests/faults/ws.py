"""A WebSocket endpoint that accepts a subscription to new heads and then sends whatever a test wants it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.core.snapshot import BlockStamp

SUBSCRIPTION = "0x1"


def header(stamp: BlockStamp) -> dict[str, str]:
    """Write a head as ``eth_getBlockByNumber`` and ``newHeads`` do."""
    return {
        "number": hex(stamp.number),
        "hash": stamp.hash,
        "parentHash": stamp.parent_hash,
        "timestamp": hex(int(stamp.timestamp.timestamp())),
    }


@dataclass
class FaultyWs:
    """``refuse`` closes the door at the handshake; ``subscribed`` is set while somebody listens, ``left`` after."""

    url: str = ""
    refuse: bool = False
    connections: int = 0
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _socket: web.WebSocketResponse | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        if self.refuse:
            return web.Response(status=503)
        self._socket = web.WebSocketResponse()
        await self._socket.prepare(request)
        async for message in self._socket:
            if message.type is WSMsgType.BINARY or message.type is WSMsgType.TEXT:
                call = json.loads(message.data)
                await self._socket.send_json({"jsonrpc": "2.0", "id": call["id"], "result": SUBSCRIPTION})
                self.subscribed.set()
        self.subscribed.clear()
        self.left.set()
        return self._socket

    async def send(self, *stamps: BlockStamp, **more: object) -> None:
        for stamp in stamps:
            params = {"subscription": SUBSCRIPTION, "result": header(stamp) | more}
            await self.text(json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}))

    async def text(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send_str(text)

    async def drop(self) -> None:
        assert self._socket is not None
        await self._socket.close()


@asynccontextmanager
async def listening(socket: FaultyWs, path: str = "/") -> AsyncIterator[FaultyWs]:
    """Serve on a free port of the loopback address; ``socket.url`` names it."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", socket.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    socket.url = f"ws://{host}:{port}{path}"
    try:
        yield socket
    finally:
        await runner.cleanup()
