"""What a user can get wrong in a deployment's table, for every protocol, and the words that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.errors import ConfigError
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import Erc20, LocalChain
from bot.demo.fork import Fork
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.slipstream import Slipstream
from bot.demo.solidly import Solidly
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from bot.demo.uniswap_v4 import Key, UniswapV4
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local, reading
from tests.protocols.fork_scene import tokens_of

pytestmark = pytest.mark.chain

NEVER = 999_999


@dataclass
class Chains:
    """A chain with a deployment of each protocol, in each of which the owner holds something; ``tables`` are right."""

    chain: LocalChain
    tokens: tuple[Erc20, Erc20]
    tables: Mapping[str, Mapping[str, object]]

    def config(self, protocol: str, table: Mapping[str, object]) -> ChainConfig:
        settings = PROTOCOLS[protocol].settings.model_validate(table)
        deployment = Deployment(protocol, f"chains.local.{protocol}[1]", settings)
        mapped = [token.address for token in self.tokens]
        return local(self.chain, [deployment], owners=self.chain.accounts[1:2], mapped=mapped)

    async def complaint(self, protocol: str, table: Mapping[str, object]) -> str:
        async with reading(self.config(protocol, table)) as reader:
            with pytest.raises(ConfigError) as caught:
                await reader.check()
        return str(caught.value)


async def deployed(chain: LocalChain) -> Chains:
    tokens, owner = await tokens_of(chain, (18, 6)), chain.accounts[1]
    first, second = tokens[0].address, tokens[1].address
    ticks, amounts = (-12_000, 12_000), (10**12, 10**12)

    async def managed(contracts: UniswapV3, fee: int) -> UniswapV3:
        if isinstance(contracts, Fork):
            await contracts.allow(owner, tokens)
        key = PoolKey(first, second, fee)
        await contracts.create_pool(key, 2**96)
        await contracts.open(owner, key, ticks, amounts)
        return contracts

    v2, v4 = UniswapV2(chain), await UniswapV4.deploy(chain)
    await managed(UniswapV3(chain), 3000)
    slipstream, pancake = await Slipstream.deploy(chain), await PancakeV3.deploy(chain)
    algebra, integral = await Algebra.deploy(chain), await Integral.deploy(chain)
    for contracts, fee in ((slipstream, 100), (pancake, 2500), (algebra, 0), (integral, 0)):
        await managed(contracts, fee)
    await pancake.farm(await pancake.pool(PoolKey(first, second, 2500)))
    await v4.allow(owner, [first, second])
    key = Key(first, second, 3000, 60)
    await v4.create_pool(key, 2**96)
    await v4.open(owner, key, ticks, amounts)
    pair = await v2.create_pair(first, second)
    await chain.mine(v2.add(owner, first, second, *amounts))
    cl_pool = await slipstream.pool(PoolKey(first, second, 100))
    solidly = await Solidly.deploy(chain)
    pool = await solidly.create_pool(tokens, stable=False)
    await chain.mine(*solidly.add(owner, pool, tokens, amounts))
    return Chains(
        chain,
        tokens,
        {
            "uniswap_v2": {"pairs": [pair]},
            "uniswap_v3": {"position_manager": chain.at.v3_positions},
            "uniswap_v4": {"position_manager": v4.at.positions, "state_view": v4.at.view},
            "slipstream": {
                "position_manager": slipstream.manager,
                "pools": [cl_pool],
            },
            "pancake_v3": {"position_manager": pancake.manager, "masterchef": pancake.masterchef},
            "algebra": {"position_manager": algebra.manager},
            "algebra_integral": {"position_manager": integral.manager},
            "solidly": {"pools": [pool], "voter": solidly.voter},
        },
    )


NO_CONTRACT = "there is no contract at"
WRONG_KIND = "is no contract of that kind"
SAME_WORDS = {("uniswap_v3", "pancake_v3"), ("pancake_v3", "uniswap_v3")}
"""Managers whose positions have the same words, and are read rightly under either name."""
UNTOLD = {"uniswap_v4"}
"""Whose contracts one address does not tell, so that the words don't name it."""


async def test_every_address_and_id_that_is_wrong_is_named_with_its_key(chain: LocalChain) -> None:
    made = await deployed(chain)
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
    made = await deployed(chain)
    for protocol in ("slipstream", "algebra", "algebra_integral"):
        config = replace(made.config(protocol, {"position_manager": chain.at.v3_positions}), owners=chain.accounts[5:6])
        async with reading(config) as reader:
            with pytest.raises(ConfigError, match="is it another protocol's manager"):
                await reader.check()


async def test_an_id_that_never_existed_is_told_and_one_that_was_burned_is_over(chain: LocalChain) -> None:
    made, owner = await deployed(chain), chain.accounts[1]
    for protocol, table in made.tables.items():
        if "position_manager" not in table:
            continue
        wrong = {**table, "token_ids": [NEVER]}
        if protocol == "uniswap_v4":  # whose manager says which id is the next one
            said = await made.complaint(protocol, wrong)
            assert f"token_ids: there is no position {NEVER}, the newest is 1" in said
            continue
        async with reading(made.config(protocol, wrong)) as reader:
            await reader.check()
            (left,) = (await reader.read()).left_out
        assert left.position == f"local:{protocol}:{NEVER}"
        words = f"chains.local.{protocol}[1].token_ids: there is no position {NEVER}; it is burned, or was never made"
        assert left.reason == words
    v3 = UniswapV3(chain)
    async with reading(made.config("uniswap_v3", {**made.tables["uniswap_v3"], "token_ids": [1]})) as reader:
        assert len((await reader.read()).positions) == 1
        await chain.mine(v3.close(owner, 1, (await v3.position(1)).liquidity))
        view = await reader.read()
        assert (view.positions, view.left_out) == ((), ())
