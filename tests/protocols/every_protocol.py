"""One chain with a deployment of every protocol, in each of which an owner holds something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.errors import ConfigError
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import Erc20, LocalChain
from bot.demo.fork import Fork
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.slipstream import Slipstream
from bot.demo.solidly import Solidly
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.demo.uniswap_v4 import Key, UniswapV4
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local, reading
from tests.protocols.ramses.contracts import Ramses


@dataclass
class Chains:
    """The chain; ``tables`` are right for its deployments."""

    chain: LocalChain
    tokens: tuple[Erc20, Erc20]
    tables: Mapping[str, Mapping[str, object]]

    def config(self, protocol: str, table: Mapping[str, object]) -> ChainConfig:
        settings = PROTOCOLS[protocol].settings.model_validate(table)
        deployment = Deployment(protocol, f"chains.local.{protocol}[1]", settings)
        mapped = [token.address for token in self.tokens]
        return local(self.chain, [deployment], owners=self.chain.accounts[1:2], mapped=mapped)

    async def complaint(self, protocol: str, table: Mapping[str, object]) -> str:
        async with reading(self.config(protocol, table)) as reader:
            with pytest.raises(ConfigError) as caught:
                await reader.check()
        return str(caught.value)


async def deployed(chain: LocalChain, tokens: tuple[Erc20, Erc20], root: int, amounts: tuple[int, int]) -> Chains:
    """Deploy everything, and open a position around a price (sqrtPriceX96) in each with at most these amounts."""
    owner, (first, second) = chain.accounts[1], (tokens[0].address, tokens[1].address)
    here = tick_at_sqrt_ratio(root) // 600 * 600
    ticks = here - 12_000, here + 12_000

    async def managed(contracts: UniswapV3, fee: int) -> UniswapV3:
        if isinstance(contracts, Fork):
            await contracts.allow(owner, tokens)
        key = PoolKey(first, second, fee)
        await contracts.create_pool(key, root)
        await contracts.open(owner, key, ticks, amounts)
        return contracts

    v2, v4 = UniswapV2(chain), await UniswapV4.deploy(chain)
    await managed(UniswapV3(chain), 3000)
    slipstream, pancake = await Slipstream.deploy(chain), await PancakeV3.deploy(chain)
    algebra, integral = await Algebra.deploy(chain), await Integral.deploy(chain)
    ramses = await Ramses.deploy(chain)
    for contracts, fee in ((slipstream, 100), (pancake, 2500), (algebra, 0), (integral, 0), (ramses, 500)):
        await managed(contracts, fee)
    await pancake.farm(await pancake.pool(PoolKey(first, second, 2500)))
    await v4.allow(owner, [first, second])
    key = Key(first, second, 3000, 60)
    await v4.create_pool(key, root)
    await v4.open(owner, key, ticks, amounts)
    pair = await v2.create_pair(first, second)
    await chain.mine(v2.add(owner, first, second, *amounts))
    cl_pool = await slipstream.pool(PoolKey(first, second, 100))
    solidly = await Solidly.deploy(chain)
    pool = await solidly.create_pool(tokens, stable=False)
    await chain.mine(*solidly.add(owner, pool, tokens, amounts))
    return Chains(
        chain,
        tokens,
        {
            "uniswap_v2": {"pairs": [pair]},
            "uniswap_v3": {"position_manager": chain.at.v3_positions},
            "uniswap_v4": {"position_manager": v4.at.positions, "state_view": v4.at.view},
            "slipstream": {
                "position_manager": slipstream.manager,
                "pools": [cl_pool],
            },
            "pancake_v3": {"position_manager": pancake.manager, "masterchef": pancake.masterchef},
            "algebra": {"position_manager": algebra.manager},
            "algebra_integral": {"position_manager": integral.manager},
            "ramses": {"position_manager": ramses.manager},
            "solidly": {"pools": [pool], "voter": solidly.voter},
        },
    )
