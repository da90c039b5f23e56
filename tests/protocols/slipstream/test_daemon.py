"""A daemon on Slipstream: the short follows what the owner does within two blocks, and stays for what only moved.

Staking and unstaking move a position, and so does a gauge's end: the real Voter kills it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from pathlib import Path

import pytest

from bot.chain.config import Deployment
from bot.core.types import Address
from bot.demo.chain import LocalChain, by_address
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols.slipstream.settings import NAME, SlipstreamSettings
from tests.chain.setup import local, reading
from tests.e2e.harness import Daemon, running
from tests.protocols.real_voter import VotedSlipstream, kill
from tests.protocols.tight_daemon import short_of, write_config

pytestmark = pytest.mark.chain

CLOSE = Decimal("0.011")
"""The band is 1%."""


@dataclass
class World:
    """A deep pool of WETH and USDC with a gauge, an owner who has nothing in it yet, and a configuration."""

    contracts: VotedSlipstream
    chain: LocalChain
    key: PoolKey
    gauge: Address
    here: int
    amounts: tuple[int, int]
    folder: Path

    @property
    def owner(self) -> Address:
        return self.chain.accounts[1]

    @property
    def file(self) -> Path:
        return self.folder / "bot.toml"

    async def open(self, owner: Address, width: int, scale: int = 1) -> int:
        amounts = self.amounts[0] * scale, self.amounts[1] * scale
        return await self.contracts.open(owner, self.key, (self.here - width, self.here + width), amounts)

    async def held(self) -> Decimal:
        """Return the ether that the contracts would pay the owner now."""
        settings = SlipstreamSettings(position_manager=self.contracts.manager)
        config = local(self.chain, [Deployment(NAME, "slipstream", settings)], owners=[self.owner])
        async with reading(config) as reader:
            await reader.check()
            view = await reader.read()
        found = Decimal(0)
        for one in view.positions:
            amounts = zip((one.token0, one.token1), (one.amounts.total0, one.amounts.total1), strict=True)
            found += sum(token.to_units(raw) for token, raw in amounts if token.symbol == "WETH")
        return found

    def short(self) -> Decimal:
        """Return what the venue's own file says."""
        return short_of(self.folder)

    async def pass_blocks(self, daemon: Daemon, count: int, *txs: Tx) -> None:
        """Mine blocks, the first with transactions, and wait for each cycle."""
        for number in range(count):
            seen = len(daemon.lines)
            await self.chain.mine(*(txs if number == 0 else ()))
            await daemon.cycle(int(await self.chain.rpc.call("eth_blockNumber"), 16), after=seen)


@pytest.fixture
async def world(chain: LocalChain, tmp_path: Path) -> World:
    contracts, tokens = await VotedSlipstream.deploy(chain), by_address(chain.at.weth, chain.at.usdc)
    worth = [10**18 if token == chain.at.weth else 2000 * 10**6 for token in tokens]
    for account in chain.accounts[1:3]:
        await chain.fund(account, {token: 10**6 * one for token, one in zip(tokens, worth, strict=True)})
        await contracts.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 100)
    pool = await contracts.create_pool(key, isqrt(worth[1] * 2**192 // worth[0]))
    here = (await contracts.slot0(pool))[1] // 100 * 100
    made = World(contracts, chain, key, await contracts.gauge(pool), here, (worth[0] * 10, worth[1] * 10), tmp_path)
    await made.open(chain.accounts[2], 6000, scale=1000)
    table = f'[[chains.local.slipstream]]\nposition_manager = "{contracts.manager}"'
    write_config(tmp_path, chain, made.owner, table)
    return made


async def test_the_short_follows_within_two_blocks_and_stays_for_what_only_moved(world: World) -> None:
    chain, contracts, owner, gauge = world.chain, world.contracts, world.owner, world.gauge
    first = await world.open(owner, 6000)

    async def follows(daemon: Daemon, *txs: Tx) -> None:
        before = world.short()
        await world.pass_blocks(daemon, 2, *txs)
        assert world.short() != before
        assert world.short() == pytest.approx(await world.held(), rel=CLOSE)

    async def stays(daemon: Daemon, *txs: Tx) -> None:
        before = world.short()
        await world.pass_blocks(daemon, 5, *txs)
        assert world.short() == before, "it only moved"

    plays: list[tuple[Callable[..., Awaitable[None]], Callable[[], tuple[Tx, ...]]]] = [
        (stays, lambda: tuple(contracts.stake(owner, gauge, first))),
        (stays, lambda: (contracts.unstake(owner, gauge, first),)),
        (follows, lambda: (contracts.increase(owner, first, *world.amounts),)),
        (stays, lambda: tuple(contracts.stake(owner, gauge, first))),
        (stays, lambda: (kill(chain, contracts.voter, gauge),)),
    ]
    async with running("-m", "bot", "run", "-c", world.file) as daemon:
        await world.pass_blocks(daemon, 2)
        assert world.short() == pytest.approx(await world.held(), rel=CLOSE)
        for does, txs in plays:
            await does(daemon, *txs())
        words = f"local:slipstream:{first} is staked in {gauge}, which was shut"
        assert any(words in json.dumps(line) for line in daemon.lines)
        second = 3
        await follows(daemon, contracts.mint(owner, world.key, (world.here - 600, world.here + 600), *world.amounts))

    async with running("-m", "bot", "run", "-c", world.file) as daemon:  # a restart stakes and unstakes nothing
        await stays(daemon)
        assert any(words in json.dumps(line) for line in daemon.lines)
        await stays(daemon, contracts.unstake(owner, gauge, first))
        give = calldata("transferFrom(address,address,uint256)", owner, chain.accounts[4], second)
        before = world.short()
        await world.pass_blocks(daemon, 5, Tx(owner, contracts.manager, give))
        assert world.short() < before, "it is somebody else's wallet now"
        assert world.short() == pytest.approx(await world.held(), rel=CLOSE)
        await follows(daemon, contracts.mint(owner, world.key, (world.here - 600, world.here + 600), *world.amounts))
        before, liquidity = world.short(), (await contracts.position(first)).liquidity
        await world.pass_blocks(daemon, 5, contracts.close(owner, first, liquidity))
        assert world.short() < before
        assert world.short() == pytest.approx(await world.held(), rel=CLOSE)
