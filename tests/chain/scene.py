"""A small scene on the local chain: one V2 pair and one V3 pool of the same tokens, a position of ours in each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction

from bot.chain.config import ChainConfig, Limits
from bot.chain.reader import EvmChainReader
from bot.core.snapshot import ChainView
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3, sqrt_price_x96
from tests.chain.setup import PATIENT, behind, config_of, reading
from tests.faults.rpc import FaultyRpc, serving

PRICE = Fraction(2000 * 10**6, 10**18)


@dataclass
class Scene:
    """A V2 pair and a V3 pool of WETH and USDC at 2,000, with a position of the owner's in each."""

    chain: LocalChain
    v2: UniswapV2
    v3: UniswapV3
    owner: Address
    key: PoolKey
    pair: Address
    token_id: int
    config: ChainConfig

    @classmethod
    async def on(cls, chain: LocalChain) -> Scene:
        v2, v3, at = UniswapV2(chain), UniswapV3(chain), chain.at
        owner = chain.accounts[1]
        await chain.fund(owner, {at.weth: 10**22, at.usdc: 10**14})
        key = PoolKey.of(at.weth.address, at.usdc.address, 3000)
        assert key.token1 == at.usdc.address, "the local chain deploys WETH first, at the lower address"
        await v3.create_pool(key, sqrt_price_x96(PRICE))
        token_id = await v3.open(owner, key, (-202200, -198000), (10**19, 2 * 10**10))
        pair = await v2.create_pair(at.weth.address, at.usdc.address)
        await chain.mine(v2.add(owner, at.weth.address, at.usdc.address, 10**19, 2 * 10**10))
        return cls(chain, v2, v3, owner, key, pair, token_id, config_of(chain, owners=[owner], pairs=[pair]))

    @property
    def tokens(self) -> tuple[Address, Address]:
        return self.key.token0, self.key.token1

    def buy(self, weth_for: int) -> Tx:
        return self.v3.swap(self.owner, self.key, weth_for, zero_for_one=False)


@asynccontextmanager
async def two(scene: Scene, limits: Limits = PATIENT) -> AsyncIterator[tuple[EvmChainReader, FaultyRpc, FaultyRpc]]:
    """Read through two endpoints that may fail."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(serving(FaultyRpc(scene.chain.rpc.url))) for _ in range(2)]
        config = behind(scene.config, first.url, second.url, limits=limits)
        yield await stack.enter_async_context(reading(config)), first, second


def ids(view: ChainView) -> set[str]:
    return {str(position.id) for position in view.positions}
