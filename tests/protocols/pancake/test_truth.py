"""Every position on PancakeSwap V3 is worth, to the last unit, what its contracts would pay at that block."""

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
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import Payout, PoolKey
from bot.protocols.pancake_v3.settings import NAME, PancakeV3Settings
from tests.chain.setup import local
from tests.demo.tricks import SLOT_FEE_GROWTH_GLOBAL0, set_storage
from tests.protocols.fork_scene import (
    EVERY_CASE,
    NEARLY_WRAPPED,
    ForkScene,
    ManagedPool,
    compared_with_contracts,
    start_of,
    tokens_of,
)
from tests.protocols.pancake import admin

pytestmark = pytest.mark.chain

SPACINGS = {500: 10, 2500: 50, 10000: 200}


@dataclass
class Pancake(ManagedPool):
    """One pool; implements Fork."""

    contracts: PancakeV3
    boost: int = 10**12
    is_emergency: bool = False

    @property
    def spacing(self) -> int:
        return SPACINGS[self.key.fee]

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        return [] if self.is_emergency else [self.contracts.stake(owner, token_id)]

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        return [self.contracts.unstake(owner, token_id)]

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        """The farm hands withdrawals on to the manager, which pays whoever holds the token."""
        del owner, is_staked
        return await self.contracts.pays(token_id, block)

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        return await admin.claims(self.chain, self.contracts, owner, token_id, block)

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        async def share() -> None:
            shares = [draw.choice([0, 1000, 2500, 4000]) for _ in range(2)]
            await self.chain.mine(admin.fees(self.chain, self.contracts, self.pool, *shares))

        async def pay() -> None:
            now = int((await self.chain.rpc.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
            rate, seconds = draw.choice([0, 10**30, 123456789 * 10**15]), draw.choice([30, 500, 10**6])
            await self.chain.mine(self.contracts.pay(rate, now + seconds))

        async def boost() -> None:
            await self.chain.mine(
                admin.tune(self.chain, self.contracts, emergency=False, boost=draw.choice([10**12, 1_730_000_000_000]))
            )

        return [share, pay, boost]


async def scene_of(chain: LocalChain, v3: PancakeV3, decimals: tuple[int, int], seed: int) -> ForkScene:
    draw = random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    for account in chain.accounts[:4]:
        await v3.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, draw.choice(list(SPACINGS)))
    start = start_of(decimals, draw)
    pool = await v3.create_pool(key, sqrt_ratio_at_tick(start))
    for slot in (SLOT_FEE_GROWTH_GLOBAL0, SLOT_FEE_GROWTH_GLOBAL0 + 1):
        await set_storage(chain, pool, slot, NEARLY_WRAPPED + draw.randrange(2**99))
    await v3.farm(pool)
    now = int((await chain.rpc.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    await chain.mine(v3.pay(10**30, now + 1000))
    scene = ForkScene(Pancake(v3, key, pool, chain), draw, tokens, start, NAME, v3.reward)
    for _ in range(4):
        await scene.open()
    return scene


def config_of(chain: LocalChain, v3: PancakeV3, scene: ForkScene) -> ChainConfig:
    settings = PancakeV3Settings(position_manager=v3.manager, masterchef=v3.masterchef)
    deployment = Deployment(NAME, f"chains.local.{NAME}[1]", settings)
    return local(chain, [deployment], owners=scene.owners, mapped=[token.address for token in scene.tokens])


async def test_amounts_and_rewards_are_what_the_contracts_pay(chain: LocalChain) -> None:
    v3 = await PancakeV3.deploy(chain)
    scenes, configs = partial(scene_of, chain, v3), partial(config_of, chain, v3)
    compared, seen = await compared_with_contracts(chain, scenes, configs)
    assert compared > 700
    assert seen >= EVERY_CASE | {"owed", "staked", "free", "earned", "earned nothing"}
