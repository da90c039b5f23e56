"""A JSON-RPC endpoint that stands in front of a node, or of canned answers, and fails in a chosen way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web

Json = Any  # whatever json.loads gives
Node = Callable[[str, list[Json]], Json]


class Fault(StrEnum):
    NONE = "none"
    HTML = "html"
    CUT = "cut"
    WRONG_ID = "wrong_id"
    SHORT_BATCH = "short_batch"
    NULL_RESULT = "null_result"
    NO_RESULT = "no_result"
    RATE_LIMIT = "rate_limit"
    RATE_ERROR = "rate_error"
    ERROR = "error"
    HTTP_500 = "http_500"
    SILENT = "silent"
    HANG_UP = "hang_up"
    REDIRECT = "redirect"
    RAW = "raw"
    NO_EIP1898 = "no_eip1898"
    LOST_BLOCK = "lost_block"


HTTP_FAULTS: dict[Fault, Callable[[], web.Response]] = {
    Fault.HTML: lambda: web.Response(text="<html>down for maintenance</html>", content_type="text/html"),
    Fault.RATE_LIMIT: lambda: web.Response(status=429, headers={"Retry-After": "7"}),
    Fault.HTTP_500: lambda: web.Response(status=500, text="oops"),
    Fault.REDIRECT: lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
}
PIN_FAULTS = {
    Fault.NO_EIP1898: (-32602, "invalid argument 1: cannot unmarshal object"),
    Fault.LOST_BLOCK: (-32000, "header not found"),
}
ANSWER_FAULTS = frozenset(
    {Fault.WRONG_ID, Fault.SHORT_BATCH, Fault.NULL_RESULT, Fault.NO_RESULT, Fault.RATE_ERROR, Fault.ERROR}
)


@dataclass
class FaultyRpc:
    """``fault`` may be changed at any time; ``only`` limits it to requests of one method.

    ``max_log_range`` refuses wider ranges of blocks.
    ``lag`` answers ``latest`` with a block that many below it; ``before`` makes something happen before a method runs.
    """

    node: Node | str
    fault: Fault = Fault.NONE
    lag: int = 0
    only: str | None = None
    max_log_range: int | None = None
    raw: bytes = b""
    error_text: str = "something went wrong"
    before: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        calls = body if isinstance(body, list) else [body]
        self.requests.extend(call["method"] for call in calls)
        self._arrived.set()
        for call in calls:
            if happens := self.before.get(call["method"]):
                await happens()
        if self.only is not None and all(call["method"] != self.only for call in calls):
            return web.json_response(await self._ask(body))
        if self.fault is Fault.RAW:
            return web.Response(body=self.raw, content_type="application/json")
        if self.fault in HTTP_FAULTS:
            return HTTP_FAULTS[self.fault]()
        if self.fault in PIN_FAULTS and any(_pinned_by_hash(call) for call in calls):
            return web.json_response(_refusal(body, *PIN_FAULTS[self.fault]))
        await self._break_connection(request)
        return web.json_response(self._spoil(await self._ask(body)))

    async def next_request(self) -> None:
        """Wait until another request comes."""
        self._arrived.clear()
        await self._arrived.wait()

    async def _break_connection(self, request: web.Request) -> None:
        assert request.transport is not None
        if self.fault is Fault.SILENT:
            await asyncio.Event().wait()
        if self.fault is Fault.CUT:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"jsonrpc":"2.0","id":1,"resu')
        if self.fault in {Fault.CUT, Fault.HANG_UP}:
            request.transport.close()

    def _spoil(self, answer: Json) -> Json:
        if self.fault not in ANSWER_FAULTS:
            return answer
        if isinstance(answer, list) and self.fault is Fault.SHORT_BATCH:
            return answer[:-1]
        return [self._spoil_one(item) for item in answer] if isinstance(answer, list) else self._spoil_one(answer)

    def _spoil_one(self, answer: dict[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": answer["id"]}
        match self.fault:
            case Fault.WRONG_ID:
                return answer | {"id": answer["id"] + 1000}
            case Fault.NULL_RESULT:
                return head | {"result": None}
            case Fault.NO_RESULT:
                return head
            case Fault.RATE_ERROR:
                return head | {"error": {"code": -32005, "message": "daily request count exceeded"}}
            case Fault.ERROR:
                return head | {"error": {"code": -32000, "message": self.error_text}}
            case _:
                return answer

    async def _ask(self, body: Json) -> Json:
        if isinstance(body, list):
            return [await self._ask(item) for item in body]
        if self.max_log_range is not None and body["method"] == "eth_getLogs":
            first, last = (int(body["params"][0][name], 16) for name in ("fromBlock", "toBlock"))
            if last - first >= self.max_log_range:
                return _refusal(body, -32600, "block range is too wide")
        if self.lag and body["method"] == "eth_getBlockByNumber" and body["params"][0] == "latest":
            newest = await self._forward({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []})
            body = body | {"params": [hex(int(newest["result"], 16) - self.lag), False]}
        return await self._forward(body)

    async def _forward(self, body: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(self.node, str):
            result = self.node(body["method"], body["params"])
            return {"jsonrpc": "2.0", "id": body["id"], "result": result}
        assert self._session is not None
        async with self._session.post(self.node, json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer


def _pinned_by_hash(call: dict[str, Any]) -> bool:
    return any(isinstance(item, dict) and "blockHash" in item for item in call["params"])


def _refusal(body: Json, code: int, message: str) -> Json:
    if isinstance(body, list):
        return [_refusal(item, code, message) for item in body]
    return {"jsonrpc": "2.0", "id": body["id"], "error": {"code": code, "message": message}}


@asynccontextmanager
async def serving(rpc: FaultyRpc, path: str = "/") -> AsyncIterator[FaultyRpc]:
    """Serve on a free port of the loopback address; ``rpc.url`` names it."""
    app = web.Application()
    app.router.add_post("/{tail:.*}", rpc.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    rpc.url = f"http://{host}:{port}{path}"
    async with aiohttp.ClientSession() as rpc._session:  # noqa: SLF001 - the server's own session, opened with it
        try:
            yield rpc
        finally:
            await runner.cleanup()
