"""Every position on Slipstream is worth, to the last unit, what its contracts would pay at that block."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.slipstream import Slipstream
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import Payout, PoolKey
from bot.protocols.slipstream.settings import NAME, SlipstreamSettings
from tests.chain.setup import local
from tests.demo.tricks import set_storage
from tests.protocols.fork_scene import (
    EVERY_CASE,
    NEARLY_WRAPPED,
    ForkScene,
    ManagedPool,
    compared_with_contracts,
    start_of,
    tokens_of,
)
from tests.protocols.slipstream import admin

pytestmark = pytest.mark.chain

SPACINGS = [1, 50, 200]


@dataclass
class Pool(ManagedPool):
    """One pool and its gauge; implements Fork."""

    contracts: Slipstream
    gauge: Address

    @property
    def spacing(self) -> int:
        return self.key.fee

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        return self.contracts.stake(owner, self.gauge, token_id)

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        return [self.contracts.unstake(owner, self.gauge, token_id)]

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        return await self.contracts.pays(token_id, block, self.unstake(owner, token_id) if is_staked else ())

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        return await admin.claims(self.chain, self.contracts, owner, self.gauge, token_id, block)

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        async def levy() -> None:
            await self.chain.mine(admin.levy(self.chain, self.contracts, draw.choice([0, 100_000, 500_000])))

        async def pay() -> None:
            await self.chain.mine(self.contracts.pay(self.gauge, draw.randrange(10**21, 10**23)))

        async def fee() -> None:
            await admin.own_fee(self.chain, self.contracts, self.pool, draw.choice([1, 500, 12_345, 100_000]))

        async def week() -> None:
            await self.chain.rpc.call("anvil_mine", hex(2), hex(draw.choice([3600, 4 * 86400])))

        return [levy, pay, fee, week]


async def scene_of(chain: LocalChain, contracts: Slipstream, decimals: tuple[int, int], seed: int) -> ForkScene:
    draw = random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    for account in chain.accounts[:4]:
        await contracts.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, draw.choice(SPACINGS))
    start = start_of(decimals, draw)
    pool = await contracts.create_pool(key, sqrt_ratio_at_tick(start))
    for slot in (admin.SLOT_GROWTH, admin.SLOT_GROWTH + 1):
        await set_storage(chain, pool, slot, NEARLY_WRAPPED + draw.randrange(2**99))
    growth = [(await chain.view(pool, "(uint256)", f"feeGrowthGlobal{token}X128()"))[0] for token in (0, 1)]
    assert min(growth) >= NEARLY_WRAPPED, "the slots of the fee growth are others"
    gauge = await contracts.gauge(pool)
    await chain.mine(contracts.pay(gauge, 10**23))
    scene = ForkScene(Pool(contracts, key, pool, chain, gauge), draw, tokens, start, NAME, contracts.reward)
    for _ in range(4):
        await scene.open()
    return scene


def config_of(chain: LocalChain, contracts: Slipstream, scene: ForkScene) -> ChainConfig:
    settings = SlipstreamSettings(position_manager=contracts.manager)
    deployment = Deployment(NAME, f"chains.local.{NAME}[1]", settings)
    return local(chain, [deployment], owners=scene.owners, mapped=[token.address for token in scene.tokens])


async def test_amounts_and_rewards_are_what_the_contracts_pay(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scenes, configs = partial(scene_of, chain, contracts), partial(config_of, chain, contracts)
    compared, seen = await compared_with_contracts(chain, scenes, configs)
    assert compared > 700
    assert seen >= EVERY_CASE | {"owed", "staked", "free", "earned", "earned nothing"}
