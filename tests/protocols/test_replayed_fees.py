"""Fees of a replayed pool are what ``collect`` pays, whatever the protocol takes of them and when it begins to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.chain.setup import config_of
from tests.demo.tricks import empty_blocks
from tests.protocols.replaying import FINAL, close, next_row, replayed

pytestmark = pytest.mark.chain


@pytest.mark.parametrize(("before", "after"), [((0, 0), (4, 6)), ((4, 10), (0, 5)), ((0, 0), (0, 0))])
async def test_fees_of_a_v3_pool(
    chain: LocalChain, v3: UniswapV3, tmp_path: Path, before: tuple[int, int], after: tuple[int, int]
) -> None:
    owner, draw = chain.accounts[1], random.Random(7)
    low = await chain.deploy_token("LOW", 18)
    high = await chain.deploy_token("HIGH", 18, after=low.address)
    await chain.fund(owner, {low: 10**27, high: 10**27})
    key = PoolKey(low.address, high.address, 500)
    pool = await v3.create_pool(key, 2**96)
    token_id = await v3.open(owner, key, (-20000, 20000), (10**23, 10**23))

    async def share(parts: tuple[int, int]) -> None:
        await chain.mine(Tx(chain.accounts[0], pool, calldata("setFeeProtocol(uint8,uint8)", *parts)))

    await share(before)
    first = await next_row(chain)
    for number in range(120):
        if number == 60:
            await share(after)
        amount = draw.randrange(10**18, 10**21)
        await chain.mine(v3.swap(owner, key, amount, zero_for_one=draw.random() < 0.5))
    await empty_blocks(chain, FINAL)
    liquidity = (await v3.position(token_id)).liquidity
    pays = await v3.pays(token_id)
    config = config_of(chain, owners=[owner])
    found = await replayed(config, PoolId(pool), first, (-20000, 20000), liquidity, tmp_path / "pool.parquet")
    close(found, (pays.total0 - pays.principal0, pays.total1 - pays.principal1))
