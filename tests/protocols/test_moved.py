"""A position that leaves its owner is asked for: with a contract it is moved, with a wallet or burned it is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.chain.reader import EvmChainReader
from bot.core.snapshot import ChainView
from bot.core.types import Address, PositionId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.chain.setup import config_of, reading
from tests.demo.tricks import empty_blocks

pytestmark = pytest.mark.chain

DELEGATED = "0xef0100" + "ab" * 20


@dataclass(frozen=True, slots=True)
class Scene:
    """An owner with one position, and a reader that follows it."""

    chain: LocalChain
    v3: UniswapV3
    reader: EvmChainReader
    owner: Address
    number: int

    @property
    def name(self) -> PositionId:
        return PositionId(f"local:uniswap_v3:{self.number}")

    async def give(self, receiver: Address) -> ChainView:
        data = calldata("transferFrom(address,address,uint256)", self.owner, receiver, self.number)
        await self.chain.mine(Tx(self.owner, self.chain.at.v3_positions, data))
        return await self.reader.read()


@asynccontextmanager
async def followed(chain: LocalChain) -> AsyncIterator[Scene]:
    at, v3, owner = chain.at, UniswapV3(chain), chain.accounts[1]
    await chain.fund(owner, {at.weth: 10**20, at.usdc: 10**12})
    key = PoolKey.of(at.weth.address, at.usdc.address, 3000)
    await v3.create_pool(key, 2**96)
    number = await v3.open(owner, key, (-60, 60), (10**9, 10**9))
    async with reading(config_of(chain, owners=[owner])) as reader:
        scene = Scene(chain, v3, reader, owner, number)
        assert [item.id for item in (await reader.read()).positions] == [scene.name]
        reader.follow([scene.name, PositionId("local:uniswap_v2:0xpair"), PositionId("other:uniswap_v3:7")])
        yield scene


async def test_what_a_contract_took_is_shown_as_moved_with_its_holder_and_its_amounts(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        farm = chain.at.usdc.address  # any contract: this one does not say whose it is
        view = await scene.give(farm)
        assert view.positions == ()
        ((position, holder),) = ((item.position, item.holder) for item in view.moved)
        assert (position.id, holder) == (scene.name, farm)
        paid = await scene.v3.position(scene.number)
        assert position.curve.liquidity == paid.liquidity
        assert position.amounts == position.curve.amounts()


async def test_what_a_wallet_got_is_gone(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        view = await scene.give(chain.accounts[7])
        assert (view.positions, view.moved) == ((), ())


async def test_a_wallet_that_delegates_is_a_wallet(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        await chain.rpc.call("anvil_setCode", chain.accounts[7], DELEGATED)
        view = await scene.give(chain.accounts[7])
        assert (view.positions, view.moved) == ((), ())


async def test_what_was_no_contract_once_is_asked_for_again(chain: LocalChain) -> None:
    """A node that has lost a contract's code, or lags behind its making, says that there is none."""
    async with followed(chain) as scene:
        assert (await scene.give(chain.accounts[7])).moved == ()
        await chain.rpc.call("anvil_setCode", chain.accounts[7], "0x00")
        await empty_blocks(chain, 1)
        assert [item.holder for item in (await scene.reader.read()).moved] == [chain.accounts[7]]


async def test_a_burned_position_is_gone(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        liquidity = (await scene.v3.position(scene.number)).liquidity
        await chain.mine(scene.v3.close(scene.owner, scene.number, liquidity))
        view = await scene.reader.read()
        assert (view.positions, view.moved) == ((), ())


async def test_an_id_that_is_configured_is_ours_whoever_holds_it(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        await scene.give(chain.at.usdc.address)
        config = config_of(chain, owners=[scene.owner], token_ids=[scene.number])
        async with reading(config) as reader:
            reader.follow([scene.name])
            view = await reader.read()
        assert ([item.id for item in view.positions], view.moved) == ([scene.name], ())


async def test_what_another_owner_of_ours_got_is_still_ours(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        config = config_of(chain, owners=[scene.owner, chain.accounts[2]])
        await scene.give(chain.accounts[2])
        async with reading(config) as reader:
            reader.follow([scene.name])
            view = await reader.read()
        assert ([item.id for item in view.positions], view.moved) == ([scene.name], ())


async def test_what_nobody_follows_costs_no_read(chain: LocalChain) -> None:
    async with followed(chain) as scene:
        scene.reader.follow([])
        view = await scene.give(chain.at.usdc.address)
        assert (view.positions, view.moved) == ((), ())
