"""Fees of a replayed volatile pool are what ``claimFees`` pays; a stable one is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.chain.pool_history import PoolHistory
from bot.clock import SystemClock
from bot.core.amm.tick_math import MAX_TICK
from bot.core.errors import ConfigError
from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.solidly import Solidly
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local
from tests.demo.tricks import empty_blocks
from tests.protocols.fork_scene import tokens_of
from tests.protocols.replaying import FINAL, close, next_row, replayed
from tests.protocols.solidly.admin import fee

pytestmark = pytest.mark.chain


async def test_fees_of_a_volatile_pool(chain: LocalChain, tmp_path: Path) -> None:
    """Its fee is changed in the middle."""
    contracts, draw = await Solidly.deploy(chain), random.Random(3)
    owner, trader = chain.accounts[1], chain.accounts[3]
    tokens = await tokens_of(chain, (18, 18))
    pool = await contracts.create_pool(tokens, stable=False)
    await chain.mine(*contracts.add(owner, pool, tokens, (10**23, 10**23)))
    held = await chain.balance(pool, owner)
    first = await next_row(chain)
    for number in range(120):
        if number == 60:
            await chain.mine(fee(contracts, pool, 123))
        side = draw.randrange(2)
        amount = draw.randrange(10**18, 10**21)
        await chain.mine(*await contracts.swap(trader, pool, tokens[side], amount, zero_for_one=side == 0))
    await empty_blocks(chain, FINAL)
    paid = await contracts.claim_pays(pool, owner)
    config = local(chain, [], owners=[owner])
    whole = held + 1000  # what the first mint locks for ever
    found = await replayed(
        config, PoolId(pool), first, (-MAX_TICK, MAX_TICK), held, tmp_path / "pool.parquet", others=whole - held
    )
    close(found, paid)


async def test_a_stable_pool_is_refused_in_words(chain: LocalChain) -> None:
    contracts = await Solidly.deploy(chain)
    pool = await contracts.create_pool(await tokens_of(chain, (18, 18)), stable=True)
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]
    with pytest.raises(ConfigError, match="is a stable pool"):
        await PoolHistory.open(local(chain, [], owners=[]), PoolId(pool), SystemClock(), kinds)
