"""How long a read takes of a wallet with 1,500 NFTs, 300 of them gifts in an unknown token, behind 50 ms of latency."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import aiohttp
from aiohttp import web

from bot.chain.reader import EvmChainReader
from bot.clock import SystemClock
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import TICK_SPACING, PoolKey, UniswapV3
from bot.protocols.registry import sources
from tests.chain.setup import behind, config_of
from tests.demo.tricks import empty_blocks

OWN: Final = 1_200
GIFTS: Final = 300
POOLS: Final = 20
LATENCY: Final = 0.05
ROUNDS: Final = 9
MINTS_PER_BLOCK: Final = 250
ONE: Final = 2**96


async def run() -> dict[str, float]:
    """Measure; return milliseconds: the median and the least ``wall`` of a read, and our own process's ``cpu``."""
    async with Anvil() as anvil, Rpc(anvil.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner = chain.accounts[1]
        known = await _positions(chain, owner)
        async with far_away(anvil.url) as url:
            config = behind(config_of(chain, owners=[owner], mapped=[token.address for token in known]), url)
            config = replace(config, limits=replace(config.limits, read_timeout=60.0, confirm=True))
            reader = EvmChainReader(config, sources, SystemClock())
            try:
                return await _measured(chain, reader)
            finally:
                await reader.close()


@asynccontextmanager
async def far_away(upstream: str) -> AsyncIterator[str]:
    """Serve a node from LATENCY away, without a look at what passes; give the URL."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def relay(request: web.Request) -> web.Response:
            body = await request.read()
            await asyncio.sleep(LATENCY)
            async with session.post(upstream, data=body, headers={"Content-Type": "application/json"}) as answer:
                return web.Response(body=await answer.read(), content_type="application/json")

        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/", relay)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


async def _measured(chain: LocalChain, reader: EvmChainReader) -> dict[str, float]:
    view = await reader.read()
    if (len(view.positions), len(view.left_out)) != (OWN, GIFTS):
        raise AssertionError(f"{len(view.positions)} positions were read, {len(view.left_out)} left out")
    walls, cpus = [], []
    for _ in range(ROUNDS):
        await empty_blocks(chain, 1)
        wall, cpu = time.perf_counter(), time.process_time()
        await reader.read()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return {
        "wall": statistics.median(walls) * 1000,
        "least wall": min(walls) * 1000,
        "cpu": statistics.median(cpus) * 1000,
    }


async def _positions(chain: LocalChain, owner: Address) -> list[Erc20]:
    v3 = UniswapV3(chain)
    tokens = [await chain.deploy_token(f"T{number}", 18) for number in range(POOLS + 2)]
    await chain.fund(owner, dict.fromkeys(tokens, 10**36))
    base, gift = tokens[0], tokens[-1]
    keys = [PoolKey.of(base.address, token.address, 3000) for token in tokens[1:]]
    create = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
    await chain.mine(
        *(Tx(owner, chain.at.v3_positions, calldata(create, key.token0, key.token1, key.fee, ONE)) for key in keys)
    )
    spacing = TICK_SPACING[3000]
    mints = [
        v3.mint(owner, key, (-spacing * (step + 1), spacing * (2 * step + 3)), 10**24, 10**24)
        for key, count in [*((key, OWN // POOLS) for key in keys[:-1]), (keys[-1], GIFTS)]
        for step in range(count)
    ]
    for start in range(0, len(mints), MINTS_PER_BLOCK):
        await chain.mine(*mints[start : start + MINTS_PER_BLOCK])
    return [token for token in tokens if token is not gift]


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(run())}\n")
