"""Nodes as they are: a JSON-RPC endpoint in front of a real node that words, caps, lags and breaks as providers do.

Each behaviour is a function that gets a request (a single one or a batch, as it came) and may answer it, let it pass,
or change what the real node says. The wordings are those of tests/recorded/rpc_errors.json.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp
from aiohttp import web

from bot.chain.abi import selector
from bot.demo.tx import arguments, decoded

Json = Any  # whatever json.loads gives
Answer = Json | web.StreamResponse
DECIMALS = "313ce567"


@dataclass
class Node:
    """A real node (``upstream``) behind a behaviour; ``asked`` are the methods as they came, ``batches`` the sizes."""

    upstream: str
    play: Callable[[Node, Json], Awaitable[Answer]]
    latency: float = 0.0
    asked: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    session: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.memory["request"] = request
        body = json.loads(await request.read())
        self.asked += [call["method"] for call in (body if isinstance(body, list) else [body])]
        if isinstance(body, list):
            self.batches.append(len(body))
        if self.latency:
            await asyncio.sleep(self.latency)
        answer = await self.play(self, body)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    async def ask(self, body: Json) -> Json:
        """Have the real node answer."""
        assert self.session is not None
        async with self.session.post(self.upstream, json=body) as response:
            return await response.json()

    async def newest(self) -> int:
        answer = await self.ask({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []})
        return int(answer["result"], 16)

    def count(self, key: str) -> int:
        """Count something; return how often it was counted before."""
        self.memory[key] = self.memory.get(key, 0) + 1
        return int(self.memory[key]) - 1


def refusal(body: Json, code: int, message: str, data: Json = None) -> Json:
    """Make an error object; of a batch, one for the whole of it."""
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return {"jsonrpc": "2.0", "id": None if isinstance(body, list) else body["id"], "error": error}


def each(one: Callable[[Node, Json], Awaitable[Answer]]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Play a behaviour for each request of a batch by itself."""

    async def play(node: Node, body: Json) -> Answer:
        if not isinstance(body, list):
            return await one(node, body)
        answers = [await one(node, call) for call in body]
        whole = next((answer for answer in answers if isinstance(answer, web.StreamResponse)), None)
        return answers if whole is None else whole

    return play


def method(name: str, one: Callable[[Node, Json], Awaitable[Answer]]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Play a behaviour for one method, and let the others through."""

    async def play(node: Node, call: Json) -> Answer:
        return await one(node, call) if call["method"] == name else await node.ask(call)

    return each(play)


def log_range(call: Json) -> int:
    """Return how many blocks an ``eth_getLogs`` asks for."""
    first, last = (int(call["params"][0][name], 16) for name in ("fromBlock", "toBlock"))
    return last - first + 1


@asynccontextmanager
async def node(upstream: str, play: Callable[[Node, Json], Awaitable[Answer]], path: str = "/") -> AsyncIterator[Node]:
    """Serve a behaviour on a free port of the loopback address."""
    made = Node(upstream, play)
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/{tail:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}{path}"
    async with aiohttp.ClientSession() as made.session:
        try:
            yield made
        finally:
            await runner.cleanup()


async def honest(node: Node, body: Json) -> Answer:
    return await node.ask(body)


def logs_refused(most: int, refuse: Callable[[Json], Answer]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Take no more than so many blocks of one ``eth_getLogs``."""

    async def one(node: Node, call: Json) -> Answer:
        return refuse(call) if log_range(call) > most else await node.ask(call)

    return method("eth_getLogs", one)


alchemy_free = logs_refused(
    10,
    lambda call: web.json_response(
        refusal(
            call,
            -32600,
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your "
            "parameters, this block range should work: [0x1, 0xa]. Upgrade to PAYG for expanded block range.",
        ),
        status=400,
    ),
)
infura_results = logs_refused(25, lambda call: refusal(call, -32005, "query returned more than 10000 results"))
quicknode_range = logs_refused(
    20,
    lambda call: web.json_response(
        refusal(call, -32602, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range"), status=413
    ),
)
besu_range = logs_refused(30, lambda call: refusal(call, -32005, "Requested range exceeds maximum RPC range limit"))
wordless_range = logs_refused(5, lambda _: web.Response(status=500, text="oops"))


def logs_cut(most: int) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Answer no more than so many logs, the first ones, and no word of the others."""

    async def one(node: Node, call: Json) -> Answer:
        answer = await node.ask(call)
        return answer | {"result": answer["result"][:most]}

    return method("eth_getLogs", one)


def batch_refused(most: int, refuse: Callable[[Node, Json], Answer]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Take no more than so many requests in one batch."""

    async def play(node: Node, body: Json) -> Answer:
        return refuse(node, body) if isinstance(body, list) and len(body) > most else await node.ask(body)

    return play


def _dropped(node: Node, _: Json) -> Answer:
    transport = node.memory["request"].transport
    assert transport is not None
    transport.close()
    return web.Response()


besu_batch = batch_refused(4, lambda _, body: refusal(body, -32005, "Number of requests exceeds max batch size"))
drpc_batch = batch_refused(
    3,
    lambda _, body: web.json_response(
        refusal(
            body,
            31,
            "Batch of more than 3 requests are not allowed on free plan, to use this feature register paid account",
        ),
        status=500,
    ),
)
erigon_batch = batch_refused(5, _dropped)
plain_batch = batch_refused(0, lambda _, body: refusal(body, -32000, "batching is not supported"))


def gas_capped(most: int, refuse: Callable[[Json], Answer] | None) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Allow a call no more gas; without ``refuse`` it is cut without a word, as geth does."""

    async def one(node: Node, call: Json) -> Answer:
        wanted = call["params"][0]
        if int(wanted.get("gas", "0x0"), 16) <= most:
            return await node.ask(call)
        if refuse is not None:
            return refuse(call)
        return await node.ask(call | {"params": [wanted | {"gas": hex(most)}, *call["params"][1:]]})

    return method("eth_call", one)


geth_gas_cap = gas_capped(150_000, None)
alchemy_gas_cap = gas_capped(1_500_000, lambda call: refusal(call, -32000, "out of gas: gas required exceeds: 1500000"))
besu_gas_cap = gas_capped(
    1_500_000, lambda call: refusal(call, -32005, "Transaction gas limit exceeds block gas limit")
)


def no_hash_pin(code: int, message: str) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Refuse to be pinned to a block hash."""

    async def one(node: Node, call: Json) -> Answer:
        return refusal(call, code, message) if isinstance(call["params"][1], dict) else await node.ask(call)

    return method("eth_call", one)


old_geth_pin = no_hash_pin(-32602, "invalid argument 1: json: cannot unmarshal object into Go value of type string")
wasp_pin = no_hash_pin(-32000, "View call failed: panic in VM: EVMEmulator cannot access blocks other than the latest")


def failing(name: str, times: int, refuse: Callable[[Json], Answer]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Fail the first so many requests of a method."""

    async def one(node: Node, call: Json) -> Answer:
        return refuse(call) if node.count(name) < times else await node.ask(call)

    return method(name, one)


async def _slow_tokens(node: Node, call: Json) -> Answer:
    if DECIMALS in call["params"][0]["data"] and node.count("decimals") < 3:
        return refusal(call, -32000, "execution aborted (timeout = 5s)")
    return await node.ask(call)


geth_timeout_of_tokens = method("eth_call", _slow_tokens)
geth_timeout = failing("eth_call", 3, lambda call: refusal(call, -32000, "execution aborted (timeout = 5s)"))
pruned_now_and_then = failing(
    "eth_call", 2, lambda call: refusal(call, -32000, "missing trie node 1f2b (path ) state 0xab12 is not available")
)
pruned = failing(
    "eth_call",
    10**9,
    lambda call: refusal(call, -32000, "missing trie node 1f2b (path ) state 0xab12 is not available"),
)
proxyd_busy = failing(
    "eth_call",
    10**9,
    lambda call: web.json_response(
        refusal(call, -32011, "no backend is currently healthy to serve traffic"), status=503
    ),
)
over_rate_limit = failing("eth_call", 10**9, lambda call: refusal(call, -32016, "over rate limit"))
daily_quota = failing(
    "eth_getBlockByNumber",
    10**9,
    lambda call: refusal(call, -32005, "daily request count exceeded, request rate limited"),
)
unauthorised = failing(
    "eth_getBlockByNumber",
    10**9,
    lambda call: web.json_response(refusal(call, -32600, "Must be authenticated!"), status=401),
)


async def packed(node: Node, body: Json) -> Answer:
    """Compress, though it was not asked for."""
    raw = gzip.compress(json.dumps(await node.ask(body)).encode())
    return web.Response(body=raw, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})


async def bomb(_: Node, __: Json) -> Answer:
    """Answer with 200 MB that come as 200 kB."""
    return web.Response(body=_bomb(), headers={"Content-Encoding": "gzip"})


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"jsonrpc":"2.0","id":1,"result":"' + bytes(200_000_000), 1)


async def endless(node: Node, _: Json) -> Answer:
    """Never stop answering."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(node.memory["request"])
    try:
        while True:
            await response.write(b" " * 65_536)
    except (ConnectionError, asyncio.CancelledError):
        return response


async def trickle(node: Node, _: Json) -> Answer:
    """Answer a byte at a time."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(node.memory["request"])
    try:
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)
    except (ConnectionError, asyncio.CancelledError):
        return response


async def maintenance(_: Node, __: Json) -> Answer:
    return web.Response(text="<html>down for maintenance</html>", content_type="text/html")


async def no_newest(_: Node, call: Json) -> Answer:
    return {"jsonrpc": "2.0", "id": call["id"], "result": None}


async def empty_call(_: Node, call: Json) -> Answer:
    """Answer every call with nothing, as a node does that keeps no state."""
    return {"jsonrpc": "2.0", "id": call["id"], "result": "0x"}


no_head = method("eth_getBlockByNumber", no_newest)
empty_calls = method("eth_call", empty_call)


def lagging(blocks: int) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Know no block above one that many below the newest."""

    async def one(node: Node, call: Json) -> Answer:
        known = await node.newest() - blocks
        if call["method"] == "eth_blockNumber":
            return {"jsonrpc": "2.0", "id": call["id"], "result": hex(known)}
        if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "latest":
            return await node.ask(call | {"params": [hex(known), False]})
        return await node.ask(call)

    return each(one)


def dated(seconds: int) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Give blocks another time."""

    async def one(node: Node, call: Json) -> Answer:
        answer = await node.ask(call)
        moved = hex(int(answer["result"]["timestamp"], 16) + seconds)
        return answer | {"result": answer["result"] | {"timestamp": moved}}

    return method("eth_getBlockByNumber", one)


def ahead(blocks: int) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Say that the newest block is one that nobody has."""

    async def one(node: Node, call: Json) -> Answer:
        answer = await node.ask(call)
        if call["params"][0] != "latest":
            return answer
        newest = answer["result"]
        made_up = {"number": hex(int(newest["number"], 16) + blocks), "hash": "0x" + "ab" * 32}
        return answer | {"result": newest | made_up}

    return method("eth_getBlockByNumber", one)


MULTICALL = "0xcA11bde05977b3631167028862bE2a173976CA11"
_CALLS, _RESULTS = "((address,bool,bytes)[])", "((bool,bytes)[])"


def lying(signature: str, word: int, lie: Callable[[int], int]) -> Callable[[Node, Json], Awaitable[Answer]]:
    """Change one word of what a function answers, inside of multicalls too, everywhere alike."""
    wanted = selector(signature)

    def changed(data: bytes) -> bytes:
        if len(data) < 32 * (word + 1):
            return data
        told = int.from_bytes(data[32 * word : 32 * word + 32])
        return data[: 32 * word] + (lie(told) % 2**256).to_bytes(32) + data[32 * word + 32 :]

    async def one(node: Node, call: Json) -> Answer:
        answer = await node.ask(call)
        if "result" not in answer:
            return answer
        asked, said = bytes.fromhex(call["params"][0]["data"][2:]), bytes.fromhex(answer["result"][2:])
        if asked[:4] == wanted:
            return answer | {"result": "0x" + changed(said).hex()}
        if call["params"][0]["to"].lower() != MULTICALL.lower():
            return answer
        (calls,), (results,) = decoded(_CALLS, asked[4:]), decoded(_RESULTS, said)
        told = [
            (success, changed(data) if success and item[2][:4] == wanted else data)
            for item, (success, data) in zip(calls, results, strict=True)
        ]
        return answer | {"result": "0x" + arguments(_RESULTS, told).hex()}

    return method("eth_call", one)
