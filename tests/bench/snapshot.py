"""How long a snapshot takes: 1,000 V3 positions over 100 pools, read from a local node."""

from __future__ import annotations

import asyncio
import itertools
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

from bot.chain.reader import EvmChainReader
from bot.core.snapshot import ChainView
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import TICK_SPACING, PoolKey, UniswapV3
from tests.chain.setup import config_of, reading
from tests.demo.tricks import empty_blocks

POOLS: Final = 100
POSITIONS_PER_POOL: Final = 10
TOKENS: Final = 8
MINTS_PER_BLOCK: Final = 250
ROUNDS: Final = 15
ONE: Final = 2**96


async def run() -> dict[str, float]:
    """Measure; return the medians in milliseconds: ``wall`` and ``cpu`` (our own process, the node's not counted)."""
    async with Anvil() as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner = chain.accounts[1]
        tokens = await _positions(chain, owner)
        async with reading(config_of(chain, owners=[owner], mapped=[token.address for token in tokens])) as reader:
            return await measured(chain, reader, _check)


async def measured(chain: LocalChain, reader: EvmChainReader, check: Callable[[ChainView], None]) -> dict[str, float]:
    """Read some blocks; return the medians in milliseconds. ``check`` raises for a view that is not whole."""
    await reader.read()
    walls, cpus = [], []
    for _ in range(ROUNDS):
        await empty_blocks(chain, 1)
        wall, cpu = time.perf_counter(), cpu_time()
        view = await reader.read()
        cpus.append(cpu_time() - cpu)
        walls.append(time.perf_counter() - wall)
        check(view)
    return {"wall": statistics.median(walls) * 1000, "cpu": statistics.median(cpus) * 1000}


def _check(view: ChainView) -> None:
    if len(view.positions) != POOLS * POSITIONS_PER_POOL:
        raise AssertionError(f"{len(view.positions)} positions were read")


async def _positions(chain: LocalChain, owner: Address) -> list[Erc20]:
    v3 = UniswapV3(chain)
    tokens = [await chain.deploy_token(f"T{number}", 18) for number in range(TOKENS)]
    await chain.fund(owner, dict.fromkeys(tokens, 10**36))
    pairs = itertools.combinations([token.address for token in tokens], 2)
    keys = [PoolKey.of(*pair, fee) for pair in pairs for fee in sorted(TICK_SPACING)][:POOLS]
    create = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
    await chain.mine(
        *(Tx(owner, chain.at.v3_positions, calldata(create, key.token0, key.token1, key.fee, ONE)) for key in keys)
    )
    mints = [
        v3.mint(owner, key, (-TICK_SPACING[key.fee] * step, TICK_SPACING[key.fee] * (2 * step + 1)), 10**24, 10**24)
        for key in keys
        for step in range(1, POSITIONS_PER_POOL + 1)
    ]
    for start in range(0, len(mints), MINTS_PER_BLOCK):
        await chain.mine(*mints[start : start + MINTS_PER_BLOCK])
    return tokens


def cpu_time() -> float:
    """Return the CPU seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(run())}\n")
