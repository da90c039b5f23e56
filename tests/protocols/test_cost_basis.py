"""Entry amounts: what was really deposited, less the share of each withdrawal."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from math import isqrt

import pytest

from bot.chain.config import ChainConfig
from bot.core.errors import Retryable
from bot.core.snapshot import Entry, EntrySource
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.uniswap_v2 import UniswapV2
from tests.chain.scene import Scene
from tests.chain.setup import behind, config_of, reading
from tests.demo.tricks import empty_blocks, set_fee_to
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = pytest.mark.chain


@pytest.fixture
async def scene(chain: LocalChain) -> Scene:
    return await Scene.on(chain)


async def entry_of(config: ChainConfig, protocol: str) -> Entry | None:
    async with reading(config) as reader:
        position = next(found for found in (await reader.read()).positions if found.protocol == protocol)
        entry = await reader.entry(position)
        assert entry is None or entry.liquidity == position.curve.liquidity
        return entry


async def spent(chain: LocalChain, account: Address, tokens: tuple[Address, Address]) -> tuple[int, int]:
    """Return the raw balances, negated, so that differences are what was paid."""
    return -await chain.balance(tokens[0], account), -await chain.balance(tokens[1], account)


class Purse:
    """What an account has paid into pools since it was opened."""

    def __init__(self, scene: Scene, before: tuple[int, int]) -> None:
        self._scene = scene
        self._before = before

    @classmethod
    async def of(cls, scene: Scene) -> Purse:
        return cls(scene, await spent(scene.chain, scene.owner, scene.tokens))

    async def paid(self) -> tuple[int, int]:
        now = await spent(self._scene.chain, self._scene.owner, self._scene.tokens)
        return now[0] - self._before[0], now[1] - self._before[1]


async def test_a_v3_entry_is_what_the_owner_paid_less_the_share_withdrawn(scene: Scene) -> None:
    chain, v3, owner = scene.chain, scene.v3, scene.owner
    purse = await Purse.of(scene)
    token_id = await v3.open(owner, scene.key, (-201600, -199800), (10**18, 10**10))
    opened = await purse.paid()
    config = config_of(chain, owners=[], token_ids=[token_id], discover=False)
    block = int(await chain.rpc.call("eth_blockNumber"), 16)
    liquidity = (await v3.position(token_id)).liquidity
    assert await entry_of(config, "uniswap_v3") == Entry.single(*opened, liquidity, EntrySource.MINT_EVENTS, block)

    await chain.mine(scene.buy(10**10))
    purse = await Purse.of(scene)
    await chain.mine(v3.increase(owner, token_id, 10**17, 10**9))
    added = await purse.paid()
    liquidity = (await v3.position(token_id)).liquidity
    await chain.mine(v3.decrease(owner, token_id, liquidity - liquidity // 4))
    left = (await v3.position(token_id)).liquidity
    amount0, amount1 = ((first + second) * left // liquidity for first, second in zip(opened, added, strict=True))
    root = sum(isqrt(first * second) for first, second in (opened, added)) * left // liquidity
    assert await entry_of(config, "uniswap_v3") == Entry(amount0, amount1, left, EntrySource.MINT_EVENTS, block, root)


async def test_what_came_before_a_position_was_empty_is_forgotten(scene: Scene) -> None:
    chain, v3, owner = scene.chain, scene.v3, scene.owner
    liquidity = (await v3.position(scene.token_id)).liquidity
    await chain.mine(v3.decrease(owner, scene.token_id, liquidity))
    purse = await Purse.of(scene)
    await chain.mine(v3.increase(owner, scene.token_id, 10**17, 10**9))
    paid = await purse.paid()
    entry = await entry_of(scene.config, "uniswap_v3")
    assert entry is not None
    assert (entry.amount0, entry.amount1) == paid


async def test_a_v2_entry_is_what_the_owner_paid_less_the_share_withdrawn(scene: Scene) -> None:
    chain, v2 = scene.chain, UniswapV2(scene.chain)
    await set_fee_to(chain, chain.accounts[8])
    other = chain.accounts[4]
    await chain.fund(other, {chain.at.weth: 10**22, chain.at.usdc: 10**14})
    await chain.mine(v2.swap(other, scene.tokens[0], scene.tokens[1], 10**18))
    config = config_of(chain, owners=[scene.owner, chain.accounts[5]], pairs=[scene.pair])
    first = await entry_of(config, "uniswap_v2")
    assert first is not None
    assert (first.amount0, first.amount1) == (10**19, 2 * 10**10)

    purse = await Purse.of(scene)
    mint = v2.add(scene.owner, *scene.tokens, 10**18, 10**10)
    foreign = v2.add(other, *scene.tokens, 10**18, 10**10)
    await chain.mine(foreign, mint, foreign)
    added = await purse.paid()
    held = await chain.balance(scene.pair, scene.owner)
    await chain.mine(chain.transfer(scene.owner, scene.pair, chain.accounts[5], held // 2))
    await chain.mine(*v2.remove(scene.owner, scene.pair, held // 4))
    left = held - held // 4
    entry = await entry_of(config, "uniswap_v2")
    assert entry is not None
    assert entry.block == first.block
    expected = [(old + new) * left // held for old, new in zip((10**19, 2 * 10**10), added, strict=True)]
    assert [entry.amount0, entry.amount1] == expected


async def test_lp_tokens_from_somebody_else_have_no_known_entry(scene: Scene) -> None:
    chain, receiver = scene.chain, scene.chain.accounts[7]
    held = await chain.balance(scene.pair, scene.owner)
    await chain.mine(chain.transfer(scene.owner, scene.pair, receiver, held // 2))
    assert await entry_of(config_of(chain, owners=[receiver], pairs=[scene.pair]), "uniswap_v2") is None


async def test_the_protocol_s_fee_was_no_deposit(scene: Scene) -> None:
    chain, v2, taker = scene.chain, scene.v2, scene.chain.accounts[8]
    await set_fee_to(chain, taker)
    tokens = scene.tokens
    await chain.mine(v2.add(scene.owner, *tokens, 10**18, 2 * 10**9))
    await chain.mine(v2.swap(scene.owner, *tokens, 10**18))
    await chain.mine(v2.add(scene.owner, *tokens, 10**18, 2 * 10**9))
    assert await chain.balance(scene.pair, taker) > 0
    assert await entry_of(config_of(chain, owners=[taker], pairs=[scene.pair]), "uniswap_v2") is None


async def test_events_are_looked_for_backwards_in_growing_ranges(scene: Scene) -> None:
    chain = scene.chain
    whole = await entry_of(scene.config, "uniswap_v3")
    await empty_blocks(chain, 500)
    for blocks, requests, found in [(10, 5, whole), (10, 2, None), (10_000, 1, whole)]:
        limits = replace(scene.config.limits, max_log_blocks=blocks, max_log_requests=requests)
        assert await entry_of(replace(scene.config, limits=limits), "uniswap_v3") == found


@pytest.mark.parametrize("most", [1, 5, 10, 20])
async def test_a_node_that_refuses_wide_ranges_gets_narrow_ones(scene: Scene, most: int) -> None:
    chain = scene.chain
    whole = await entry_of(scene.config, "uniswap_v3")
    await empty_blocks(chain, 40)
    async with serving(FaultyRpc(chain.rpc.url, max_log_range=most)) as narrow:
        for blocks in (20, 21, 10_000):
            limits = replace(scene.config.limits, max_log_blocks=blocks)
            assert await entry_of(behind(scene.config, narrow.url, limits=limits), "uniswap_v3") == whole


async def test_events_after_the_view_do_not_count(scene: Scene) -> None:
    chain, v3 = scene.chain, scene.v3
    async with reading(scene.config) as reader:
        position = (await reader.read()).positions[1]
        before = await reader.entry(position)
        await chain.mine(v3.increase(scene.owner, scene.token_id, 10**17, 10**9))
        async with aclosing(reader.heads()) as heads:
            await anext(heads)
        assert await reader.entry(position) == before
        await reader.read()
        assert await reader.entry(position) != before


async def test_a_node_that_lags_is_not_asked_for_logs(scene: Scene) -> None:
    async with serving(FaultyRpc(scene.chain.rpc.url)) as node, reading(behind(scene.config, node.url)) as reader:
        position = (await reader.read()).positions[0]
        before = await scene.chain.snapshot()
        await empty_blocks(scene.chain, 1)
        await reader.read()
        await scene.chain.revert(before)
        with pytest.raises(Retryable, match="does not know block"):
            await reader.entry(position)


@pytest.mark.parametrize("fault", [Fault.NULL_RESULT, Fault.ERROR, Fault.HTML])
async def test_a_failed_look_up_is_no_answer(scene: Scene, fault: Fault) -> None:
    async with serving(FaultyRpc(scene.chain.rpc.url)) as node, reading(behind(scene.config, node.url)) as reader:
        position = (await reader.read()).positions[0]
        node.fault, node.only = fault, "eth_getLogs"
        with pytest.raises(Retryable):
            await reader.entry(position)
