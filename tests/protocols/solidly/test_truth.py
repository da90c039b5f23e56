"""LP tokens of stable and volatile pools are worth, to the last unit, what the contracts would pay at that block."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from bot.chain.config import Deployment
from bot.chain.reader import EvmChainReader
from bot.core.amm.curve import Amounts
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.solidly import Solidly
from bot.protocols.solidly.settings import NAME, SolidlySettings
from tests.chain.setup import local, reading
from tests.protocols.fork_scene import PAIRINGS, tokens_of
from tests.protocols.solidly import admin

pytestmark = pytest.mark.chain

STEPS = 20
EVERY_CASE = {"fees", "unclaimed", "staked", "free", "both", "rewards", "given to the pool", "no fee", "all is gone"}


@dataclass
class Scene:
    """One pool and its gauge, two owners, and a trader."""

    contracts: Solidly
    draw: random.Random
    tokens: tuple[Erc20, Erc20]
    pool: Address
    gauge: Address
    seen: set[str] = field(default_factory=set)
    compared: int = 0

    @property
    def chain(self) -> LocalChain:
        return self.contracts.chain

    @property
    def owners(self) -> tuple[Address, Address]:
        return self.chain.accounts[1], self.chain.accounts[2]

    async def add(self) -> None:
        """Add about the reserves' ratio; what is too much of one token stays in the pool for all."""
        owner, reserves = self.draw.choice(self.owners), await self.contracts.reserves(self.pool)
        share = self.draw.uniform(0.01, 0.5)
        amounts = tuple(int(reserve * share * self.draw.uniform(1, 1.01)) + 10 for reserve in reserves)
        await self.chain.mine(*self.contracts.add(owner, self.pool, self.tokens, (amounts[0], amounts[1])))

    async def remove(self) -> None:
        owner = self.draw.choice(self.owners)
        held = await self.chain.balance(self.pool, owner)
        part = self.draw.choice([held, held // self.draw.randrange(2, 9)])
        if part:
            await self.chain.mine(*self.contracts.remove(owner, self.pool, part), may_revert=True)

    async def trade(self) -> None:
        side = self.draw.randrange(2)
        reserve = (await self.contracts.reserves(self.pool))[side]
        amount = int(reserve * self.draw.choice([1e-6, 0.001, 0.2, 2])) + 1
        token, trader = self.tokens[side], self.chain.accounts[3]
        txs = await self.contracts.swap(trader, self.pool, token, amount, zero_for_one=side == 0)
        await self.chain.mine(*txs, may_revert=True)

    async def stake(self) -> None:
        owner = self.draw.choice(self.owners)
        held = await self.chain.balance(self.pool, owner)
        part = self.draw.choice([held, held // 2])
        if part:
            await self.chain.mine(*self.contracts.stake(owner, self.pool, self.gauge, part))

    async def unstake(self) -> None:
        owner = self.draw.choice(self.owners)
        held = await self.chain.balance(self.gauge, owner)
        part = self.draw.choice([held, held // 3])
        if part:
            await self.chain.mine(self.contracts.unstake(owner, self.gauge, part))

    async def other(self) -> None:
        """Claim, give LP tokens away, give tokens to the pool, change its fee, pay its gauge, or let time go by."""
        chain, contracts, (first, second) = self.chain, self.contracts, self.owners
        match self.draw.randrange(6):
            case 0:
                await chain.mine(contracts.claim(self.draw.choice(self.owners), self.pool))
            case 1:
                held = await chain.balance(self.pool, first)
                to = self.draw.choice([second, chain.accounts[7]])
                await chain.mine(chain.transfer(first, self.pool, to, held // 3))
            case 2:
                side = self.draw.randrange(2)
                amount = 10 ** self.tokens[side].decimals
                await chain.mine(chain.transfer(chain.accounts[3], self.tokens[side].address, self.pool, amount))
                self.seen.add("given to the pool")
            case 3:
                fee = self.draw.choice([1, 30, 300, admin.NO_FEE])
                await chain.mine(admin.fee(contracts, self.pool, fee))
                self.seen.add("no fee" if fee == admin.NO_FEE else "fee")
            case 4:
                await chain.mine(contracts.pay(self.gauge, self.draw.randrange(10**21, 10**23)))
            case _:
                await chain.rpc.call("anvil_mine", hex(2), hex(self.draw.choice([3600, 4 * 86400])))

    async def step(self) -> None:
        actions = [self.trade, self.add, self.remove, self.stake, self.unstake, self.other]
        await self.draw.choices(actions, weights=[6, 2, 1, 2, 2, 4])[0]()

    async def compare(self, reader: EvmChainReader) -> None:
        view = await reader.read()
        block = hex(view.block.number)
        free = sum([await self.chain.balance(self.pool, owner) for owner in self.owners])
        staked = sum([await self.chain.balance(self.gauge, owner) for owner in self.owners])
        claims = [await self.contracts.claim_pays(self.pool, owner, block) for owner in self.owners]
        fees = sum(one[0] for one in claims), sum(one[1] for one in claims)
        rewards = await self.contracts.rewards(self.gauge, self.owners, block)
        found = {str(position.id): position for position in view.positions}
        position = found.pop(f"local:{NAME}:{self.pool}", None)
        assert not found
        if position is None:
            assert (free, staked, fees, rewards) == (0, 0, (0, 0), 0)
            self.seen.add("all is gone")
            return
        pays = await self.contracts.burn_pays(self.pool, free + staked, block) if free or staked else (0, 0)
        assert position.amounts == Amounts(*pays, *fees)
        assert position.curve.liquidity == free + staked
        assert (position.staked_in is not None) is bool(staked or rewards)
        earned = {reward.symbol: reward.amount for reward in position.rewards}
        assert earned == ({"AERO": Decimal(rewards).scaleb(-18)} if rewards else {})
        self.compared += 1
        self.note(free, staked, fees, rewards)

    def note(self, free: int, staked: int, fees: tuple[int, int], rewards: int) -> None:
        """Remember which cases came up, so that a scene that tries none of them is noticed."""
        kinds = {"both": free and staked, "staked": staked and not free, "free": free and not staked}
        kinds |= {"fees": any(fees), "rewards": rewards, "unclaimed": any(fees) and not free}
        self.seen |= {kind for kind, is_so in kinds.items() if is_so}


async def scene_of(contracts: Solidly, decimals: tuple[int, int], seed: int, *, stable: bool) -> Scene:
    chain, draw = contracts.chain, random.Random(seed)
    tokens = await tokens_of(chain, decimals)
    pool = await contracts.create_pool(tokens, stable=stable)
    other = chain.accounts[7]
    await chain.fund(other, {token: 10**9 * 10**token.decimals for token in tokens})
    amounts = (
        10**5 * 10 ** tokens[0].decimals,
        10**5 * 10 ** tokens[1].decimals * (1 if stable else draw.randrange(1, 99)),
    )
    await chain.mine(*contracts.add(other, pool, tokens, amounts))
    gauge = await contracts.gauge(pool)
    await chain.mine(contracts.pay(gauge, 10**23))
    scene = Scene(contracts, draw, tokens, pool, gauge)
    await scene.add()
    return scene


@pytest.mark.parametrize("stable", [False, True])
async def test_amounts_and_rewards_are_what_the_contracts_pay(chain: LocalChain, *, stable: bool) -> None:
    contracts = await Solidly.deploy(chain)
    compared, seen = 0, set[str]()
    for seed, decimals in enumerate(PAIRINGS):
        before = await chain.snapshot()
        scene = await scene_of(contracts, decimals, seed, stable=stable)
        settings = SolidlySettings(pools=(scene.pool,))
        mapped = [token.address for token in scene.tokens]
        config = local(
            chain, [Deployment(NAME, f"chains.local.{NAME}[1]", settings)], owners=scene.owners, mapped=mapped
        )
        async with reading(config) as reader:
            for _ in range(STEPS):
                await scene.step()
                await scene.compare(reader)
        await chain.revert(before)
        compared, seen = compared + scene.compared, seen | scene.seen
    assert compared > 110
    assert seen >= EVERY_CASE
