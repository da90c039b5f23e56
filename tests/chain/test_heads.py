"""Heads: subscribed, watched, polled when the subscription fails, and subscribed again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import structlog

from bot.chain.heads import last_waiting
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from tests.chain.following import QUICK, Node, following
from tests.chain.test_head_tracker import block
from tests.faults.rpc import Fault, FaultyRpc, serving
from tests.faults.ws import FaultyWs, listening

KEY = "s3cr3t-key-0123456789"


@pytest.fixture
async def node() -> AsyncIterator[tuple[Node, FaultyRpc]]:
    made = Node()
    async with serving(FaultyRpc(made.answer), path=f"/{KEY}") as rpc:
        yield made, rpc


@pytest.fixture
async def socket() -> AsyncIterator[FaultyWs]:
    async with listening(FaultyWs(), path=f"/{KEY}") as made:
        yield made


async def test_polling_gives_each_new_head_once(node: tuple[Node, FaultyRpc]) -> None:
    async with following(node[1].url) as (heads, _):
        assert await anext(heads) == block(1)
        node[0].newest = block(2)
        assert await anext(heads) == block(2)
        polls = len(node[1].requests)
        node[0].newest = block(5)
        assert await anext(heads) == block(5)
        assert len(node[1].requests) > polls


async def test_polling_goes_on_over_faults_of_the_node(node: tuple[Node, FaultyRpc]) -> None:
    async with following(node[1].url) as (heads, _):
        assert await anext(heads) == block(1)
        for number, fault in enumerate([Fault.HTML, Fault.CUT, Fault.NULL_RESULT, Fault.HTTP_500], 2):
            node[1].fault = fault
            later = asyncio.ensure_future(anext(heads))
            await node[1].next_request()
            await node[1].next_request()
            assert not later.done()
            node[0].newest, node[1].fault = block(number), Fault.NONE
            assert await later == block(number)


async def test_announced_heads_are_fetched_and_nothing_is_polled(
    node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    async with following(node[1].url, socket.url) as (heads, _):
        assert await anext(heads) == block(1)
        later = asyncio.ensure_future(anext(heads))
        node[0].newest = block(2)
        await socket.send(block(2))
        assert await later == block(2)
        node[0].newest = block(5)
        await socket.send(block(3), block(4), block(5))
        assert await anext(heads) == block(5)
        assert node[1].requests == ["eth_getBlockByNumber"] * 3


HEADERS: dict[str, dict[str, object]] = {
    "Polygon, 97 bytes": {"extraData": "0x" + "d7" * 97, "baseFeePerGas": "0x7", "miner": "0x" + "00" * 20},
    "BSC, 280 bytes": {"extraData": "0x" + "d8" * 280, "sha3Uncles": "0x" + "1d" * 32, "nonce": "0x" + "00" * 8},
    "OP stack": {"withdrawalsRoot": "0x" + "56" * 32, "blobGasUsed": "0x0", "excessBlobGas": "0x0", "extraData": "0x"},
    "Arbitrum": {
        "l1BlockNumber": "0x12ab",
        "sendCount": "0x1",
        "sendRoot": "0x" + "11" * 32,
        "extraData": "0x" + "11" * 32,
    },
    "zkSync": {"l1BatchNumber": None, "l1BatchTimestamp": None, "sealFields": [], "uncles": [], "transactions": []},
    "a field that is no header's": {"number2": {"a": [1] * 100}, "extraData": 17, "logsBloom": None},
}


@pytest.mark.parametrize("chain", HEADERS)
async def test_headers_of_all_chains_are_read(chain: str, node: tuple[Node, FaultyRpc], socket: FaultyWs) -> None:
    async with following(node[1].url, socket.url) as (heads, _):
        assert await anext(heads) == block(1)
        for number in range(2, 5):
            later = asyncio.ensure_future(anext(heads))
            node[0].newest = block(number)
            await socket.send(block(number), **HEADERS[chain])
            assert await later == block(number)
        assert (socket.connections, len(node[1].requests)) == (1, 4)


FAKES = {
    "2^40": lambda number: block(2**40 + number),
    "2^62": lambda number: block(2**62 + number),
    "always the next one": lambda number: block(2 + number),
    "another branch": lambda number: block(1, fork=number + 1, fork_at=1),
}


@pytest.mark.parametrize("name", FAKES)
async def test_what_no_endpoint_has_is_no_head_and_a_socket_that_announces_it_is_left(
    name: str, node: tuple[Node, FaultyRpc], socket: FaultyWs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chain.heads.FIRST_PAUSE", 0.001)
    async with following(node[1].url, socket.url) as (heads, track):
        assert await anext(heads) == block(1)
        track.accept(block(1))
        later = asyncio.ensure_future(anext(heads))
        for number in range(1000):
            await socket.send(FAKES[name](number))
            await asyncio.sleep(0.002)
            if socket.left.is_set():
                break
        assert socket.left.is_set()
        assert not later.done()
        assert track.last == block(1)
        node[0].newest = block(2)
        assert await later == block(2)


async def test_an_endpoint_that_lags_behind_the_socket_is_waited_for(
    node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    async with following(node[1].url, socket.url) as (heads, _):
        assert await anext(heads) == block(1)
        later = asyncio.ensure_future(anext(heads))
        await socket.send(block(2))
        await node[1].next_request()
        await node[1].next_request()
        assert not later.done()
        node[0].newest = block(2)
        assert await later == block(2)


async def test_of_several_waiting_messages_the_last_one_is_taken() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def messages() -> AsyncIterator[int]:
        while True:
            yield await queue.get()

    for number in range(5):
        queue.put_nowait(number)
    assert await last_waiting(messages(), "first") == 4
    assert await last_waiting(messages(), "first") == "first"


async def test_a_silent_subscription_is_given_up_and_taken_up_again(
    node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    async with following(node[1].url, socket.url, limits=QUICK) as (heads, _):
        assert await anext(heads) == block(1)
        node[0].newest = block(2)
        assert await anext(heads) == block(2)
        assert not socket.subscribed.is_set()
        later = asyncio.ensure_future(anext(heads))
        await socket.subscribed.wait()
        assert socket.connections == 2
        node[0].newest = block(3)
        await socket.send(block(3))
        assert await later == block(3)


GARBAGE = [
    "<html>",
    "[]",
    "null",
    '{"jsonrpc":"2.0","method":"eth_subscription"}',
    '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":null}}',
    '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"number":"x"}}}',
    '{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":{"number":"0x5"}}}',
    '{"jsonrpc":"2.0","method":"eth_subscription","params":7}',
    "[" * 100_000,
    "x" * 300_000,
    '{"id":1,"result":"' + "x" * 200 + '"}',
    '{"id":[],"result":"0x1"}',
]


@pytest.mark.parametrize("text", GARBAGE)
async def test_garbage_on_the_subscription_leads_to_polling(
    text: str, node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    async with following(node[1].url, socket.url, limits=QUICK) as (heads, _):
        assert await anext(heads) == block(1)
        later = asyncio.ensure_future(anext(heads))
        await socket.text(text)
        node[0].newest = block(2)
        assert await later == block(2)
        await socket.left.wait()


async def test_a_dropped_or_refused_subscription_leads_to_polling(
    node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    async with following(node[1].url, socket.url) as (heads, _):
        assert await anext(heads) == block(1)
        socket.refuse = True
        await socket.drop()
        node[0].newest = block(2)
        assert await anext(heads) == block(2)
        node[0].newest = block(3)
        later = asyncio.ensure_future(anext(heads))
        assert await later == block(3)
        socket.refuse = False
        later = asyncio.ensure_future(anext(heads))
        await socket.subscribed.wait()
        node[0].newest = block(4)
        await socket.send(block(4))
        assert await later == block(4)


async def test_heads_that_go_back_are_dropped_and_reorganisations_given(
    node: tuple[Node, FaultyRpc], socket: FaultyWs
) -> None:
    node[0].newest = block(5)
    async with following(node[1].url, socket.url) as (heads, track):
        assert await anext(heads) == block(5)
        track.accept(block(5))
        later = asyncio.ensure_future(anext(heads))
        node[0].newest = block(4)
        await socket.send(block(4))
        await node[1].next_request()
        assert not later.done()
        node[0].newest = block(5, 1, 4)
        await socket.send(block(5, 1, 4))
        assert await later == block(5, 1, 4)
        track.accept(await later)
        assert track.reorgs == 1


async def test_no_message_about_heads_gives_a_key_away(
    node: tuple[Node, FaultyRpc], socket: FaultyWs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    socket.refuse = True
    with structlog.testing.capture_logs() as said:
        async with following(node[1].url, socket.url) as (heads, _):
            assert await anext(heads) == block(1)
            node[1].fault = Fault.HTTP_500
            node[0].newest = block(2)
            later = asyncio.ensure_future(anext(heads))
            await node[1].next_request()
            await node[1].next_request()
            assert "no head" in {item["event"] for item in said}
            node[1].fault = Fault.NONE
            assert await later == block(2)
    assert "ws_urls[1] (127.0.0.1)" in str(said)
    assert KEY not in str(said)
    assert KEY not in "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bot"))
    assert KEY not in "\n".join(record.getMessage() for record in caplog.records if "aiohttp" not in record.name)


@pytest.mark.chain
async def test_a_real_node_is_followed_over_its_death_and_a_reorganisation(fresh_node: Anvil) -> None:
    async with following(fresh_node.url, fresh_node.ws_url) as (heads, track):
        async with Rpc(fresh_node.url) as rpc:
            first = await anext(heads)
            await rpc.call("anvil_mine", "0x5", "0x1")
            while (newest := await anext(heads)).number < first.number + 5:
                pass
            track.accept(newest)
            await rpc.call("anvil_reorg", 3, [])
            replaced = {newest.hash}
            while (after := await anext(heads)).number < newest.number or after.hash in replaced:
                pass
            assert after.number == newest.number
            track.accept(after)
            assert track.reorgs == 1
        later = asyncio.ensure_future(anext(heads))
        await fresh_node.kill()
        await fresh_node.start()
        async with Rpc(fresh_node.url) as rpc:
            await rpc.call("anvil_mine", "0x20", "0x1")
        stamp = await later
        while stamp.number < 0x20:
            stamp = await anext(heads)
        assert stamp.number == 0x20
