"""Pools of the Solidly type: where their curve leads, what their entry was, and what is not believed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.errors import ConfigError
from bot.core.snapshot import Entry, EntrySource, LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.solidly import Solidly
from bot.protocols.solidly.settings import NAME, SolidlySettings
from tests.chain.setup import local, reading
from tests.protocols.fork_scene import tokens_of
from tests.protocols.slipstream.admin import kill
from tests.protocols.solidly.admin import NO_FEE, fee

pytestmark = pytest.mark.chain


def config_of(chain: LocalChain, pool: Address, tokens: tuple[Erc20, Erc20], **settings: object) -> ChainConfig:
    made = SolidlySettings.model_validate({"pools": [pool], **settings})
    mapped = [token.address for token in tokens]
    deployment = Deployment(NAME, f"chains.local.{NAME}[1]", made)
    return local(chain, [deployment], owners=chain.accounts[1:2], mapped=mapped)


async def only(config: ChainConfig) -> LpPosition:
    async with reading(config) as reader:
        (position,) = (await reader.read()).positions
        return position


@pytest.mark.parametrize("stable", [False, True])
@pytest.mark.parametrize("decimals", [(6, 18), (18, 6), (18, 18)])
async def test_the_pool_goes_where_the_curve_says(
    chain: LocalChain, decimals: tuple[int, int], *, stable: bool
) -> None:
    """After a trade without a fee, the principal is what the curve had foretold for the price that came of it."""
    contracts, (owner, trader) = await Solidly.deploy(chain), (chain.accounts[1], chain.accounts[3])
    tokens = await tokens_of(chain, decimals)
    pool = await contracts.create_pool(tokens, stable=stable)
    await chain.mine(*contracts.add(owner, pool, tokens, (10 ** (decimals[0] + 5), 10 ** (decimals[1] + 5))))
    await chain.mine(fee(contracts, pool, NO_FEE))
    config = config_of(chain, pool, tokens)
    for share, zero_for_one in ((0.3, True), (0.01, True), (0.7, False), (3.0, False)):
        before, side = await only(config), 1 - zero_for_one
        amount = int((await contracts.reserves(pool))[side] * share)
        await chain.mine(*await contracts.swap(trader, pool, tokens[side], amount, zero_for_one=zero_for_one))
        after = await only(config)
        foretold = before.curve.principal_at(after.curve.price())
        found = after.amounts.principal0, after.amounts.principal1
        for token in (0, 1):
            assert foretold[token] == pytest.approx(Decimal(found[token]), rel=Decimal("1e-9"))


async def test_the_price_is_what_a_small_trade_gets(chain: LocalChain) -> None:
    contracts, owner = await Solidly.deploy(chain), chain.accounts[1]
    tokens = await tokens_of(chain, (6, 18))
    pool = await contracts.create_pool(tokens, stable=True)
    await chain.mine(*contracts.add(owner, pool, tokens, (10**12, 10**24)), fee(contracts, pool, NO_FEE))
    await chain.mine(*await contracts.swap(chain.accounts[3], pool, tokens[0], 10**12, zero_for_one=True))
    config = config_of(chain, pool, tokens)
    async with reading(config) as reader:
        view = await reader.read()
    (price,), small = view.pools, 10**6
    (got,) = await chain.view(pool, "(uint256)", "getAmountOut(uint256,address)", small, tokens[0].address)
    assert price.price == pytest.approx(Decimal(got).scaleb(-18) / Decimal(small).scaleb(-6), rel=Decimal("1e-5"))
    assert price.price < Decimal("0.9")


async def test_an_entry_survives_staking(chain: LocalChain) -> None:
    contracts, owner = await Solidly.deploy(chain), chain.accounts[1]
    tokens = await tokens_of(chain, (18, 6))
    pool = await contracts.create_pool(tokens, stable=False)
    gauge = await contracts.gauge(pool)
    await chain.mine(*contracts.add(owner, pool, tokens, (10**20, 10**9)))
    config = config_of(chain, pool, tokens)
    made = (await only(config)).curve.liquidity
    await chain.mine(*contracts.stake(owner, pool, gauge, made // 2))
    await chain.mine(*contracts.add(owner, pool, tokens, (10**20, 10**9)))
    await chain.mine(contracts.unstake(owner, gauge, made // 4))
    await chain.mine(*contracts.remove(owner, pool, made // 2))
    async with reading(config) as reader:
        (position,) = (await reader.read()).positions
        entry = await reader.entry(position)
    held = position.curve.liquidity
    whole = held + made // 2
    assert entry is not None
    assert (entry.amount0, entry.amount1) == (2 * 10**20 * held // whole, 2 * 10**9 * held // whole)
    assert (entry.liquidity, entry.source) == (held, EntrySource.MINT_EVENTS)


async def test_liquidity_that_came_from_somebody_has_no_known_entry(chain: LocalChain) -> None:
    contracts, (owner, other) = await Solidly.deploy(chain), (chain.accounts[1], chain.accounts[2])
    tokens = await tokens_of(chain, (18, 6))
    pool = await contracts.create_pool(tokens, stable=False)
    await chain.mine(*contracts.add(other, pool, tokens, (10**20, 10**9)))
    await chain.mine(chain.transfer(other, pool, owner, 10**12))
    async with reading(config_of(chain, pool, tokens)) as reader:
        (position,) = (await reader.read()).positions
        found: Entry | None = await reader.entry(position)
    assert found is None


async def test_a_killed_gauge_keeps_its_stakes(chain: LocalChain) -> None:
    contracts, owner = await Solidly.deploy(chain), chain.accounts[1]
    tokens = await tokens_of(chain, (18, 18))
    pool = await contracts.create_pool(tokens, stable=True)
    gauge = await contracts.gauge(pool)
    await chain.mine(*contracts.add(owner, pool, tokens, (10**20, 10**20)))
    held = await chain.balance(pool, owner)
    await chain.mine(*contracts.stake(owner, pool, gauge, held), kill(chain, contracts.voter, gauge))
    position = await only(config_of(chain, pool, tokens))
    assert (position.curve.liquidity, position.staked_in) == (held, gauge)
    by_voter = await only(config_of(chain, pool, tokens, voter=contracts.voter))
    assert by_voter.curve.liquidity == held


async def test_another_contract_is_refused_by_its_key(chain: LocalChain) -> None:
    tokens = await tokens_of(chain, (18, 18))
    config = config_of(chain, tokens[0].address, tokens)
    async with reading(config) as reader:
        with pytest.raises(ConfigError, match=r"chains.local.solidly\[1\].pools\[1\]"):
            await reader.check()
