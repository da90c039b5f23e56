"""Which head is read at: of now, on from the last one, and one that its endpoint really has."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.clock import ManualClock, SystemClock
from bot.core.errors import Retryable
from bot.demo.chain import LocalChain
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind, reading
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import honest, node
from tests.faults.rpc import FaultyRpc, serving

pytestmark = pytest.mark.chain

TIMED = replace(PATIENT, max_head_age=timedelta(seconds=60), max_head_lead=timedelta(seconds=60))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize("seconds", [-86_400, -3_600, -90, 90, 3_600, 86_400 * 365])
async def test_a_block_of_another_time_is_passed_over_like_a_stale_one(chain: LocalChain, seconds: int) -> None:
    scene = await Scene.on(chain)
    await chain.mine(timestamp=now())
    async with AsyncExitStack() as stack:
        odd = await stack.enter_async_context(node(chain.rpc.url, nodes.dated(seconds)))
        good = await stack.enter_async_context(node(chain.rpc.url, honest))
        async with reading(behind(scene.config, odd.url, good.url, limits=TIMED)) as reader:
            view = await reader.read()
        assert abs((view.block.timestamp - now()).total_seconds()) < 60
        assert "eth_call" in good.asked
        # Where nobody has another one, the chain or this clock is odd: it is read, and the guards judge its time.
        async with reading(behind(scene.config, odd.url, limits=TIMED)) as reader:
            view = await reader.read()
        assert abs((view.block.timestamp - now()).total_seconds() - seconds) < 60


@pytest.mark.parametrize("blocks", [1, 5, 1_000, 2**40])
async def test_a_head_that_its_endpoint_does_not_have_stops_nobody(chain: LocalChain, blocks: int) -> None:
    scene = await Scene.on(chain)
    async with AsyncExitStack() as stack:
        odd = await stack.enter_async_context(node(chain.rpc.url, honest))
        good = await stack.enter_async_context(node(chain.rpc.url, honest))
        async with reading(behind(scene.config, odd.url, good.url)) as reader:
            before = await reader.read()
            odd.play = nodes.ahead(blocks)
            for number in range(1, 4):
                await empty_blocks(chain, 1)
                assert (await reader.read()).block.number == before.block.number + number
        async with reading(behind(scene.config, odd.url)) as reader:
            with pytest.raises(Retryable):
                await reader.read()
            odd.play = honest
            assert (await reader.read()).block.number == before.block.number + 3


async def test_a_budget_slows_reads_down_and_never_runs_dry(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    clock, limits = ManualClock(now()), replace(PATIENT, max_head_lead=None, requests_per_day=2_000)
    async with (
        serving(FaultyRpc(chain.rpc.url)) as front,
        reading(behind(scene.config, front.url, limits=limits), clock) as reader,
    ):
        numbers = []
        for _ in range(200):
            await empty_blocks(chain, 1)
            numbers.append((await reader.read()).block.number)
            clock.advance(30)
    share = 2_000 * 200 * 30 / 86_400
    assert 0.7 * share < len(front.requests) < share + 60
    assert 40 < len(set(numbers)) < 110
    assert numbers == sorted(numbers)


class Leaping(ManualClock):
    """A clock that moves on by itself where somebody waits."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


async def test_a_download_waits_for_its_budget(chain: LocalChain) -> None:
    clock = Leaping(now())
    client = RpcClient((chain.rpc.url,), timeout=5, clock=clock, requests_per_day=10_000, rounds=3)
    began = clock.monotonic()
    for _ in range(700):
        await client.request("eth_chainId", [], json_rpc.quantity)
    waited = (700 - 10_000 / 24 / 2) / 10_000 * 86_400
    assert 0.9 * waited < clock.monotonic() - began < 1.1 * waited
    await client.close()


async def test_without_a_budget_every_block_is_read(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    async with reading(scene.config, SystemClock()) as reader:
        first = (await reader.read()).block.number
        for number in range(1, 20):
            await empty_blocks(chain, 1)
            assert (await reader.read()).block.number == first + number
