"""Entries of every manager's positions: what the owner paid, less the share of each withdrawal, by its own events."""

from __future__ import annotations

from math import isqrt

import pytest

from bot.chain.config import Deployment
from bot.core.snapshot import Entry, EntrySource
from bot.core.types import Address
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import Erc20, LocalChain
from bot.demo.fork import Fork
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.slipstream import Slipstream
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local, reading
from tests.protocols.algebra.camelot import Camelot
from tests.protocols.fork_scene import tokens_of
from tests.protocols.ramses.contracts import Ramses

pytestmark = pytest.mark.chain

KINDS: list[tuple[str, type[Algebra | PancakeV3 | Ramses | Slipstream], int]] = [
    ("slipstream", Slipstream, 100),
    ("pancake_v3", PancakeV3, 500),
    ("ramses", Ramses, 500),
    ("algebra", Algebra, 0),
    ("algebra", Camelot, 0),
    ("algebra_integral", Integral, 0),
]


async def paid(chain: LocalChain, tokens: tuple[Erc20, Erc20], owner: Address) -> tuple[int, int]:
    """Return the raw balances, negated, so that differences are what was paid."""
    return -await chain.balance(tokens[0].address, owner), -await chain.balance(tokens[1].address, owner)


async def put(
    chain: LocalChain, contracts: Fork, tokens: tuple[Erc20, Erc20], owner: Address, token_id: int
) -> tuple[int, int]:
    """Add to a position, and return what that took."""
    before = await paid(chain, tokens, owner)
    await chain.mine(contracts.increase(owner, token_id, 10**17, 10**18))
    after = await paid(chain, tokens, owner)
    return after[0] - before[0], after[1] - before[1]


@pytest.mark.parametrize(("protocol", "kind", "fee"), KINDS)
async def test_an_entry_is_what_the_owner_paid_less_the_share_withdrawn(
    chain: LocalChain, protocol: str, kind: type[Algebra | PancakeV3 | Ramses | Slipstream], fee: int
) -> None:
    contracts, tokens = await kind.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, fee)
    pool = await contracts.create_pool(key, 2**96)
    before = await paid(chain, tokens, owner)
    token_id = await contracts.open(owner, key, (-6000, 6000), (10**18, 10**18))
    after = await paid(chain, tokens, owner)
    opened = after[0] - before[0], after[1] - before[1]
    block = int(await chain.rpc.call("eth_blockNumber"), 16)
    settings = PROTOCOLS[protocol].settings.model_validate({"position_manager": contracts.manager})
    deployment = Deployment(protocol, f"chains.local.{protocol}[1]", settings)
    config = local(chain, [deployment], owners=[owner], mapped=[token.address for token in tokens])

    async def entry() -> Entry | None:
        async with reading(config) as reader:
            (position,) = (await reader.read()).positions
            return await reader.entry(position)

    liquidity = (await contracts.position(token_id)).liquidity
    assert await entry() == Entry.single(*opened, liquidity, EntrySource.MINT_EVENTS, block)

    await chain.mine(contracts.trade(pool, 10**17, 2**95, zero_for_one=True))
    added = await put(chain, contracts, tokens, owner, token_id)
    liquidity = (await contracts.position(token_id)).liquidity
    await chain.mine(contracts.decrease(owner, token_id, liquidity - liquidity // 4))
    left = (await contracts.position(token_id)).liquidity
    amount0, amount1 = ((one + two) * left // liquidity for one, two in zip(opened, added, strict=True))
    root = sum(isqrt(one * two) for one, two in (opened, added)) * left // liquidity
    assert await entry() == Entry(amount0, amount1, left, EntrySource.MINT_EVENTS, block, root)
