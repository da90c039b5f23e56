"""Strangers give an owner more positions than anyone could read: his own are read all the same, and one alarm tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from bot.chain import json_rpc
from bot.chain.config import ChainConfig
from bot.chain.multicall import AGGREGATE3
from bot.core.snapshot import ChainView
from bot.core.types import Address, PositionId
from bot.demo.chain import LocalChain
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.protocols.concentrated.owned import NEWEST, PAGE, WHOLE, Turns
from tests.chain.setup import behind, config_of, reading
from tests.demo.tricks import empty_blocks, set_storage
from tests.faults.nodes import Json, Node, honest, node

MILLION = 10**6
LISTS = 1
"""The manager's storage slot of its lists of ids by owner (OpenZeppelin's ERC721 3.4, after ERC165's)."""
RANGE = (-60, 60)


@dataclass
class Flooded:
    """An owner whose list of ids the real manager's storage makes as long as we like: empty places say position 0."""

    chain: LocalChain
    v3: UniswapV3
    owner: Address
    key: PoolKey

    @classmethod
    async def on(cls, chain: LocalChain) -> Flooded:
        at, owner = chain.at, chain.accounts[1]
        await chain.fund(owner, {at.weth: 10**20, at.usdc: 10**12})
        key = PoolKey.of(at.weth.address, at.usdc.address, 3000)
        scene = cls(chain, UniswapV3(chain), owner, key)
        await scene.v3.create_pool(key, 2**96)
        return scene

    async def open(self) -> PositionId:
        return self.name(await self.v3.open(self.owner, self.key, RANGE, (10**9, 10**9)))

    @staticmethod
    def name(number: int) -> PositionId:
        return PositionId(f"local:uniswap_v3:{number}")

    @property
    def length_slot(self) -> bytes:
        return keccak(json_rpc.encode_address(self.owner) + json_rpc.encode_uint(LISTS))

    async def fill(self, count: int) -> None:
        """Make the list that long."""
        manager = self.chain.at.v3_positions
        await set_storage(self.chain, manager, int.from_bytes(self.length_slot, "big"), count)
        assert await self.chain.balance(manager, self.owner) == count

    async def put(self, place: int, token_id: int) -> None:
        """Write an id at a place of the list."""
        first = int.from_bytes(keccak(self.length_slot), "big")
        await set_storage(self.chain, self.chain.at.v3_positions, first + place, token_id)

    def config(self, **more: object) -> ChainConfig:
        return replace(config_of(self.chain, owners=[self.owner]), **more)  # type: ignore[arg-type] # a test's own fields


def ids(view: ChainView) -> list[PositionId]:
    return sorted(position.id for position in view.positions)


@asynccontextmanager
async def counting(chain: LocalChain) -> AsyncIterator[tuple[Node, list[int]]]:
    """Serve the node; give what each multicall asked for: how many calls."""
    sizes: list[int] = []

    async def play(front: Node, body: Json) -> Json:
        for call in body if isinstance(body, list) else [body]:
            data = bytes.fromhex(call["params"][0]["data"][2:]) if call["method"] == "eth_call" else b""
            if data[:4] == AGGREGATE3:
                sizes.append(json_rpc.uint(data[4:], 1))
        return await honest(front, body)

    async with node(chain.rpc.url, play) as front:
        yield front, sizes


@pytest.mark.chain
async def test_a_million_gifts_neither_hide_what_is_the_owner_s_nor_hold_up_the_start(chain: LocalChain) -> None:
    scene = await Flooded.on(chain)
    before = [await scene.open(), await scene.open()]
    await scene.fill(MILLION)
    after = await scene.open()
    async with counting(chain) as (front, sizes), reading(behind(scene.config(), front.url)) as reader:
        await reader.check()
        view = await reader.read()
        assert ids(view) == [*before, after]
        (left,) = view.left_out
        assert left.position == f"local:uniswap_v3:{scene.owner}"
        assert f"holds {MILLION + 1} positions" in left.reason
        assert "only_positions" in left.reason
        sizes.clear()
        await empty_blocks(chain, 1)
        assert ids(await reader.read()) == [*before, after]
        assert sum(sizes) < 3 * WHOLE


@pytest.mark.chain
async def test_what_lies_among_the_gifts_is_found_in_its_turn_and_kept(chain: LocalChain) -> None:
    scene = await Flooded.on(chain)
    mine = await scene.open()
    await scene.fill(WHOLE + 3 * PAGE)
    await scene.put(0, 0)
    await scene.put(3 * PAGE + 7, int(mine.rpartition(":")[2]))
    async with reading(scene.config()) as reader:
        seen = []
        for _ in range(12):
            seen.append(ids(await reader.read()))
            await empty_blocks(chain, 1)
    assert seen == 3 * [[]] + 9 * [[mine]]


@pytest.mark.chain
async def test_what_was_followed_is_read_first_after_a_restart(chain: LocalChain) -> None:
    scene = await Flooded.on(chain)
    mine = await scene.open()
    await scene.fill(MILLION)
    await scene.put(0, 0)
    await scene.put(MILLION // 2, int(mine.rpartition(":")[2]))
    async with reading(scene.config()) as reader:
        assert ids(await reader.read()) == []
    async with reading(scene.config()) as reader:
        reader.follow([mine])
        assert ids(await reader.read()) == [mine]
        number = int(mine.rpartition(":")[2])
        await chain.mine(scene.v3.close(scene.owner, number, (await scene.v3.position(number)).liquidity))
        view = await reader.read()
        assert (ids(view), view.moved) == ([], ())


@pytest.mark.chain
async def test_with_only_positions_nothing_is_listed_and_nothing_is_told(chain: LocalChain) -> None:
    scene = await Flooded.on(chain)
    mine, other = await scene.open(), await scene.open()
    await scene.fill(MILLION)
    config = scene.config(only_positions=frozenset({mine.removeprefix("local:")}))
    async with counting(chain) as (front, sizes), reading(behind(config, front.url)) as reader:
        await reader.check()
        view = await reader.read()
        assert (ids(view), view.left_out) == ([mine], ())
        assert sum(sizes) < 100
    async with reading(scene.config(only_positions=frozenset({"elsewhere:1"}))) as reader:
        view = await reader.read()
        assert (ids(view), view.left_out) == ([], ())
    assert other != mine


@given(st.integers(WHOLE + 1, 10**7), st.integers(1, 10**9), st.integers(0, 10**6))
def test_the_newest_are_looked_at_always_and_each_of_the_others_in_its_turn(count: int, block: int, place: int) -> None:
    turns, place = Turns(), place % count
    rounds = -(-(count - NEWEST) // PAGE)
    if rounds > 100:  # long lists: what holds of any stretch of them
        count = WHOLE + count % (50 * PAGE)
        rounds, place = -(-(count - NEWEST) // PAGE), place % count
    seen = [turns.places(count, block + number) for number in range(rounds)]
    assert all(set(range(count - NEWEST, count)) <= set(places) for places in seen)
    assert any(place in places for places in seen)
    assert {len(places) for places in seen} <= set(range(NEWEST, NEWEST + PAGE + 1))
    assert turns.places(count, block + rounds - 1) == seen[-1]
