"""What a user can get wrong in a deployment's table, for every protocol, and the words that say so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from bot.core.errors import ConfigError
from bot.demo.chain import LocalChain
from bot.demo.tx import mapping_slot
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.chain.setup import reading
from tests.demo.tricks import get_storage, set_storage
from tests.protocols.every_protocol import Chains, deployed
from tests.protocols.fork_scene import tokens_of

pytestmark = pytest.mark.chain

NEVER = 999_999


async def one_of_each(chain: LocalChain) -> Chains:
    return await deployed(chain, await tokens_of(chain, (18, 6)), 2**96, (10**12, 10**12))


NO_CONTRACT = "there is no contract at"
WRONG_KIND = "is no contract of that kind"
SAME_WORDS = {("uniswap_v3", "pancake_v3"), ("pancake_v3", "uniswap_v3")}
"""Managers whose positions have the same words, and are read rightly under either name."""
UNTOLD = {"uniswap_v4"}
"""Whose contracts one address does not tell, so that the words don't name it."""


async def test_every_address_and_id_that_is_wrong_is_named_with_its_key(chain: LocalChain) -> None:
    made = await one_of_each(chain)
    managers = {name: table["position_manager"] for name, table in made.tables.items() if "position_manager" in table}
    wallet, token = chain.accounts[7], chain.at.usdc.address
    for protocol, table in made.tables.items():
        async with reading(made.config(protocol, table)) as reader:
            await reader.check()
            assert len((await reader.read()).positions) == 1, "the right table is right"
        for key, value in table.items():
            for wrong, words in ((wallet, NO_CONTRACT), (token, WRONG_KIND)):
                said = await made.complaint(protocol, {**table, key: [wrong] if isinstance(value, list) else wrong})
                at = f"chains.local.{protocol}[1].{key}" + ("[1]" if isinstance(value, list) else "")
                assert said.startswith(f"{at}: "), (protocol, key, said)
                assert words in said, (protocol, key, said)
        for other, manager in managers.items():
            if protocol in managers and other != protocol and (other, protocol) not in SAME_WORDS:
                said = await made.complaint(protocol, {**table, "position_manager": manager})
                assert said.startswith(f"chains.local.{protocol}[1].position_manager: "), (other, protocol, said)
                assert WRONG_KIND in said, (other, protocol, said)
                assert other in UNTOLD or f"[[chains.local.{other}]]" in said, (other, protocol, said)


async def test_a_manager_of_another_kind_is_refused_while_nobody_holds_anything_there(chain: LocalChain) -> None:
    made = await one_of_each(chain)
    for protocol in ("slipstream", "algebra", "algebra_integral"):
        config = replace(made.config(protocol, {"position_manager": chain.at.v3_positions}), owners=chain.accounts[5:6])
        async with reading(config) as reader:
            with pytest.raises(ConfigError, match="is it another protocol's manager"):
                await reader.check()


async def test_pools_that_keep_positions_in_another_way_are_refused(chain: LocalChain) -> None:
    """Where a pool's entry of a position has an index besides the range, the entry of the range itself is empty."""
    made, v3 = await one_of_each(chain), UniswapV3(chain)
    held = await v3.position(1)
    edges = held.tick_lower.to_bytes(3, signed=True) + held.tick_upper.to_bytes(3, signed=True)
    entry = int.from_bytes(keccak(bytes.fromhex(chain.at.v3_positions[2:]) + edges))
    pool = await v3.pool(PoolKey(held.token0, held.token1, held.fee))
    slot = mapping_slot(entry, 7)
    assert await get_storage(chain, pool, slot) == held.liquidity
    await set_storage(chain, pool, slot, 0)
    said = await made.complaint("uniswap_v3", made.tables["uniswap_v3"])
    assert said.startswith("chains.local.uniswap_v3[1].position_manager: ")
    assert "its entries are kept under other keys, by range or by token id (is it another protocol's manager?)" in said


async def test_an_id_that_never_existed_is_told_and_one_that_was_burned_is_over(chain: LocalChain) -> None:
    made, owner = await one_of_each(chain), chain.accounts[1]
    for protocol, table in made.tables.items():
        if "position_manager" not in table:
            continue
        wrong = {**table, "token_ids": [NEVER]}
        async with reading(made.config(protocol, wrong)) as reader:
            await reader.check()
            (left,) = (await reader.read()).left_out
        assert left.position == f"local:{protocol}:{NEVER}"
        why = ", the newest is 1" if protocol == "uniswap_v4" else "; it is burned, or was never made"
        assert left.reason == f"chains.local.{protocol}[1].token_ids: there is no position {NEVER}{why}"
    v3 = UniswapV3(chain)
    async with reading(made.config("uniswap_v3", {**made.tables["uniswap_v3"], "token_ids": [1]})) as reader:
        assert len((await reader.read()).positions) == 1
        await chain.mine(v3.close(owner, 1, (await v3.position(1)).liquidity))
        view = await reader.read()
        assert (view.positions, view.left_out) == ((), ())
