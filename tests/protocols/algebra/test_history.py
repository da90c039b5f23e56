"""Fees of a replayed Algebra pool are what ``collect`` pays: its fee changes with the swaps, and who takes of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.chain import json_rpc
from bot.chain.pool_past import PARTS, PoolToken
from bot.core.types import Address, PoolId
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import LocalChain
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols import algebra
from tests.chain.setup import local
from tests.demo.tricks import empty_blocks
from tests.protocols.algebra.admin import community, plug, plugin_fees
from tests.protocols.algebra.camelot import Camelot
from tests.protocols.fork_scene import tokens_of
from tests.protocols.replaying import FINAL, close, next_row, replayed

pytestmark = pytest.mark.chain


@pytest.mark.parametrize(("kind", "share"), [(Algebra, 0), (Algebra, 200), (Camelot, 200), (Integral, 100)])
async def test_fees_of_a_pool(chain: LocalChain, tmp_path: Path, kind: type[Algebra], share: int) -> None:
    contracts, owner, draw = await kind.deploy(chain), chain.accounts[1], random.Random(3)
    tokens = await tokens_of(chain, (18, 18))
    for account in chain.accounts[:2]:
        await contracts.allow(account, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 0)
    pool = await contracts.create_pool(key, 2**96)
    plugin = await plug(chain, pool) if isinstance(contracts, Integral) else None
    token_id = await contracts.open(owner, key, (-20040, 20040), (10**23, 10**23))
    if isinstance(contracts, Integral) and plugin is not None:
        await chain.mine(plugin_fees(chain, plugin, 700, 0))
    first = await next_row(chain)
    fees = set()
    for number in range(120):
        if number == 60 and share:
            await chain.mine(*community(chain, contracts, pool, share))
        if isinstance(contracts, Integral) and plugin is not None and number % 20 == 10:
            await chain.mine(plugin_fees(chain, plugin, draw.randrange(100, 9_000), draw.choice([0, 400])))
        zero_for_one = draw.random() < 0.5
        limit = 2**96 // 2 if zero_for_one else 2**97
        await chain.mine(contracts.trade(pool, draw.randrange(10**18, 10**21), limit, zero_for_one=zero_for_one))
        fees.add((await chain.view(pool, "(uint160,int24,uint16)", "globalState()"))[2])
    assert isinstance(contracts, Integral) or len(fees) > 1, "its fee never changed"
    await empty_blocks(chain, FINAL)
    liquidity, pays = (await contracts.position(token_id)).liquidity, await contracts.pays(token_id)
    config = local(chain, [], owners=[owner])
    found = await replayed(config, PoolId(pool), first, (-20040, 20040), liquidity, tmp_path / "pool.parquet")
    close(found, (pays.total0 - pays.principal0, pays.total1 - pays.principal1))


class NoCalls:
    """A node that nothing is asked of."""

    async def call(self, target: Address, data: bytes, block: str = "latest") -> bytes | None:
        raise AssertionError((target, data, block))

    async def fact(self, target: Address, data: bytes) -> bytes:
        raise AssertionError((target, data))

    async def token(self, address: Address) -> PoolToken:
        raise AssertionError(address)


async def test_a_state_with_a_fee_for_each_direction_has_its_shares_a_word_later() -> None:
    """Camelot's: price, tick, two fees, timepoint, two community fees of 1,000, unlocked."""
    words = [2**96, 0, 300, 500, 7, 150, 30, 1]
    state = b"".join(json_rpc.encode_uint(word) for word in words)
    kept = algebra.PAST.kept
    pool = Address("0x00000000000000000000000000000000000000A1")
    assert await kept(NoCalls(), pool, state, "latest") == (PARTS * 850 // 1000, PARTS * 970 // 1000)
    usual = b"".join(json_rpc.encode_uint(word) for word in [*words[:3], *words[4:]])
    assert await kept(NoCalls(), pool, usual, "latest") == (PARTS * 850 // 1000, PARTS * 970 // 1000)
