"""How long a snapshot takes of 1,000 positions over five protocols, a hundred of them staked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from bot.chain.config import Deployment
from bot.core.snapshot import ChainView
from bot.core.types import Address
from bot.demo.algebra import Integral
from bot.demo.chain import Erc20, LocalChain, by_address
from bot.demo.fork import Fork
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.rpc import Rpc
from bot.demo.slipstream import Slipstream
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.demo.uniswap_v4 import Key, UniswapV4
from bot.protocols.registry import PROTOCOLS
from tests.bench.snapshot import ONE, measured
from tests.chain.setup import local, reading

PAIRS: Final = 5
"""Pools of each protocol."""
POSITIONS: Final = 40
"""In each pool."""
STAKED: Final = 10
"""Of them, where there is a farm."""
_MINTS_PER_BLOCK: Final = 100
_SPACING: Final = 60


async def run() -> dict[str, float]:
    """Measure; return the medians in milliseconds: ``wall`` and ``cpu`` (our own process, the node's not counted)."""
    async with Anvil(AnvilOptions()) as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner = chain.accounts[1]
        tokens = [await chain.deploy_token(f"T{number}", 18) for number in range(PAIRS + 1)]
        for account in (owner, chain.accounts[0]):
            await chain.fund(account, dict.fromkeys(tokens, 10**36))
        pairs = [by_address(tokens[0], token) for token in tokens[1:]]
        deployments = await _deployments(chain, owner, tokens, pairs)
        config = local(chain, deployments, owners=[owner], mapped=[token.address for token in tokens])
        async with reading(config) as reader:
            return await measured(chain, reader, _check)


def _check(view: ChainView) -> None:
    staked = sum(position.staked_in is not None for position in view.positions)
    if (len(view.positions), staked) != (5 * PAIRS * POSITIONS, 2 * PAIRS * STAKED):
        raise AssertionError(f"{len(view.positions)} positions were read, {staked} of them staked")


async def _deployments(
    chain: LocalChain, owner: Address, tokens: Sequence[Erc20], pairs: Sequence[tuple[Erc20, Erc20]]
) -> list[Deployment]:
    """Open the positions, and return where they are."""

    async def opened(contracts: UniswapV3, fee: int, spacing: int) -> list[tuple[Address, list[int]]]:
        """Return each pool with the positions in it that are to be staked."""
        found = []
        if isinstance(contracts, Fork):
            await contracts.allow(owner, tokens)
        for token0, token1 in pairs:
            key = PoolKey(token0.address, token1.address, fee)
            pool = await contracts.create_pool(key, ONE)
            block = await chain.mine(*(contracts.mint(owner, key, ticks, 10**24, 10**24) for ticks in _ranges(spacing)))
            found.append((pool, list(contracts.minted_ids(block)[:STAKED])))
        return found

    v4 = await UniswapV4.deploy(chain)
    slipstream, pancake, integral = (
        await Slipstream.deploy(chain),
        await PancakeV3.deploy(chain),
        await Integral.deploy(chain),
    )
    await opened(UniswapV3(chain), 3000, _SPACING)
    await opened(integral, 0, _SPACING)
    for pool, ids in await opened(slipstream, 50, 50):
        gauge = await slipstream.gauge(pool)
        stakes = [tx for one in ids for tx in slipstream.stake(owner, gauge, one)]
        await chain.mine(slipstream.pay(gauge, 10**22), *stakes)
    for pool, ids in await opened(pancake, 2500, 50):
        await pancake.farm(pool)
        await chain.mine(*(pancake.stake(owner, one) for one in ids), pancake.pay(10**30, 2**32 - 1))
    await v4.allow(owner, [token.address for token in tokens])
    for token0, token1 in pairs:
        key = Key(token0.address, token1.address, 3000, _SPACING)
        await v4.create_pool(key, ONE)
        await chain.mine(*(v4.mint(owner, key, ticks, 10**21) for ticks in _ranges(_SPACING)))
    tables = {
        "uniswap_v3": {"position_manager": chain.at.v3_positions},
        "uniswap_v4": {"position_manager": v4.at.positions, "state_view": v4.at.view},
        "slipstream": {"position_manager": slipstream.manager},
        "pancake_v3": {"position_manager": pancake.manager, "masterchef": pancake.masterchef},
        "algebra_integral": {"position_manager": integral.manager},
    }
    return [
        Deployment(name, f"chains.local.{name}[1]", PROTOCOLS[name].settings.model_validate(table))
        for name, table in tables.items()
    ]


def _ranges(spacing: int) -> list[tuple[int, int]]:
    return [(-spacing * step, spacing * (2 * step + 1)) for step in range(1, POSITIONS + 1)]


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(run())}\n")
