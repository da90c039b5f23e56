"""Fees of a replayed PancakeSwap V3 pool are what ``collect`` pays: its protocol always takes a share."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.uniswap_v3 import PoolKey
from tests.chain.setup import local
from tests.demo.tricks import empty_blocks
from tests.protocols.fork_scene import tokens_of
from tests.protocols.pancake import admin
from tests.protocols.replaying import FINAL, close, next_row, replayed

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("shares", [None, (0, 4000), (1234, 0)])
async def test_fees_of_a_pool(chain: LocalChain, tmp_path: Path, shares: tuple[int, int] | None) -> None:
    v3, owner, draw = await PancakeV3.deploy(chain), chain.accounts[1], random.Random(3)
    tokens = await tokens_of(chain, (18, 18))
    for account in chain.accounts[:2]:
        await v3.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 500)
    pool = await v3.create_pool(key, 2**96)
    token_id = await v3.open(owner, key, (-20000, 20000), (10**23, 10**23))
    first = await next_row(chain)
    for number in range(120):
        if number == 60 and shares is not None:
            await chain.mine(admin.fees(chain, v3, pool, *shares))
        zero_for_one = draw.random() < 0.5
        limit = 2**96 // 2 if zero_for_one else 2**97
        await chain.mine(v3.trade(pool, draw.randrange(10**18, 10**21), limit, zero_for_one=zero_for_one))
    await empty_blocks(chain, FINAL)
    liquidity, pays = (await v3.position(token_id)).liquidity, await v3.pays(token_id)
    config = local(chain, [], owners=[owner])
    found = await replayed(config, PoolId(pool), first, (-20000, 20000), liquidity, tmp_path / "pool.parquet")
    close(found, (pays.total0 - pays.principal0, pays.total1 - pays.principal1))
