"""Fees of a replayed pool are what ``collect`` pays, whatever the protocol takes of them and when it begins to."""

from __future__ import annotations

import random
from fractions import Fraction
from math import isqrt
from pathlib import Path

import pytest

from bot.chain.config import Deployment
from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from tests.chain.setup import config_of, local
from tests.demo.tricks import empty_blocks, set_fee_to, take_a_quarter
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


@pytest.mark.parametrize("share", [None, "1/6", "1/4"])
async def test_fees_of_a_v2_pair(chain: LocalChain, v2: UniswapV2, tmp_path: Path, share: str | None) -> None:
    """They stay in the reserves: their value is what ``burn`` pays above the deposit at the price of the end.

    The trades are so small that they move neither the price nor the liquidity by what would matter here.
    """
    owner, draw = chain.accounts[1], random.Random(3)
    low = await chain.deploy_token("LOW", 18)
    high = await chain.deploy_token("HIGH", 18, after=low.address)
    await chain.fund(owner, {low: 10**30, high: 10**30})
    pair = await v2.create_pair(low.address, high.address)
    if share is not None:
        await set_fee_to(chain, chain.accounts[9])
    if share == "1/4":
        await take_a_quarter(chain, pair)
    await chain.mine(v2.add(owner, low.address, high.address, 10**27, 4 * 10**27))
    liquidity = await chain.balance(pair, owner)
    first = await next_row(chain)
    for _ in range(120):
        sold, bought = draw.sample((low.address, high.address), 2)
        await chain.mine(v2.swap(owner, sold, bought, draw.randrange(10**16, 10**18)))
    await empty_blocks(chain, FINAL)
    settings = UniswapV2Settings(pairs=(pair,), protocol_share=share)
    config = local(chain, [Deployment("uniswap_v2", "v2", settings)], owners=[owner])
    found = await replayed(config, PoolId(pair), first, (-887220, 887220), liquidity, tmp_path / "pair.parquet")
    paid, (reserve0, reserve1) = await v2.burn_pays(pair, liquidity), await v2.reserves(pair)
    price = Fraction(reserve1, reserve0)
    at_the_end = isqrt(10**27 * 4 * 10**27 * 10**20 * price.numerator // price.denominator) / Fraction(10**10)
    grown = paid[0] * price + paid[1] - 2 * at_the_end
    assert float(found[0] * price + found[1]) == pytest.approx(float(grown), rel=1e-5)
