"""Slipstream and its gauges: what is found, and what is wrong, named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig, Deployment
from bot.chain.protocol import Found, Sources
from bot.chain.reader import EvmChainReader
from bot.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.types import Address, PositionId
from bot.demo.chain import LocalChain, by_address
from bot.demo.contracts import compiled
from bot.demo.slipstream import Slipstream
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols.slipstream.scan import PoolScan
from bot.protocols.slipstream.settings import NAME, SlipstreamSettings
from tests.chain.setup import local, reading
from tests.demo.tricks import empty_blocks
from tests.protocols.slipstream import admin
from tests.protocols.slipstream.test_truth import Pool, config_of, scene_of

pytestmark = pytest.mark.chain

LISTED = Path(__file__).with_name("ListedGauge.sol")


def changed(config: ChainConfig, **changes: object) -> ChainConfig:
    (deployment,) = config.protocols
    settings = SlipstreamSettings.model_validate({**deployment.settings.model_dump(), **changes})
    return replace(config, protocols=(Deployment(NAME, deployment.key, settings),))


async def test_a_position_that_is_staked_while_it_is_watched_stays_found(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 18), 3)
    token_id, owner = next(iter(scene.ids.items()))
    async with reading(config_of(chain, contracts, scene)) as reader:
        before = {position.id for position in (await reader.read()).positions}
        for txs, is_staked in (
            (scene.fork.stake(owner, token_id), True),
            (scene.fork.unstake(owner, token_id), False),
        ):
            await chain.mine(*txs)
            view = await reader.read()
            assert {position.id for position in view.positions} == before
            assert view.moved == ()
            assert [position.id for position in view.positions if position.staked_in] == (
                [f"local:{NAME}:{token_id}"] if is_staked else []
            )


@dataclass
class Looked:
    """Implements Source: what a scan found, read by read."""

    scan: PoolScan
    found: list[set[Address]] = field(default_factory=list)

    def contracts(self) -> Sequence[tuple[str, Address]]:
        return []

    def read(self, reads: Reads, found: Found) -> None:
        del found
        try:
            pools = self.scan.look(reads)
        except Missing:
            return
        self.found += [{*pools}] if pools else []


async def test_what_is_staked_already_is_found_by_the_factory_s_pools(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (6, 18), 4)
    assert isinstance(scene.fork, Pool)
    for token_id, owner in scene.ids.items():
        await chain.mine(*scene.fork.stake(owner, token_id))
    config = config_of(chain, contracts, scene)
    for more in ({}, {"pools": [scene.fork.pool]}):
        async with reading(changed(config, **more)) as reader:
            await reader.check()
            view = await reader.read()
            assert {int(one.id.rpartition(":")[2]) for one in view.positions} == set(scene.ids)
            assert {one.staked_in for one in view.positions} == {scene.fork.gauge}
    async with reading(changed(config, discover=False)) as reader:
        assert (await reader.read()).positions == ()


async def test_the_factory_s_pools_are_looked_through_a_page_a_read_and_new_ones_at_once(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    first = await chain.deploy_token("T0", 18)
    owner, scan = chain.accounts[1], PoolScan(contracts.manager, chain.accounts[1:2], page=2)
    gauges = []

    async def pool_of(number: int, *, staked: bool) -> Address:
        tokens = by_address(first, await chain.deploy_token(f"T{number}", 18))
        await chain.fund(owner, dict.fromkeys(tokens, 10**20))
        await contracts.allow(owner, tokens)
        key = PoolKey(tokens[0].address, tokens[1].address, 100)
        pool = await contracts.create_pool(key, 2**96)
        if number % 2:
            gauges.append(await contracts.gauge(pool))
            token_id = await contracts.open(owner, key, (-100, 100), (10**18, 10**18))
            if staked:
                await chain.mine(*contracts.stake(owner, gauges[-1], token_id))
        return pool

    pools = [await pool_of(number, staked=number != 3) for number in range(1, 6)]
    looked = Looked(scan)
    reader = EvmChainReader(local(chain, [], owners=[owner]), lambda *_: Sources([], [looked]), SystemClock())
    try:
        for _ in range(4):
            await reader.read()
            await empty_blocks(chain, 1)
        pools.append(await pool_of(7, staked=True))
        await reader.read()
    finally:
        await reader.close()
    assert looked.found == [{pools[0]}, {pools[4]}, {pools[5]}]


async def test_a_gauge_that_was_killed_still_holds_what_was_earned(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 6), 5)
    assert isinstance(scene.fork, Pool)
    token_id, owner = next(iter(scene.ids.items()))
    await chain.mine(*scene.fork.stake(owner, token_id))
    scene.staked.add(token_id)
    await empty_blocks(chain, 50)
    await chain.mine(admin.kill(chain, contracts.voter, scene.fork.gauge))
    async with reading(config_of(chain, contracts, scene)) as reader:
        for _ in range(3):
            await scene.trade()
            await scene.compare(reader)


async def test_a_gauge_that_tells_rewards_for_a_list_of_ids_holds_what_is_staked_and_shows_none(
    chain: LocalChain,
) -> None:
    """MetaDEX03's: github.com/dromos-labs/metadex-slipstream-public, contracts/gauge/CLGauge.sol."""
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 6), 8)
    assert isinstance(scene.fork, Pool)
    gauge = scene.fork.gauge
    behind = Address(f"0x{int(gauge, 16) ^ 1:040x}")
    await chain.rpc.call("anvil_setCode", behind, await chain.rpc.call("eth_getCode", gauge, "latest"))
    front = await chain.create(compiled(LISTED), "(address)", behind)
    await chain.rpc.call("anvil_setCode", gauge, await chain.rpc.call("eth_getCode", front, "latest"))
    (token_id, owner), *others = scene.ids.items()
    async with reading(config_of(chain, contracts, scene)) as reader:
        before = {one.id: one for one in (await reader.read()).positions}
        await chain.mine(*scene.fork.stake(owner, token_id))
        after = {one.id: one for one in (await reader.read()).positions}
    assert set(after) == set(before)
    staked = after.pop(PositionId(f"local:{NAME}:{token_id}"))
    assert (staked.staked_in, staked.rewards, staked.farm_shut) == (gauge, (), False)
    whole = before[staked.id].amounts
    assert (staked.amounts.principal0, staked.amounts.principal1) == (whole.principal0, whole.principal1)
    assert len(after) == len(others)
    assert {one.staked_in for one in after.values()} == {None}


async def test_a_gift_in_somebody_s_name_is_not_ours(chain: LocalChain) -> None:
    """Only the gauge's own word says whose a staked position is."""
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 18), 6)
    assert isinstance(scene.fork, Pool)
    stranger = chain.accounts[3]
    theirs = await scene.fork.open(stranger, (-2000, 2000), scene.amounts())
    await chain.mine(*contracts.stake(stranger, scene.fork.gauge, theirs))
    async with reading(config_of(chain, contracts, scene)) as reader:
        found = {int(one.id.rpartition(":")[2]) for one in (await reader.read()).positions}
    assert found == set(scene.ids)


async def test_what_is_wrong_is_named_with_its_key(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 6), 7)
    config, at = config_of(chain, contracts, scene), f"chains.local.{NAME}[1]"
    mine = await contracts.pool(scene.fork.key)  # type: ignore[attr-defined] # the fork is ours
    cases = (
        ({"pools": [mine, chain.accounts[7]]}, f"{at}.pools[2]: ", "there is no contract at"),
        ({"pools": [chain.at.usdc.address]}, f"{at}.pools[1]: ", "is no contract of that kind"),
        ({"position_manager": chain.at.v2_factory}, f"{at}.position_manager: ", "is no contract of that kind"),
    )
    for changes, key, words in cases:
        async with reading(changed(config, **changes)) as reader:
            with pytest.raises(ConfigError, match=words) as caught:
                await reader.check()
        assert str(caught.value).startswith(key)


async def test_another_protocol_s_manager_is_named_with_its_key(chain: LocalChain) -> None:
    contracts = await Slipstream.deploy(chain)
    scene = await scene_of(chain, contracts, (18, 6), 8)
    config = config_of(chain, contracts, scene)
    (deployment,) = config.protocols
    wrong = Deployment("uniswap_v3", "chains.local.uniswap_v3[1]", deployment.settings)
    async with reading(replace(config, protocols=(wrong,))) as reader:
        with pytest.raises(ConfigError, match="is it another protocol's manager") as caught:
            await reader.check()
    assert str(caught.value).startswith("chains.local.uniswap_v3[1].position_manager: ")
