"""Every position on Ramses V2 is worth, to the last unit, what its contracts would pay at that block."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from bot.chain.abi import selector
from bot.chain.batched_reads import ContractError
from bot.chain.config import ChainConfig, Deployment
from bot.chain.pool_history import PoolHistory
from bot.clock import SystemClock
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.errors import ConfigError
from bot.core.types import Address, PoolId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import TICK_SPACING, Payout, PoolKey
from bot.protocols.concentrated.calls import TICKS
from bot.protocols.ramses import NAME, RamsesSettings
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local, reading
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
from tests.protocols.ramses.contracts import Ramses

pytestmark = pytest.mark.chain


@dataclass
class Indexed(ManagedPool):
    """One pool; implements Fork."""

    contracts: Ramses

    @property
    def spacing(self) -> int:
        return TICK_SPACING[self.key.fee]

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Return nothing: positions earn where they are."""
        del owner, token_id
        return []

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        raise NotImplementedError

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        del owner, is_staked
        return await self.contracts.pays(token_id, block)

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        raise NotImplementedError

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        async def share() -> None:
            await self.chain.mine(self.contracts.share(self.pool, *(draw.choice([0, 4, 10]) for _ in range(2))))

        return [share]


async def scene_of(chain: LocalChain, contracts: Ramses, decimals: tuple[int, int], seed: int) -> ForkScene:
    draw = random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    for account in chain.accounts[:4]:
        await contracts.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, draw.choice([500, 3000, 10000]))
    start = start_of(decimals, draw)
    pool = await contracts.create_pool(key, sqrt_ratio_at_tick(start))
    for slot in (SLOT_FEE_GROWTH_GLOBAL0, SLOT_FEE_GROWTH_GLOBAL0 + 1):
        await set_storage(chain, pool, slot, NEARLY_WRAPPED + draw.randrange(2**99))
    scene = ForkScene(Indexed(contracts, key, pool, chain), draw, tokens, start, NAME)
    for _ in range(4):
        await scene.open()
    return scene


def config_of(chain: LocalChain, contracts: Ramses, scene: ForkScene) -> ChainConfig:
    deployment = Deployment(NAME, f"chains.local.{NAME}[1]", RamsesSettings(position_manager=contracts.manager))
    return local(chain, [deployment], owners=scene.owners, mapped=[token.address for token in scene.tokens])


async def test_amounts_are_what_the_contracts_pay(chain: LocalChain) -> None:
    contracts = await Ramses.deploy(chain)
    scenes, configs = partial(scene_of, chain, contracts), partial(config_of, chain, contracts)
    compared, seen = await compared_with_contracts(chain, scenes, configs)
    assert compared > 700
    assert seen >= EVERY_CASE | {"owed", "free"}


async def test_positions_of_one_range_have_each_their_own_entry(chain: LocalChain) -> None:
    """One that came first has fees, one that came later has none; both are read at once."""
    contracts = await Ramses.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 6), 1)
    spacing, owner = scene.fork.spacing, scene.owners[0]
    here = await scene.fork.tick() // spacing * spacing
    ticks = here - 10 * spacing, here + 10 * spacing
    for _ in range(3):
        scene.ids[await scene.fork.open(owner, ticks, scene.amounts())] = owner
        limit = sqrt_ratio_at_tick(here - 5 * spacing)
        await chain.mine(scene.fork.trade(10**15, limit, zero_for_one=True))
    async with reading(config_of(chain, contracts, scene)) as reader:
        await scene.compare(reader)
        assert scene.compared == len(scene.ids) == 7


async def test_a_pool_whose_ticks_have_other_words_is_refused(chain: LocalChain) -> None:
    contracts = await Ramses.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 18), 3)
    assert isinstance(scene.fork, Indexed)
    code = bytes.fromhex((await chain.rpc.call("eth_getCode", scene.fork.pool, "latest"))[2:])
    assert code.count(TICKS) == 1
    without = code.replace(TICKS, selector("no function that anybody asks for()"))
    await chain.rpc.call("anvil_setCode", scene.fork.pool, f"0x{without.hex()}")
    async with reading(config_of(chain, contracts, scene)) as reader:
        with pytest.raises(ContractError, match=f"of {scene.fork.pool}: 256 bytes are no answer"):
            await reader.check()


async def test_a_pools_past_is_refused_in_words(chain: LocalChain) -> None:
    """Uniswap V3's would take its share of the fees for another."""
    contracts = await Ramses.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 18), 2)
    assert isinstance(scene.fork, Indexed)
    with pytest.raises(ConfigError, match=r"is a pool of Ramses: its past can't be replayed"):
        await PoolHistory.open(
            config_of(chain, contracts, scene),
            PoolId(scene.fork.pool),
            SystemClock(),
            [amm.history for amm in PROTOCOLS.values() if amm.history is not None],
        )
