"""Every position is worth, to the last unit, what the contracts themselves would pay at that block."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from bot.chain.config import Deployment
from bot.chain.reader import EvmChainReader
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts
from bot.core.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from bot.core.snapshot import ChainView, LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import TICK_SPACING, PoolKey, UniswapV3
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from tests.chain.setup import config_of, local, reading
from tests.demo.tricks import SLOT_FEE_GROWTH_GLOBAL0, set_fee_to, set_storage, take_a_quarter

pytestmark = pytest.mark.chain

PAIRINGS = [(6, 18), (18, 6), (8, 18), (18, 8), (6, 8), (8, 6), (18, 18)]
STEPS = 24
FARTHEST = 20_000
NEARLY_WRAPPED = 2**256 - 2**100


@dataclass
class Scene:
    """One V3 pool and one V2 pair of the same two tokens, two owners, and a trader who moves the price."""

    chain: LocalChain
    v2: UniswapV2
    v3: UniswapV3
    rng: random.Random
    tokens: tuple[Erc20, Erc20]
    key: PoolKey
    pair: Address
    pool: Address
    start: int
    ids: dict[int, Address] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    compared: int = 0

    @property
    def owners(self) -> tuple[Address, Address]:
        return self.chain.accounts[1], self.chain.accounts[2]

    @property
    def trader(self) -> Address:
        return self.chain.accounts[3]

    def amounts(self, scale: float = 1.0) -> tuple[int, int]:
        """Return about equal values of both tokens at the starting price of one whole token each."""
        amount0, amount1 = (int(10**token.decimals * 1000 * scale * self.rng.uniform(0.1, 3)) for token in self.tokens)
        return amount0 + 1, amount1 + 1

    async def open(self) -> None:
        """Open a position whose range is around, above, below, or begins or ends exactly at the price."""
        spacing = TICK_SPACING[self.key.fee]
        _, tick = await self.v3.slot0(self.pool)
        here = tick // spacing * spacing
        width, step = self.rng.choice([1, 3, 40]) * spacing, self.rng.choice([-60, -1, 0, 1, 60]) * spacing
        lower = self.rng.choice([here + step, here - width, here, here - width // 2 // spacing * spacing])
        owner = self.rng.choice(self.owners)
        self.ids[await self.v3.open(owner, self.key, (lower, lower + width), self.amounts())] = owner

    async def swap_v3(self) -> None:
        """Trade, a third of the time exactly up to a boundary of somebody's range."""
        zero_for_one = self.rng.random() < 0.5
        limit, (price, _) = 0, await self.v3.slot0(self.pool)
        if self.rng.random() < 0.35:
            position = await self.v3.position(self.rng.choice(list(self.ids)))
            edges = [sqrt_ratio_at_tick(tick) for tick in (position.tick_lower, position.tick_upper)]
            on_the_way = [edge for edge in edges if (edge < price) == zero_for_one and edge != price]
            limit = self.rng.choice(on_the_way) if on_the_way else 0
        amount = self.amounts(scale=10 if limit else self.rng.choice([0.001, 0.3, 2]))[0 if zero_for_one else 1]
        limit = limit or sqrt_ratio_at_tick(self.start + (-FARTHEST if zero_for_one else FARTHEST))
        swap = self.v3.swap(self.trader, self.key, amount, zero_for_one=zero_for_one, limit=limit)
        await self.chain.mine(swap, may_revert=True)

    async def swap_v2(self) -> None:
        side = self.rng.randrange(2)
        token_in, token_out = self.tokens[side], self.tokens[1 - side]
        amount = self.amounts(scale=self.rng.choice([0.01, 0.5]))[side]
        await self.chain.mine(self.v2.swap(self.trader, token_in.address, token_out.address, amount))

    async def change_v3(self) -> None:
        """Increase, decrease (the tokens stay owed), collect, or close a position."""
        token_id = self.rng.choice(list(self.ids))
        owner, position = self.ids[token_id], await self.v3.position(token_id)
        match self.rng.randrange(4):
            case 0:
                await self.chain.mine(self.v3.increase(owner, token_id, *self.amounts()), may_revert=True)
            case 1 if position.liquidity:
                share = self.rng.choice([position.liquidity, self.rng.randrange(position.liquidity) + 1])
                await self.chain.mine(self.v3.decrease(owner, token_id, share))
            case 2:
                await self.chain.mine(self.v3.collect(owner, token_id), may_revert=True)
            case 3 if position.liquidity and len(self.ids) > 4:
                await self.chain.mine(self.v3.close(owner, token_id, position.liquidity))
                del self.ids[token_id]
            case _:
                pass

    async def change_v2(self) -> None:
        """Add to the pair, take from it, give it tokens that its reserves do not know, or switch the protocol's fee."""
        owner = self.rng.choice(self.owners)
        match self.rng.randrange(4):
            case 0:
                addresses = self.tokens[0].address, self.tokens[1].address
                await self.chain.mine(self.v2.add(owner, *addresses, *self.amounts()))
            case 1:
                held = await self.chain.balance(self.pair, owner)
                await self.chain.mine(*self.v2.remove(owner, self.pair, held // self.rng.randrange(2, 9)))
            case 2:
                side = self.rng.randrange(2)
                amount = self.amounts(scale=0.01)[side]
                await self.chain.mine(self.chain.transfer(self.trader, self.tokens[side].address, self.pair, amount))
            case 3:
                await set_fee_to(self.chain, self.rng.choice([self.chain.accounts[9], Address("0x" + "0" * 40)]))
            case _:
                pass

    async def step(self) -> None:
        action = self.rng.choices(
            [self.swap_v3, self.swap_v2, self.open, self.change_v3, self.change_v2], weights=[5, 2, 2, 2, 2]
        )[0]
        await action()

    async def compare(self, reader: EvmChainReader) -> None:
        view = await reader.read()
        found = {str(position.id): position for position in view.positions}
        for token_id in self.ids:
            await self.compare_v3(token_id, found.pop(f"local:uniswap_v3:{token_id}", None), view)
        await self.compare_v2(found.pop(f"local:uniswap_v2:{self.pair}"), view)
        assert not found

    async def compare_v3(self, token_id: int, position: LpPosition | None, view: ChainView) -> None:
        pays = await self.v3.pays(token_id, hex(view.block.number)) if await self.owes(token_id) else None
        if position is None:
            assert pays is None
            return
        assert pays is not None
        self.compared += 1
        self.note(position.curve)
        fees = pays.total0 - pays.principal0, pays.total1 - pays.principal1
        assert position.amounts == Amounts(pays.principal0, pays.principal1, *fees)

    async def owes(self, token_id: int) -> bool:
        info = await self.v3.position(token_id)
        return bool(info.liquidity or info.tokens_owed0 or info.tokens_owed1)

    async def compare_v2(self, position: LpPosition, view: ChainView) -> None:
        liquidity = sum([await self.chain.balance(self.pair, owner) for owner in self.owners])
        assert position.curve.liquidity == liquidity
        pays = await self.v2.burn_pays(self.pair, liquidity, hex(view.block.number))
        self.compared += 1
        assert (position.amounts.principal0, position.amounts.principal1) == pays

    def note(self, curve: object) -> None:
        """Remember which cases came up, so that a scene that tries none of them is noticed."""
        assert isinstance(curve, ConcentratedPosition)
        self.seen.add("below" if curve.tick < curve.tick_lower else "in" if curve.in_range else "above")
        edges = {sqrt_ratio_at_tick(curve.tick_lower), sqrt_ratio_at_tick(curve.tick_upper)}
        if curve.sqrt_price_x96 in edges:
            lagging = curve.tick != tick_at_sqrt_ratio(curve.sqrt_price_x96)
            self.seen.add("on a boundary, from above" if lagging else "on a boundary")
        if curve.fee_growth_global0_x128 < NEARLY_WRAPPED and curve.fee_growth_inside_last0_x128 > 2**255:
            self.seen.add("wrapped")
        if curve.tokens_owed0 or curve.tokens_owed1:
            self.seen.add("owed")


async def test_a_fork_s_pair_pays_what_its_own_share_leaves(chain: LocalChain, v2: UniswapV2, v3: UniswapV3) -> None:
    scene = await scene_of(chain, v2, v3, (18, 6), 1)
    await take_a_quarter(chain, scene.pair)
    await set_fee_to(chain, chain.accounts[9])
    low, high = scene.tokens
    await chain.mine(v2.add(scene.owners[0], low.address, high.address, *scene.amounts()))
    settings = UniswapV2Settings(pairs=(scene.pair,), protocol_share="1/4")
    mapped = [low.address, high.address]
    config = local(chain, [Deployment("uniswap_v2", "v2", settings)], owners=scene.owners, mapped=mapped)
    async with reading(config) as reader:
        for _ in range(6):
            await scene.swap_v2()
            view = await reader.read()
            (position,) = view.positions
            await scene.compare_v2(position, view)
    assert isinstance(position.curve, ConstantProductPosition)
    usual = replace(position.curve, protocol_part=1, protocol_whole=6)
    assert usual.amounts() != position.amounts


async def scene_of(chain: LocalChain, v2: UniswapV2, v3: UniswapV3, decimals: tuple[int, int], seed: int) -> Scene:
    """Put two tokens with these decimals, in this order, into a V3 pool and a V2 pair at one for one."""
    rng = random.Random(seed)
    low = await chain.deploy_token("LOW", decimals[0])
    high = await chain.deploy_token("HIGH", decimals[1], after=low.address)
    for account in chain.accounts[1:4]:
        await chain.fund(account, {token: 10**9 * 10**token.decimals for token in (low, high)})
    key = PoolKey(low.address, high.address, rng.choice([500, 3000, 10000]))
    start = round((decimals[1] - decimals[0]) * 23027) + rng.randrange(-500, 500)
    pool = await v3.create_pool(key, sqrt_ratio_at_tick(start))
    for slot in (SLOT_FEE_GROWTH_GLOBAL0, SLOT_FEE_GROWTH_GLOBAL0 + 1):
        await set_storage(chain, pool, slot, NEARLY_WRAPPED + rng.randrange(2**99))
    pair = await v2.create_pair(low.address, high.address)
    scene = Scene(chain, v2, v3, rng, (low, high), key, pair, pool, start)
    for owner in scene.owners:
        await chain.mine(v2.add(owner, low.address, high.address, *scene.amounts()))
    for _ in range(4):
        await scene.open()
    return scene


EVERY_CASE = {"in", "below", "above", "on a boundary", "on a boundary, from above", "wrapped", "owed"}


async def test_amounts_are_what_the_contracts_pay(chain: LocalChain, v2: UniswapV2, v3: UniswapV3) -> None:
    compared = 0
    seen: set[str] = set()
    for seed, decimals in enumerate(PAIRINGS):
        before = await chain.snapshot()
        scene = await scene_of(chain, v2, v3, decimals, seed)
        config = config_of(
            chain, owners=scene.owners, pairs=[scene.pair], mapped=[token.address for token in scene.tokens]
        )
        async with reading(config) as reader:
            for _ in range(STEPS):
                await scene.step()
                await scene.compare(reader)
        await chain.revert(before)
        compared, seen = compared + scene.compared, seen | scene.seen
    assert compared > 700
    assert seen == EVERY_CASE
