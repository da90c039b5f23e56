"""One web3 over all endpoints: what is asked through it goes to the endpoint in hand, or to the first that answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import cast

import pytest
from eth_typing import ChecksumAddress
from web3.types import RPCEndpoint, RPCResponse

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.client import RpcClient
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint
from bot.chain.logs import Logs
from bot.chain.rpc_errors import Meaning, RpcError
from bot.clock import SystemClock
from bot.core.errors import Retryable
from bot.demo.chain import LocalChain
from bot.demo.tx import calldata
from tests.chain.scene import Scene
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, Node, honest, node
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = pytest.mark.chain


async def test_web3_reads_a_pools_reserves_through_our_endpoints(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    client = RpcClient((chain.rpc.url,), timeout=5, clock=SystemClock())
    answer = await client.web3.eth.call({"to": scene.pair, "data": "0x" + calldata("getReserves()").hex()})  # type: ignore[typeddict-item] # hexadecimal text is fine
    assert (json_rpc.uint(bytes(answer), 0), json_rpc.uint(bytes(answer), 1)) == await scene.v2.reserves(scene.pair)
    assert await client.web3.eth.chain_id == 31337
    newest = await client.web3.eth.get_block("latest")
    assert newest["number"] == int(await chain.rpc.call("eth_blockNumber"), 16)
    assert len(await client.web3.eth.get_logs({"address": cast("ChecksumAddress", scene.pair), "fromBlock": 0})) > 0
    await client.close()


async def test_what_is_asked_of_web3_alone_goes_on_to_the_next_endpoint(chain: LocalChain) -> None:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(FaultyRpc(chain.rpc.url))) for _ in range(2)]
        client = RpcClient((first.url, second.url), timeout=5, clock=SystemClock())
        first.fault = Fault.HTML
        assert await client.web3.eth.chain_id == 31337
        assert (first.requests, second.requests) == (["eth_chainId"], ["eth_chainId"])
        second.fault = Fault.WRONG_ID
        with pytest.raises(Retryable, match=r"rpc_urls\[2\].*another request"):
            await client.web3.eth.get_block_number()
        await client.close()


async def test_work_on_one_endpoint_stays_there(chain: LocalChain) -> None:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(FaultyRpc(chain.rpc.url))) for _ in range(2)]
        client = RpcClient((first.url, second.url), timeout=5, clock=SystemClock())

        async def work(endpoint: Endpoint) -> tuple[object, object]:
            batch = await endpoint.batch([("eth_chainId", []), ("eth_blockNumber", [])])
            return await endpoint.request("eth_chainId", []), batch[0]

        assert await client.first(work, start=client.endpoints[1]) == ("0x7a69", "0x7a69")
        assert not first.requests
        assert second.requests == ["eth_chainId", "eth_blockNumber", "eth_chainId"]
        await client.close()


async def test_a_batch_through_the_provider_keeps_errors_in_place(chain: LocalChain) -> None:
    client = RpcClient((chain.rpc.url,), timeout=5, clock=SystemClock())
    asked = [(RPCEndpoint(method), "[]") for method in ("eth_chainId", "eth_nothing")]
    answers = cast("list[RPCResponse]", await client.web3.provider.make_batch_request(asked))
    assert answers[0]["result"] == "0x7a69"
    assert answers[1]["error"]["code"] == -32601
    found = await client.endpoints[0].batch([("eth_chainId", []), ("eth_nothing", [])])
    assert isinstance(found[1], RpcError)
    assert found[1].meaning is Meaning.UNSUPPORTED
    with pytest.raises(RpcError, match="eth_nothing"):
        await client.endpoints[0].request("eth_nothing", [])
    await client.close()


@pytest.mark.parametrize("name", ["besu_range", "infura_results", "quicknode_range", "alchemy_free"])
async def test_logs_that_are_refused_mute_nobody(chain: LocalChain, name: str) -> None:
    async with AsyncExitStack() as stack:
        odd = await stack.enter_async_context(node(chain.rpc.url, getattr(nodes, name)))
        other = await stack.enter_async_context(node(chain.rpc.url, honest))
        await empty_blocks(chain, 50)
        client = RpcClient((odd.url, other.url), timeout=5, clock=SystemClock())
        span = {"fromBlock": "0x0", "toBlock": "0x30", "address": chain.at.weth.address}

        async def logs(endpoint: Endpoint) -> object:
            return await endpoint.request("eth_getLogs", [span])

        assert isinstance(await client.first(logs), list)
        assert other.asked == ["eth_getLogs"]
        assert await client.request("eth_chainId", [], json_rpc.quantity) == 31337
        assert odd.asked[-1] == "eth_chainId", "one refused request must not move an endpoint"
        await client.close()


@pytest.mark.parametrize("name", ["over_rate_limit", "proxyd_busy"])
async def test_a_quota_is_the_whole_endpoints(chain: LocalChain, name: str) -> None:
    async with AsyncExitStack() as stack:
        odd = await stack.enter_async_context(node(chain.rpc.url, getattr(nodes, name)))
        other = await stack.enter_async_context(node(chain.rpc.url, honest))
        client = RpcClient((odd.url, other.url), timeout=5, clock=SystemClock())
        call = [{"to": chain.at.weth.address, "data": "0x313ce567"}, "latest"]
        await client.request("eth_call", call, json_rpc.data)
        assert await client.request("eth_chainId", [], json_rpc.quantity) == 31337
        assert odd.asked == ["eth_call"]
        await client.close()


@pytest.mark.parametrize("spoil", [lambda topics: topics[:1], lambda topics: [*topics[:1], *topics[:1]], lambda _: []])
async def test_logs_that_do_not_fit_what_was_asked_for_are_refused(
    chain: LocalChain, spoil: Callable[[list[str]], list[str]]
) -> None:
    scene = await Scene.on(chain)

    async def one(front: Node, call: Json) -> Answer:
        answer = await front.ask(call)
        return answer | {"result": [log | {"topics": spoil(log["topics"])} for log in answer["result"]]}

    async with node(chain.rpc.url, nodes.method("eth_getLogs", one)) as front:
        client = RpcClient((front.url,), timeout=5, clock=SystemClock())
        ours = "0x" + json_rpc.encode_address(scene.owner).hex()
        topics = (topic("Transfer(address,address,uint256)"), None, ours)
        with pytest.raises(Retryable, match="not asked for"):
            await Logs(client, Limits()).between(
                scene.pair, topics, 0, int(await chain.rpc.call("eth_blockNumber"), 16)
            )
        await client.close()


@pytest.mark.parametrize("most", [100, 128, 200, 256, 300])
async def test_logs_that_a_node_cuts_without_a_word_are_complete(chain: LocalChain, most: int) -> None:
    token, owner = chain.at.usdc.address, chain.accounts[1]
    await chain.fund(owner, {chain.at.usdc: 10**6})
    first = int(await chain.rpc.call("eth_blockNumber"), 16) + 1
    for _ in range(4):
        await chain.mine(*[chain.transfer(owner, token, chain.accounts[2], 1) for _ in range(90)])
    async with node(chain.rpc.url, nodes.logs_cut(most)) as front:
        client, topics = (
            RpcClient((front.url,), timeout=5, clock=SystemClock()),
            (topic("Transfer(address,address,uint256)"),),
        )
        logs = Logs(client, Limits())
        assert len(await logs.between(token, topics, first, first + 3)) == 360
        newest_first = [log async for log in logs.newest_first(token, [topics], first + 3) if log.block >= first]
        assert len(newest_first) == 360
        assert front.asked.count("eth_getLogs") < 40
        await client.close()
