"""Every position on Uniswap V4 is worth, to the last unit, what its contracts would pay at that block."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import Payout
from bot.demo.uniswap_v4 import NATIVE, Key, UniswapV4
from bot.protocols.uniswap_v4.settings import NAME, UniswapV4Settings
from tests.chain.setup import local, reading
from tests.demo.tricks import set_storage
from tests.protocols.fork_scene import EVERY_CASE, PAIRINGS, ForkScene, Range, start_of, tokens_of
from tests.protocols.uniswap_v4.contracts import DYNAMIC, HARMLESS_HOOK, Governed

pytestmark = pytest.mark.chain

STEPS = 16
SPACINGS = {100: 1, 500: 10, 3000: 60, 10000: 200, DYNAMIC: 30}


@dataclass
class V4:
    """One pool; implements Fork."""

    v4: Governed
    key: Key
    giver: Address
    liquidity: dict[int, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @property
    def chain(self) -> LocalChain:
        return self.v4.chain

    @property
    def spacing(self) -> int:
        return self.key.spacing

    async def price(self) -> int:
        return (await self.v4.slot0(self.key))[0]

    async def tick(self) -> int:
        return (await self.v4.slot0(self.key))[1]

    async def open(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        return await self.v4.open(owner, self.key, ticks, amounts)

    async def range(self, token_id: int) -> Range:
        held = await self.v4.position(token_id)
        self.liquidity[token_id] = held.liquidity
        return Range(held.tick_lower, held.tick_upper, held.liquidity, owed=False)

    def increase(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        return self.v4.increase(owner, self.key, token_id, self.liquidity[token_id] // 3 + amounts[0] % 10**6)

    def decrease(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        return self.v4.decrease(owner, self.key, token_id, liquidity)

    def collect(self, owner: Address, token_id: int) -> Tx:
        return self.v4.decrease(owner, self.key, token_id, 0)

    def close(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        del liquidity
        return [self.v4.burn(owner, self.key, token_id)]

    def trade(self, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        return self.v4.swap(self.chain.accounts[0], self.key, amount, limit, zero_for_one=zero_for_one)

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        del owner, token_id
        return []

    unstake = stake

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        assert not is_staked
        return await self.v4.pays(owner, self.key, token_id, self.liquidity[token_id], block)

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        raise NotImplementedError("there is no farm")

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        async def share() -> None:
            await self.chain.mine(self.v4.protocol_fee(self.key, *(draw.choice([0, 1, 700, 1000]) for _ in range(2))))
            self.seen.add("protocol fee")

        async def fee() -> None:
            await self.chain.mine(self.v4.dynamic_fee(self.key, draw.choice([0, 250, 9999, 300_000])))
            self.seen.add("dynamic fee")

        async def gift() -> None:
            amounts = draw.randrange(10**6), draw.randrange(10**6)
            await self.chain.mine(
                self.v4.donate(self.giver, self.chain.accounts[0], self.key, amounts), may_revert=True
            )

        return [share, gift, fee, fee] if self.key.fee == DYNAMIC else [share, gift]


async def scene_of(
    chain: LocalChain, v4: Governed, decimals: tuple[int, int], seed: int, *, is_native: bool = False
) -> ForkScene:
    draw = random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    if is_native:
        assert decimals[0] == 18
        tokens = Erc20(NATIVE, "ETH", 18), tokens[1]
    for account in chain.accounts[:4]:
        await v4.allow(account, [token.address for token in tokens])
    fee = DYNAMIC if seed % 2 else draw.choice([100, 500, 3000, 10000])
    hook = HARMLESS_HOOK if fee == DYNAMIC else NATIVE
    key = Key(tokens[0].address, tokens[1].address, fee, SPACINGS[fee], hook)
    start = start_of(decimals, draw)
    await v4.create_pool(key, sqrt_ratio_at_tick(start))
    for slot in v4.growth_slots(key):
        await set_storage(chain, v4.at.pools, slot, 2**256 - 1 - draw.randrange(2**90))
    giver = await v4.giver(chain.accounts[0], (key.token0, key.token1))
    scene = ForkScene(V4(v4, key, giver), draw, tokens, start, NAME)
    for _ in range(4):
        await scene.open()
    return scene


def config_of(chain: LocalChain, v4: UniswapV4, scene: ForkScene, **more: object) -> ChainConfig:
    """Make a configuration of the deployment; whatever token the scene has is a claim on something."""
    return local(chain, [deployment(v4, **more)], owners=scene.owners, mapped=[token.address for token in scene.tokens])


def deployment(v4: UniswapV4, **more: object) -> Deployment:
    values = {"position_manager": v4.at.positions, "state_view": v4.at.view, **more}
    return Deployment(NAME, f"chains.local.{NAME}[1]", UniswapV4Settings.model_validate(values))


async def test_amounts_are_what_the_contracts_pay(chain: LocalChain) -> None:
    v4 = await Governed.deploy(chain)
    await v4.govern()
    compared, seen = 0, set[str]()
    pairings = [*((one, False) for one in PAIRINGS), ((18, 6), True), ((18, 18), True)]
    for seed, (decimals, is_native) in enumerate(pairings):
        before = await chain.snapshot()
        scene = await scene_of(chain, v4, decimals, seed, is_native=is_native)
        assert isinstance(scene.fork, V4)
        async with reading(config_of(chain, v4, scene)) as reader:
            for _ in range(STEPS):
                await scene.step()
                await scene.compare(reader)
        await chain.revert(before)
        compared, seen = compared + scene.compared, seen | scene.seen | scene.fork.seen
    assert compared > 600
    assert seen >= EVERY_CASE | {"protocol fee", "dynamic fee"}
