"""A generated scene for any protocol with concentrated liquidity: what the reader finds is what the contracts pay."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from bot.chain.config import ChainConfig
from bot.chain.reader import EvmChainReader
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.curve import Amounts
from bot.core.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from bot.core.snapshot import ChainView, LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.tx import Tx
from bot.demo.uniswap_v3 import Payout, PoolKey, PositionInfo
from tests.chain.setup import reading
from tests.demo.tricks import empty_blocks

PAIRINGS = [(6, 18), (18, 6), (8, 18), (18, 8), (6, 8), (8, 6), (18, 18)]
FARTHEST = 20_000
NEARLY_WRAPPED = 2**256 - 2**100
STEPS = 24
EVERY_CASE = {"in", "below", "above", "on a boundary", "on a boundary, from above", "wrapped"}


@dataclass(frozen=True, slots=True)
class Range:
    """What a position is made of, as its contract has it; ``owed``: whether anything is owed without liquidity."""

    tick_lower: int
    tick_upper: int
    liquidity: int
    owed: bool


class Fork(Protocol):
    """A protocol's contracts with one pool of two tokens on a local chain."""

    @property
    def chain(self) -> LocalChain: ...

    @property
    def spacing(self) -> int: ...

    async def price(self) -> int:
        """Return the pool's sqrtPriceX96."""

    async def tick(self) -> int: ...

    async def open(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> int: ...

    async def range(self, token_id: int) -> Range: ...

    def increase(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx: ...

    def decrease(self, owner: Address, token_id: int, liquidity: int) -> Tx: ...

    def collect(self, owner: Address, token_id: int) -> Tx: ...

    def close(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]: ...

    def trade(self, amount: int, limit: int, *, zero_for_one: bool) -> Tx: ...

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]: ...

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]: ...

    async def pays(self, owner: Address, token_id: int, block: str, *, is_staked: bool) -> Payout:
        """Ask the contracts what withdrawing and collecting everything pays, by static calls of the owner's."""

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        """Ask the farm what claiming pays, raw units."""

    def tunings(self, draw: random.Random) -> Sequence[Callable[[], Awaitable[None]]]:
        """Return what else may change: fees, the protocol's share, emissions."""


class Manager(Protocol):
    """Contracts whose positions one manager keeps, as Uniswap V3's does."""

    async def slot0(self, pool: Address, block: str = "latest") -> tuple[int, int]: ...

    async def open(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amounts: tuple[int, int]) -> int: ...

    async def position(self, token_id: int, block: str = "latest") -> PositionInfo: ...

    def increase(self, owner: Address, token_id: int, amount0: int, amount1: int) -> Tx: ...

    def decrease(self, owner: Address, token_id: int, liquidity: int) -> Tx: ...

    def collect(self, owner: Address, token_id: int) -> Tx: ...

    def close(self, owner: Address, token_id: int, liquidity: int) -> Tx: ...

    def trade(self, pool: Address, amount: int, limit: int, *, zero_for_one: bool) -> Tx: ...


@dataclass
class ManagedPool:
    """One pool of a manager's; the part of Fork that is the same for all of them."""

    contracts: Manager
    key: PoolKey
    pool: Address
    chain: LocalChain

    async def price(self) -> int:
        return (await self.contracts.slot0(self.pool))[0]

    async def tick(self) -> int:
        return (await self.contracts.slot0(self.pool))[1]

    async def open(self, owner: Address, ticks: tuple[int, int], amounts: tuple[int, int]) -> int:
        return await self.contracts.open(owner, self.key, ticks, amounts)

    async def range(self, token_id: int) -> Range:
        info = await self.contracts.position(token_id)
        return Range(info.tick_lower, info.tick_upper, info.liquidity, bool(info.tokens_owed0 or info.tokens_owed1))

    def increase(self, owner: Address, token_id: int, amounts: tuple[int, int]) -> Tx:
        return self.contracts.increase(owner, token_id, *amounts)

    def decrease(self, owner: Address, token_id: int, liquidity: int) -> Tx:
        return self.contracts.decrease(owner, token_id, liquidity)

    def collect(self, owner: Address, token_id: int) -> Tx:
        return self.contracts.collect(owner, token_id)

    def close(self, owner: Address, token_id: int, liquidity: int) -> Sequence[Tx]:
        return [self.contracts.close(owner, token_id, liquidity)]

    def trade(self, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        return self.contracts.trade(self.pool, amount, limit, zero_for_one=zero_for_one)


@dataclass
class ForkScene:
    """Two owners, and a trader who moves the price."""

    fork: Fork
    draw: random.Random
    tokens: tuple[Erc20, Erc20]
    start: int
    name: str
    reward: Erc20 | None = None
    ids: dict[int, Address] = field(default_factory=dict)
    staked: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    compared: int = 0

    @property
    def chain(self) -> LocalChain:
        return self.fork.chain

    @property
    def owners(self) -> tuple[Address, Address]:
        return self.chain.accounts[1], self.chain.accounts[2]

    def amounts(self, scale: float = 1.0) -> tuple[int, int]:
        """Return about equal values of both tokens at the starting price of one whole token each."""
        amount0, amount1 = (int(10**token.decimals * 1000 * scale * self.draw.uniform(0.1, 3)) for token in self.tokens)
        return amount0 + 1, amount1 + 1

    async def open(self) -> None:
        """Open a position whose range is around, above, below, or begins or ends exactly at the price."""
        spacing = self.fork.spacing
        here = await self.fork.tick() // spacing * spacing
        width, step = self.draw.choice([1, 3, 40]) * spacing, self.draw.choice([-60, -1, 0, 1, 60]) * spacing
        lower = self.draw.choice([here + step, here - width, here, here - width // 2 // spacing * spacing])
        owner = self.draw.choice(self.owners)
        self.ids[await self.fork.open(owner, (lower, lower + width), self.amounts())] = owner

    async def trade(self) -> None:
        """Trade, a third of the time exactly up to a boundary of somebody's range."""
        zero_for_one = self.draw.random() < 0.5
        limit, price = 0, await self.fork.price()
        if self.draw.random() < 0.35:
            position = await self.fork.range(self.draw.choice(list(self.ids)))
            edges = [sqrt_ratio_at_tick(tick) for tick in (position.tick_lower, position.tick_upper)]
            on_the_way = [edge for edge in edges if (edge < price) == zero_for_one and edge != price]
            limit = self.draw.choice(on_the_way) if on_the_way else 0
        amount = self.amounts(scale=10 if limit else self.draw.choice([0.001, 0.3, 2]))[0 if zero_for_one else 1]
        limit = limit or sqrt_ratio_at_tick(self.start + (-FARTHEST if zero_for_one else FARTHEST))
        if (limit < price) == zero_for_one:
            await self.chain.mine(self.fork.trade(amount, limit, zero_for_one=zero_for_one), may_revert=True)

    async def change(self) -> None:
        """Increase, decrease, collect, or close a position that is not staked."""
        free = [token_id for token_id in self.ids if token_id not in self.staked]
        if not free:
            return
        token_id = self.draw.choice(free)
        owner, position = self.ids[token_id], await self.fork.range(token_id)
        match self.draw.randrange(4):
            case 0:
                await self.chain.mine(self.fork.increase(owner, token_id, self.amounts()), may_revert=True)
            case 1 if position.liquidity:
                part = self.draw.choice([position.liquidity, self.draw.randrange(position.liquidity) + 1])
                await self.chain.mine(self.fork.decrease(owner, token_id, part))
            case 2:
                await self.chain.mine(self.fork.collect(owner, token_id), may_revert=True)
            case 3 if position.liquidity and len(self.ids) > 4:
                await self.chain.mine(*self.fork.close(owner, token_id, position.liquidity))
                del self.ids[token_id]
            case _:
                pass

    async def restake(self) -> None:
        """Stake a position, or take a staked one back."""
        if self.staked and self.draw.random() < 0.4:
            token_id = self.draw.choice(sorted(self.staked))
            await self.chain.mine(*self.fork.unstake(self.ids[token_id], token_id))
            self.staked.remove(token_id)
            return
        free = [token_id for token_id in self.ids if token_id not in self.staked]
        token_id = self.draw.choice(free or list(self.ids))
        txs = self.fork.stake(self.ids[token_id], token_id)
        if txs and token_id in free and (await self.fork.range(token_id)).liquidity:
            await self.chain.mine(*txs)
            self.staked.add(token_id)

    async def tune(self) -> None:
        """Change a fee, the protocol's share, or what a farm pays."""
        tunings = self.fork.tunings(self.draw)
        if tunings:
            await self.draw.choice(tunings)()

    async def step(self) -> None:
        actions = [self.trade, self.open, self.change, self.restake, self.tune]
        await self.draw.choices(actions, weights=[5, 2, 2, 2, 1])[0]()
        if self.draw.random() < 0.3:
            await empty_blocks(self.chain, self.draw.randrange(1, 5))

    async def compare(self, reader: EvmChainReader) -> None:
        view = await reader.read()
        found = {str(position.id): position for position in view.positions}
        for token_id in self.ids:
            await self.compare_one(token_id, found.pop(f"local:{self.name}:{token_id}", None), view)
        assert not found

    async def compare_one(self, token_id: int, position: LpPosition | None, view: ChainView) -> None:
        held, is_staked, block = await self.fork.range(token_id), token_id in self.staked, hex(view.block.number)
        if position is None:
            assert not held.liquidity
            assert not held.owed
            return
        owner = self.ids[token_id]
        pays = await self.fork.pays(owner, token_id, block, is_staked=is_staked)
        self.compared += 1
        self.note(position, is_staked=is_staked)
        fees = pays.total0 - pays.principal0, pays.total1 - pays.principal1
        assert position.amounts == Amounts(pays.principal0, pays.principal1, *fees)
        assert (position.staked_in is not None) is is_staked
        if is_staked and self.reward is not None:
            claims = await self.fork.claims(owner, token_id, block)
            earned = {reward.symbol: reward.amount for reward in position.rewards}
            whole = Decimal(claims).scaleb(-self.reward.decimals)
            assert earned == ({self.reward.symbol: whole} if claims else {})
            self.seen.add("earned" if claims else "earned nothing")
        else:
            assert position.rewards == ()

    def note(self, position: LpPosition, *, is_staked: bool) -> None:
        """Remember which cases came up, so that a scene that tries none of them is noticed."""
        curve = position.curve
        assert isinstance(curve, ConcentratedPosition)
        self.seen.add("below" if curve.tick < curve.tick_lower else "in" if curve.in_range else "above")
        self.seen.add("staked" if is_staked else "free")
        edges = {sqrt_ratio_at_tick(curve.tick_lower), sqrt_ratio_at_tick(curve.tick_upper)}
        if curve.sqrt_price_x96 in edges:
            lagging = curve.tick != tick_at_sqrt_ratio(curve.sqrt_price_x96)
            self.seen.add("on a boundary, from above" if lagging else "on a boundary")
        if curve.fee_growth_global0_x128 < NEARLY_WRAPPED and curve.fee_growth_inside_last0_x128 > 2**255:
            self.seen.add("wrapped")
        if curve.tokens_owed0 or curve.tokens_owed1:
            self.seen.add("owed")


async def tokens_of(chain: LocalChain, decimals: tuple[int, int]) -> tuple[Erc20, Erc20]:
    """Deploy two tokens with these decimals, in this order, and give the owners and the trader a lot of them."""
    low = await chain.deploy_token("LOW", decimals[0])
    high = await chain.deploy_token("HIGH", decimals[1], after=low.address)
    for account in (chain.accounts[0], *chain.accounts[1:4]):
        await chain.fund(account, {token: 10**9 * 10**token.decimals for token in (low, high)})
    return low, high


def start_of(decimals: tuple[int, int], draw: random.Random) -> int:
    """Return a tick at about one whole token for one."""
    return round((decimals[1] - decimals[0]) * 23027) + draw.randrange(-500, 500)


async def compared_with_contracts(
    chain: LocalChain,
    scene_of: Callable[[tuple[int, int], int], Awaitable[ForkScene]],
    config_of: Callable[[ForkScene], ChainConfig],
) -> tuple[int, set[str]]:
    """Play a scene for each pair of decimals; return how many positions were compared, and which cases came up."""
    compared, seen = 0, set[str]()
    for seed, decimals in enumerate(PAIRINGS):
        before = await chain.snapshot()
        scene = await scene_of(decimals, seed)
        async with reading(config_of(scene)) as reader:
            for _ in range(STEPS):
                await scene.step()
                await scene.compare(reader)
        await chain.revert(before)
        compared, seen = compared + scene.compared, seen | scene.seen
    return compared, seen
