"""Fees of a replayed Slipstream pool are what ``collect`` pays to an unstaked position, whatever is staked beside."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.slipstream import Slipstream
from bot.demo.uniswap_v3 import PoolKey
from tests.chain.setup import local
from tests.demo.tricks import empty_blocks
from tests.protocols.fork_scene import tokens_of
from tests.protocols.replaying import FINAL, close, next_row, replayed
from tests.protocols.slipstream import admin

pytestmark = pytest.mark.chain


@pytest.mark.parametrize(("levy", "part"), [(None, 0), (100_000, 0), (250_000, 3)])
async def test_fees_of_a_pool(chain: LocalChain, tmp_path: Path, levy: int | None, part: int) -> None:
    """The fee is changed by a module in the middle; somebody else has staked liquidity beside, or nobody has."""
    contracts, draw = await Slipstream.deploy(chain), random.Random(3)
    owner, other = chain.accounts[1:3]
    tokens = await tokens_of(chain, (18, 18))
    for account in chain.accounts[:3]:
        await contracts.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 100)
    pool = await contracts.create_pool(key, 2**96)
    token_id = await contracts.open(owner, key, (-20000, 20000), (10**23, 10**23))
    if levy is not None:
        gauge = await contracts.gauge(pool)
        await chain.mine(admin.levy(chain, contracts, levy))
        if part:
            theirs = await contracts.open(other, key, (-20000, 20000), (10**23 // part, 10**23 // part))
            await chain.mine(*contracts.stake(other, gauge, theirs))
    first = await next_row(chain)
    for number in range(120):
        if number == 60:
            await admin.own_fee(chain, contracts, pool, 2718)
        zero_for_one = draw.random() < 0.5
        limit = 2**96 // 2 if zero_for_one else 2**97
        await chain.mine(contracts.trade(pool, draw.randrange(10**18, 10**21), limit, zero_for_one=zero_for_one))
    await empty_blocks(chain, FINAL)
    liquidity, pays = (await contracts.position(token_id)).liquidity, await contracts.pays(token_id)
    whole = (await chain.view(pool, "(uint128)", "liquidity()"))[0]
    config = local(chain, [], owners=[owner])
    found = await replayed(
        config, PoolId(pool), first, (-20000, 20000), liquidity, tmp_path / "pool.parquet", others=whole - liquidity
    )
    close(found, (pays.total0 - pays.principal0, pays.total1 - pays.principal1))
