"""The client: failover, validation of every answer, quotas, and no key in any message."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.endpoint import Endpoint, Request
from bot.chain.rpc_errors import RpcError
from bot.clock import ManualClock
from bot.core.errors import Retryable
from tests.faults.rpc import Fault, FaultyRpc, Json, serving

KEY = "s3cr3t-key-0123456789"


def node(method: str, _params: list[Json]) -> Json:
    return {"eth_blockNumber": "0x10", "eth_chainId": "0x1"}[method]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def servers() -> AsyncIterator[tuple[FaultyRpc, FaultyRpc]]:
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(serving(FaultyRpc(node), path=f"/v2/{KEY}?apikey={KEY}")) for _ in range(2)
        ]
        yield first, second


@pytest.fixture
async def client(servers: tuple[FaultyRpc, FaultyRpc], clock: ManualClock) -> AsyncIterator[RpcClient]:
    made = RpcClient(tuple(server.url for server in servers), timeout=1.0, clock=clock)
    yield made
    await made.close()


async def number(client: RpcClient) -> int:
    return await client.request("eth_blockNumber", [], json_rpc.quantity)


def whole_text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__) + repr(error.__cause__)


NOT_OF_A_SINGLE_ANSWER = {Fault.NONE, Fault.SHORT_BATCH, Fault.RAW, Fault.NO_EIP1898, Fault.LOST_BLOCK}
SINGLE_FAULTS = [fault for fault in Fault if fault not in NOT_OF_A_SINGLE_ANSWER]


@pytest.mark.parametrize("fault", SINGLE_FAULTS)
async def test_every_kind_of_bad_answer_moves_on_to_the_next_endpoint(
    fault: Fault, client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    servers[0].fault = fault
    assert await number(client) == 16
    assert servers[1].requests == ["eth_blockNumber"]


@pytest.mark.parametrize("fault", SINGLE_FAULTS)
async def test_no_error_text_gives_a_key_away(
    fault: Fault, client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    for server in servers:
        server.fault = fault
        server.error_text = f"project {KEY} is unknown"
    with pytest.raises(Retryable) as caught:
        await number(client)
    text = whole_text(caught.value)
    assert KEY not in text
    assert "rpc_urls[1] (127.0.0.1)" in text
    assert "rpc_urls[2] (127.0.0.1)" in text


async def test_a_dead_endpoint_is_named_without_its_key(clock: ManualClock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:{KEY}@127.0.0.1:{taken.getsockname()[1]}/{KEY}"
        client = RpcClient((url,), timeout=1.0, clock=clock)
        with pytest.raises(Retryable) as caught:
            await number(client)
        await client.close()
    assert KEY not in whole_text(caught.value)
    assert KEY not in repr(client.endpoints)


async def test_a_failed_endpoint_waits_at_the_end_of_the_line_and_comes_back(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc], clock: ManualClock
) -> None:
    servers[0].fault = Fault.HTTP_500
    await number(client)
    servers[0].fault = Fault.NONE
    await number(client)
    assert len(servers[0].requests) == 1
    clock.advance(1.1)
    await number(client)
    assert len(servers[0].requests) == 2


async def test_an_endpoint_that_answers_one_thing_and_fails_at_another_waits_longer_each_time(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc], clock: ManualClock
) -> None:
    servers[0].fault, servers[0].only = Fault.HTTP_500, "eth_chainId"

    async def chain_id(endpoint: Endpoint) -> object:
        return await endpoint.request("eth_chainId", "[]")

    async def height(endpoint: Endpoint) -> int:
        await endpoint.request("eth_blockNumber", "[]")
        return endpoint.number

    await client.first(chain_id)
    assert await client.first(height, start=client.endpoints[0]) == 0
    await client.first(chain_id, start=client.endpoints[0])
    clock.advance(1.5)
    assert await client.first(height) == 1
    clock.advance(1.0)
    assert await client.first(height) == 0


async def test_an_endpoint_out_of_quota_is_left_alone_for_as_long_as_it_says(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc], clock: ManualClock
) -> None:
    for server in servers:
        server.fault = Fault.RATE_LIMIT
    for _ in range(5):
        with pytest.raises(Retryable):
            await number(client)
    assert [len(server.requests) for server in servers] == [1, 1]
    servers[0].fault = Fault.NONE
    clock.advance(7.1)
    assert await number(client) == 16


async def test_a_batch_gives_results_in_order_and_errors_in_place(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    batch = [("eth_chainId", "[]"), ("eth_blockNumber", "[]")]
    assert await client.endpoints[0].batch(batch) == ["0x1", "0x10"]
    servers[0].fault = Fault.ERROR
    answers = await client.endpoints[0].batch(batch)
    assert [type(answer) for answer in answers] == [RpcError, RpcError]


async def test_a_batch_that_comes_back_short_is_sent_again_in_smaller_ones(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    servers[0].fault = Fault.SHORT_BATCH
    endpoint = client.endpoints[0]
    batch: list[Request] = [("eth_chainId", "[]"), ("eth_blockNumber", "[]")]
    for _ in range(2):
        assert await endpoint.batch(batch) == ["0x1", "0x10"]
    assert endpoint.learned.batch == 1
    assert servers[0].requests == ["eth_chainId", "eth_blockNumber"] * 3


@pytest.mark.parametrize("fault", [Fault.WRONG_ID, Fault.NO_RESULT])
async def test_a_batch_whose_answers_are_none_is_no_batch(
    fault: Fault, client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    servers[0].fault = fault
    with pytest.raises(Retryable):
        await client.endpoints[0].batch([("eth_chainId", "[]"), ("eth_blockNumber", "[]")])


async def test_a_kept_connection_that_the_server_closed_is_opened_again(
    servers: tuple[FaultyRpc, FaultyRpc], client: RpcClient
) -> None:
    endpoint: Endpoint = client.endpoints[0]
    servers[0].fault = Fault.HANG_UP
    with pytest.raises(Retryable, match="ServerDisconnected"):
        await endpoint.request("eth_chainId", "[]")
    assert len(servers[0].requests) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "result", "error", "code", "message", "data"]), inner, max_size=5)
    ),
    max_leaves=12,
)


async def test_no_answer_whatever_makes_anything_but_a_result_or_a_retryable(
    client: RpcClient, servers: tuple[FaultyRpc, FaultyRpc]
) -> None:
    endpoint, server = client.endpoints[0], servers[0]
    server.fault = Fault.RAW
    raws = [b"[" * 100_000, b"9" * 10_000, b'[{"id":[]},{"id":{}}]', b'{"id":1,"error":{"code":[]}}']

    @settings(max_examples=100)
    @given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=20)))
    def collect(raw: bytes) -> None:
        raws.append(raw)

    collect()
    for server.raw in raws:
        with suppress(Retryable):
            await endpoint.request("eth_chainId", "[]")
        with suppress(Retryable):
            await endpoint.batch([("eth_chainId", "[]"), ("eth_blockNumber", "[]")])
    server.fault = Fault.NONE
    assert await endpoint.request("eth_chainId", "[]") == "0x1"


@pytest.mark.parametrize("value", [None, 16, "16", "0x", "0xzz", "0x" + "f" * 65, True, "0x1\n"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(Retryable):
        json_rpc.quantity(value)


HEADER = {"number": "0x2", "hash": "0x" + "aB" * 32, "parentHash": "0x" + "cd" * 32, "timestamp": "0x10"}


def test_a_header_is_read() -> None:
    stamp = json_rpc.stamp(HEADER)
    assert (stamp.number, stamp.hash, stamp.timestamp.timestamp()) == (2, "0x" + "ab" * 32, 16)


@pytest.mark.parametrize("name", list(HEADER))
@pytest.mark.parametrize("bad", [None, "0x", 5, "0x" + "f" * 64 + "1"])
def test_a_header_with_a_bad_field_is_no_block(name: str, bad: object) -> None:
    with pytest.raises(Retryable):
        json_rpc.stamp(HEADER | {name: bad})


def test_a_block_at_the_end_of_time_is_no_block() -> None:
    with pytest.raises(Retryable):
        json_rpc.stamp(HEADER | {"timestamp": "0x" + "f" * 64})
