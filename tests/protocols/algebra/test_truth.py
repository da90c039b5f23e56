"""Every position on Algebra, 1.9 and Integral, is worth to the last unit what its contracts would pay at that block."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.types import NOBODY, Address
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import Payout, PoolKey
from bot.protocols import algebra, algebra_integral
from tests.chain.setup import local, reading
from tests.demo.tricks import set_storage
from tests.protocols.algebra import admin
from tests.protocols.algebra.camelot import Camelot
from tests.protocols.fork_scene import EVERY_CASE, NEARLY_WRAPPED, PAIRINGS, ForkScene, ManagedPool, start_of, tokens_of

pytestmark = pytest.mark.chain

STEPS = 20


@dataclass
class Pool(ManagedPool):
    """One pool; implements Fork."""

    contracts: Algebra
    plugin: Address | None
    spacing: int = 60

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        del owner, token_id
        return []

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        del owner, token_id
        return []

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        del owner, is_staked
        return await self.contracts.pays(token_id, block)

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        raise NotImplementedError("nothing is staked")

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        async def community() -> None:
            share = draw.choice([0, 100, 250])  # the same one again is refused
            await self.chain.mine(*admin.community(self.chain, self.contracts, self.pool, share), may_revert=True)

        async def plugin() -> None:
            if isinstance(self.contracts, Integral) and self.plugin is not None:
                fees = draw.choice([(1, 0), (500, 100), (12_345, 3_000), (0, 0)])
                await self.chain.mine(admin.plugin_fees(self.chain, self.plugin, *fees))

        async def hours() -> None:
            await self.chain.rpc.call("anvil_mine", hex(2), hex(draw.choice([600, 86400])))

        return [community, plugin, hours]


async def scene_of(
    chain: LocalChain, contracts: Algebra, decimals: tuple[int, int], seed: int, *, custom: bool = False
) -> ForkScene:
    draw = random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    for account in chain.accounts[:4]:
        await contracts.allow(account, tokens)
    key, start, plugin = PoolKey(tokens[0].address, tokens[1].address, 0), start_of(decimals, draw), None
    if isinstance(contracts, Integral) and custom:
        pool = await admin.create_custom_pool(chain, contracts, key, sqrt_ratio_at_tick(start))
    else:
        pool = await contracts.create_pool(key, sqrt_ratio_at_tick(start))
    if isinstance(contracts, Integral):
        plugin = await admin.plug(chain, pool)
    for slot in (admin.SLOT_GROWTH, admin.SLOT_GROWTH + 1):
        await set_storage(chain, pool, slot, NEARLY_WRAPPED + draw.randrange(2**99))
    growth = [(await chain.view(pool, "(uint256)", f"totalFeeGrowth{token}Token()"))[0] for token in (0, 1)]
    assert min(growth) >= NEARLY_WRAPPED, "the slots of the fee growth are others"
    name = algebra_integral.NAME if contracts.is_integral else algebra.NAME
    scene = ForkScene(Pool(contracts, key, pool, chain, plugin), draw, tokens, start, name)
    for _ in range(4):
        await scene.open()
    return scene


def config_of(chain: LocalChain, contracts: Algebra, scene: ForkScene) -> ChainConfig:
    kind = algebra_integral.AlgebraIntegralSettings if contracts.is_integral else algebra.AlgebraSettings
    deployment = Deployment(scene.name, f"chains.local.{scene.name}[1]", kind(position_manager=contracts.manager))
    return local(chain, [deployment], owners=scene.owners, mapped=[token.address for token in scene.tokens])


@pytest.mark.parametrize("kind", [Algebra, Camelot, Integral])
async def test_amounts_are_what_the_contracts_pay(chain: LocalChain, kind: type[Algebra]) -> None:
    """A third of Integral's scenes lie in the pool of another deployer."""
    contracts = await kind.deploy(chain)
    compared, seen = 0, set[str]()
    for seed, decimals in enumerate(PAIRINGS):
        before = await chain.snapshot()
        scene = await scene_of(chain, contracts, decimals, seed, custom=seed % 3 == 1)
        async with reading(config_of(chain, contracts, scene)) as reader:
            for _ in range(STEPS):
                await scene.step()
                await scene.compare(reader)
        await chain.revert(before)
        if isinstance(contracts, Integral):
            contracts.deployer = NOBODY
        compared, seen = compared + scene.compared, seen | scene.seen
    assert compared > 500
    assert seen >= EVERY_CASE | {"owed"}
