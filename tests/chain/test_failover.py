"""Endpoints that fail, lag or go back, reorganisations, a node that dies: a view is whole, or there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chain.multicall import Multicall
from bot.chain.reader import EvmChainReader
from bot.chain.tokens import balance_of
from bot.clock import SystemClock
from bot.core.errors import Retryable, SkipCycle
from bot.core.types import BlockHash
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from bot.protocols.registry import sources
from tests.chain.scene import Scene, ids, two
from tests.chain.setup import PATIENT, behind, reading
from tests.demo.tricks import empty_blocks
from tests.faults.rpc import Fault

pytestmark = pytest.mark.chain


@pytest.fixture
async def scene(chain: LocalChain) -> Scene:
    return await Scene.on(chain)


READ_FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("only", [None, "eth_call"])
async def test_a_failing_endpoint_is_replaced_by_the_next_one(scene: Scene, fault: Fault, only: str | None) -> None:
    limits = replace(PATIENT, request_timeout=1.0)
    async with reading(scene.config) as reader:
        whole = await reader.read()
    async with two(scene, limits) as (reader, first, _):
        first.fault, first.only = fault, only
        assert await reader.read() == whole


async def test_an_endpoint_that_only_gives_heads_is_not_waited_for_again(scene: Scene) -> None:
    async with two(scene, replace(PATIENT, request_timeout=1.0)) as (reader, first, _):
        first.fault, first.only = Fault.SILENT, "eth_call"
        await reader.read()
        assert first.requests == ["eth_getBlockByNumber", "eth_call"]
        await reader.read()
        assert len(first.requests) == 2


@pytest.mark.parametrize("fault", [Fault.SHORT_BATCH, Fault.ERROR, Fault.WRONG_ID, Fault.NULL_RESULT])
async def test_a_batch_that_is_not_whole_is_read_elsewhere(scene: Scene, fault: Fault) -> None:
    scene.config = replace(scene.config, multicall=None)
    async with reading(scene.config) as reader:
        whole = await reader.read()
    async with two(scene) as (reader, first, _):
        first.fault, first.only = fault, "eth_call"
        assert await reader.read() == whole


async def test_where_no_endpoint_answers_there_is_no_view(scene: Scene) -> None:
    async with two(scene) as (reader, first, second):
        first.fault, second.fault = Fault.NULL_RESULT, Fault.HTML
        with pytest.raises(Retryable, match=r"rpc_urls\[1\] .*no block.*rpc_urls\[2\] .*no JSON"):
            await reader.read()


async def test_a_silent_node_costs_no_more_than_the_deadline_of_the_read(scene: Scene) -> None:
    async with two(scene, replace(PATIENT, read_timeout=0.2)) as (reader, first, second):
        first.fault = second.fault = Fault.SILENT
        with pytest.raises(Retryable, match=r"within 0\.2 s"):
            await reader.read()


async def test_a_node_without_hash_pins_is_pinned_by_number_and_checked(scene: Scene) -> None:
    async with reading(scene.config) as reader:
        whole = await reader.read()
    async with two(scene) as (reader, first, second):
        first.fault = Fault.NO_EIP1898
        assert await reader.read() == whole
        assert not second.requests
        first.requests.clear()
        await reader.read()
        assert first.requests == ["eth_getBlockByNumber", "eth_call", "eth_getBlockByNumber"]


async def test_a_block_that_changes_under_a_read_by_number_is_read_anew(scene: Scene) -> None:
    async with two(scene) as (reader, first, second):
        first.fault = second.fault = Fault.NO_EIP1898
        await reader.read()
        first.before = {"eth_call": lambda: scene.chain.reorg(1)}
        view = await reader.read()
        async with reading(scene.config) as other:
            assert view == await other.read()


async def test_a_block_that_changes_under_a_read_by_number_makes_no_view(scene: Scene) -> None:
    async with reading(behind(scene.config, scene.chain.rpc.url)) as reader:
        await reader.read()
        other = replace((await reader.read()).block, hash=BlockHash("0x" + "ab" * 32))
        endpoint = reader._client.endpoints[0]  # noqa: SLF001 - the block is one that nobody has
        endpoint.learned.by_hash = False
        multicall = Multicall(scene.config.multicall, PATIENT)
        with pytest.raises(SkipCycle, match="replaced"):
            await multicall.run(endpoint, multicall.plan([balance_of(scene.pair, scene.owner)]), other)


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.NO_EIP1898])
async def test_blocks_that_come_during_a_read_change_nothing_in_it(scene: Scene, fault: Fault) -> None:
    async def trade() -> None:
        first.before = {}
        await scene.chain.mine(scene.buy(10**9))

    async with two(scene) as (reader, first, _):
        first.fault = fault
        whole = await reader.read()
        first.before = {"eth_call": trade}
        assert await reader.read() == whole
        assert (await reader.read()).positions != whole.positions


async def test_an_endpoint_that_lags_is_passed_over(scene: Scene) -> None:
    async with two(scene) as (reader, first, second):
        newest = (await reader.read()).block
        first.lag = 2
        assert (await reader.read()).block == newest
        assert second.requests
        second.lag = 1
        with pytest.raises(Retryable, match=f"went back from block {newest.number}"):
            await reader.read()


async def test_of_old_heads_the_newest_is_taken_and_a_fresh_one_is_preferred(scene: Scene) -> None:
    limits = replace(PATIENT, max_head_age=timedelta(seconds=60))
    async with two(scene, limits) as (reader, first, _):
        first.lag = 1
        old = await reader.read()
        assert old.block.timestamp < datetime.now(UTC) - timedelta(days=1)
        newest = await scene.chain.rpc.call("eth_blockNumber")
        assert old.block.number == int(newest, 16)
        await scene.chain.mine(timestamp=datetime.now(UTC).replace(microsecond=0))
        fresh = await reader.read()
        assert fresh.block.number == old.block.number + 1


async def test_after_a_reorganisation_the_new_branch_is_read(scene: Scene) -> None:
    chain, v3 = scene.chain, scene.v3
    seen: list[int] = []
    reader = EvmChainReader(scene.config, sources, SystemClock(), lambda reorg: seen.append(reorg.from_number))
    before = await reader.read()
    new = await v3.open(scene.owner, scene.key, (-201600, -199800), (10**18, 10**9))
    await chain.mine(scene.buy(10**10))
    await empty_blocks(chain, 1)
    opened = await reader.read()
    assert f"local:uniswap_v3:{new}" in ids(opened)
    await chain.reorg(3)
    after = await reader.read()
    assert (after.block.number, ids(after)) == (opened.block.number, ids(before))
    assert after.block.hash != opened.block.hash
    assert after.positions == before.positions
    assert reader.reorgs == 1
    assert seen == [opened.block.number - 1]
    await reader.close()


async def test_a_token_id_that_a_reorganisation_gave_to_another_range_is_read_anew(scene: Scene) -> None:
    chain, v3 = scene.chain, scene.v3
    async with reading(scene.config) as reader:
        new = await v3.open(scene.owner, scene.key, (-201600, -199800), (10**18, 10**9))
        await reader.read()
        await chain.reorg(1, v3.mint(scene.owner, scene.key, (-210000, -190020), 10**18, 10**9))
        view = await reader.read()
        found = next(position for position in view.positions if position.id == f"local:uniswap_v3:{new}")
        pays = await v3.pays(new)
        assert (found.amounts.principal0, found.amounts.principal1) == (pays.principal0, pays.principal1)


async def test_a_node_that_dies_and_comes_back_is_read_again(tmp_path: Path) -> None:
    node = Anvil(AnvilOptions(state_file=tmp_path / "state.json"))
    await node.start()
    async with Rpc(node.url) as rpc:
        scene = await Scene.on(await LocalChain.deploy(rpc))
    async with reading(scene.config) as reader:
        before = await reader.read()
        await node.stop()
        with pytest.raises(Retryable, match=r"rpc_urls\[1\] \(127\.0\.0\.1\): ClientConnectorError"):
            await reader.read()
        await node.start()
        again = await reader.read()
        await node.stop()
    assert (again.positions, again.block.number) == (before.positions, before.block.number)
