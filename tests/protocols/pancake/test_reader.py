"""PancakeSwap V3 and its farm: what is found, and what is wrong, named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.core.errors import ConfigError
from bot.core.snapshot import EntrySource
from bot.demo.chain import LocalChain
from bot.demo.pancake_v3 import PancakeV3
from bot.protocols.pancake_v3.settings import NAME, PancakeV3Settings
from tests.chain.setup import reading
from tests.protocols.pancake.test_truth import Pancake, config_of, scene_of

pytestmark = pytest.mark.chain


def with_farm(config: ChainConfig, **changes: object) -> ChainConfig:
    (deployment,) = config.protocols
    settings = PancakeV3Settings.model_validate({**deployment.settings.model_dump(), **changes})
    return replace(config, protocols=(Deployment(NAME, deployment.key, settings),))


async def test_a_position_that_is_staked_stays_found_and_is_followed_where_the_farm_is_not_configured(
    chain: LocalChain,
) -> None:
    v3 = await PancakeV3.deploy(chain)
    scene = await scene_of(chain, v3, (18, 18), 3)
    config = config_of(chain, v3, scene)
    token_id = next(iter(scene.ids))
    name, before = f"local:{NAME}:{token_id}", set(scene.ids)
    async with reading(config) as reader, reading(with_farm(config, masterchef=None)) as without:
        for one in (reader, without):
            view = await one.read()
            assert {int(position.id.rpartition(":")[2]) for position in view.positions} == before
        await chain.mine(*scene.fork.stake(scene.ids[token_id], token_id))
        view = await reader.read()
        (staked,) = (position for position in view.positions if position.staked_in)
        assert (staked.id, staked.staked_in) == (name, v3.masterchef)
        view = await without.read()
        assert name not in {position.id for position in view.positions}
        await chain.mine(*scene.fork.unstake(scene.ids[token_id], token_id))
        view = await reader.read()
        assert not [position for position in view.positions if position.staked_in]
        assert name in {position.id for position in view.positions}


async def test_the_entry_is_what_was_deposited_staked_or_not(chain: LocalChain) -> None:
    v3 = await PancakeV3.deploy(chain)
    scene = await scene_of(chain, v3, (6, 18), 4)
    assert isinstance(scene.fork, Pancake)
    owner, tokens = scene.owners[0], scene.tokens
    before = [await chain.balance(token.address, owner) for token in tokens]
    tick = await scene.fork.tick() // scene.fork.spacing * scene.fork.spacing
    token_id = await scene.fork.open(owner, (tick - 2000, tick + 2000), scene.amounts())
    paid = [then - await chain.balance(token.address, owner) for token, then in zip(tokens, before, strict=True)]
    await chain.mine(*scene.fork.stake(owner, token_id))
    async with reading(config_of(chain, v3, scene)) as reader:
        view = await reader.read()
        (position,) = (one for one in view.positions if one.id == f"local:{NAME}:{token_id}")
        entry = await reader.entry(position)
    assert entry is not None
    assert ([entry.amount0, entry.amount1], entry.source) == (paid, EntrySource.MINT_EVENTS)


async def test_a_farm_that_is_none_is_named_with_its_key(chain: LocalChain) -> None:
    v3 = await PancakeV3.deploy(chain)
    scene = await scene_of(chain, v3, (18, 6), 5)
    config = config_of(chain, v3, scene)
    cases = {
        "there is no contract at": chain.accounts[7],
        "is no contract of that kind": chain.at.v2_factory,
    }
    for words, address in cases.items():
        async with reading(with_farm(config, masterchef=address)) as reader:
            with pytest.raises(ConfigError, match=words) as caught:
                await reader.check()
        assert str(caught.value).startswith(f"chains.local.{NAME}[1].masterchef: ")
