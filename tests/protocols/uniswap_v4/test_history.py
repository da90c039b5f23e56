"""Fees of a replayed Uniswap V4 pool are what taking them out pays: fees and shares that change, and gifts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.core.errors import ConfigError
from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.demo.uniswap_v4 import NATIVE, Key, UniswapV4
from tests.chain.setup import local
from tests.demo.tricks import empty_blocks
from tests.protocols.fork_scene import tokens_of
from tests.protocols.replaying import FINAL, close, next_row, replayed
from tests.protocols.uniswap_v4.contracts import DYNAMIC, HARMLESS_HOOK, Governed
from tests.protocols.uniswap_v4.test_truth import deployment

pytestmark = pytest.mark.chain

TICKS = (-20010, 20010)


@pytest.mark.parametrize(("fee", "is_native"), [(500, True), (3000, False), (DYNAMIC, False)])
async def test_fees_of_a_pool(chain: LocalChain, tmp_path: Path, fee: int, is_native: bool) -> None:  # noqa: FBT001
    v4, owner, draw = await Governed.deploy(chain), chain.accounts[1], random.Random(3)
    await v4.govern()
    tokens = await tokens_of(chain, (18, 18))
    for account in chain.accounts[:2]:
        await v4.allow(account, [token.address for token in tokens])
    token0 = NATIVE if is_native else tokens[0].address
    key = Key(token0, tokens[1].address, fee, 30, HARMLESS_HOOK if fee == DYNAMIC else NATIVE)
    await v4.create_pool(key, 2**96)
    giver = await v4.giver(chain.accounts[0], (key.token0, key.token1))
    token_id = await v4.open(owner, key, TICKS, (10**23, 10**23))
    await chain.mine(v4.protocol_fee(key, 0, 800))
    if fee == DYNAMIC:
        await chain.mine(v4.dynamic_fee(key, 700))
    first = await next_row(chain)
    for number in range(120):
        if number == 40:
            await chain.mine(v4.protocol_fee(key, 1000, 400))
        if number in {60, 80} and fee == DYNAMIC:
            await chain.mine(v4.dynamic_fee(key, 40 * number))
        if number == 70:
            await chain.mine(v4.donate(giver, chain.accounts[0], key, (10**18, 3 * 10**17)))
        if number == 100:
            await chain.mine(v4.protocol_fee(key, 0, 0))
        zero_for_one = draw.random() < 0.5
        limit = 2**96 // 2 if zero_for_one else 2**97
        amount = draw.randrange(10**18, 10**21)
        await chain.mine(v4.swap(chain.accounts[0], key, amount, limit, zero_for_one=zero_for_one))
    await empty_blocks(chain, FINAL)
    liquidity = (await v4.position(token_id)).liquidity
    pays = await v4.pays(owner, key, token_id, liquidity)
    config = local(chain, [deployment(v4)], owners=[owner])
    found = await replayed(config, key.id, first, TICKS, liquidity, tmp_path / "pool.parquet")
    close(found, (pays.total0 - pays.principal0, pays.total1 - pays.principal1))


async def test_a_pool_that_is_not_there_is_none(chain: LocalChain, tmp_path: Path) -> None:
    v4 = await UniswapV4.deploy(chain)
    config = local(chain, [deployment(v4)], owners=[chain.accounts[1]])
    with pytest.raises(ConfigError, match="no pool of a protocol"):
        await replayed(config, PoolId(f"0x{'12' * 32}"), 1, TICKS, 1, tmp_path / "pool.parquet")
