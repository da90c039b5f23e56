"""A contract under another protocol's table is refused in words that name the protocol whose it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.errors import ConfigError
from bot.core.types import Address, PoolId
from bot.demo.algebra import Algebra
from bot.demo.chain import LocalChain
from bot.demo.slipstream import Slipstream
from bot.demo.solidly import Solidly
from bot.demo.uniswap_v2 import UniswapV2
from bot.protocols.registry import PROTOCOLS
from tests.chain.scene import Scene
from tests.chain.setup import local, reading
from tests.protocols.algebra.test_truth import scene_of as algebra_scene
from tests.protocols.fork_scene import tokens_of
from tests.protocols.slipstream.test_truth import scene_of as slipstream_scene

pytestmark = pytest.mark.chain


def misplaced(chain: LocalChain, protocol: str, contract: Address, mapped: Sequence[Address]) -> ChainConfig:
    amm = PROTOCOLS[protocol]
    assert amm.at is not None
    settings = amm.settings.model_validate(amm.at(contract))
    deployment = Deployment(protocol, f"chains.local.{protocol}[1]", settings)
    return local(chain, [deployment], owners=chain.accounts[1:3], mapped=mapped)


async def complaint(config: ChainConfig) -> ConfigError:
    async with reading(config) as reader:
        with pytest.raises(ConfigError) as caught:
            await reader.check()
    return caught.value


async def test_a_slipstream_manager_under_v3_is_named(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await slipstream_scene(chain, contracts, (18, 6), 1)
    mapped = [token.address for token in scene.tokens]
    error = await complaint(misplaced(chain, "uniswap_v3", contracts.manager, mapped))
    assert error.key == "chains.local.uniswap_v3[1].position_manager"
    assert "it answers as one of slipstream does: write it under [[chains.local.slipstream]]" in str(error)


async def test_an_algebra_manager_under_v3_is_named(chain: LocalChain) -> None:
    contracts = await Algebra.deploy(chain)
    scene = await algebra_scene(chain, contracts, (18, 6), 1)
    mapped = [token.address for token in scene.tokens]
    error = await complaint(misplaced(chain, "uniswap_v3", contracts.manager, mapped))
    assert "it answers as one of algebra does" in str(error)


async def test_pools_of_one_kind_under_the_other_are_named(chain: LocalChain, v2: UniswapV2) -> None:
    solidly, draw = await Solidly.deploy(chain), random.Random(1)
    tokens = await tokens_of(chain, (18, 6))
    owner, mapped = chain.accounts[1], [token.address for token in tokens]
    pair, pool = await v2.create_pair(*mapped), await solidly.create_pool(tokens, stable=draw.random() < 0.5)
    amounts = 10**20, 10**8
    await chain.mine(v2.add(owner, mapped[0], mapped[1], *amounts))
    await chain.mine(*solidly.add(owner, pool, tokens, amounts))
    for protocol, contract, right in (("uniswap_v2", pool, "solidly"), ("solidly", pair, "uniswap_v2")):
        error = await complaint(misplaced(chain, protocol, contract, mapped))
        assert f"it answers as one of {right} does" in str(error)


async def test_a_manager_among_the_reference_pools_is_named_with_its_table(chain: LocalChain) -> None:
    algebra, slipstream = await Algebra.deploy(chain), await Slipstream.deploy(chain)
    scene = await algebra_scene(chain, algebra, (18, 6), 1)
    other = await slipstream_scene(chain, slipstream, (18, 6), 1)
    managers = {
        "uniswap_v3": (chain.at.v3_positions, (await Scene.on(chain)).tokens),
        "algebra": (algebra.manager, [token.address for token in scene.tokens]),
        "slipstream": (slipstream.manager, [token.address for token in other.tokens]),
    }
    for protocol, (manager, mapped) in managers.items():
        config = replace(local(chain, [], owners=chain.accounts[1:3], mapped=mapped), reference_pools=(manager,))
        error = await complaint(config)
        assert error.key == "chains.local.reference_pools[1]"
        assert protocol in str(error).partition("write it under ")[2]


async def test_a_pool_of_any_protocol_is_a_reference_pool(chain: LocalChain) -> None:
    """What a pool's table insists on, its price does not need: whose it is, it tells by what it answers."""
    solidly, tokens = await Solidly.deploy(chain), await tokens_of(chain, (18, 6))
    pool = await solidly.create_pool(tokens, stable=False)
    await chain.mine(*solidly.add(chain.accounts[1], pool, tokens, (10**20, 10**8)))
    mapped = [token.address for token in tokens]
    async with reading(replace(local(chain, [], owners=(), mapped=mapped), reference_pools=(pool,))) as reader:
        await reader.check()
        assert [price.pool for price in (await reader.read()).pools] == [PoolId(pool)]


async def test_what_answers_as_nobody_s_contract_is_only_refused(chain: LocalChain) -> None:
    error = await complaint(misplaced(chain, "uniswap_v3", chain.at.v2_factory, ()))
    assert "is no contract of that kind" in str(error)
    assert "it answers as" not in str(error)
