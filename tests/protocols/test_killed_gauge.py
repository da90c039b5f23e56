"""A gauge that the real Voter kills: what is staked there stays ours and hedged, and an alarm tells to take it out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from math import isqrt
from pathlib import Path

import pytest

from bot.chain.config import ChainConfig, Deployment
from bot.clock import SystemClock
from bot.core.snapshot import LpPosition
from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain, by_address
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.rpc import Rpc
from bot.demo.uniswap_v3 import PoolKey
from bot.protocols.registry import PROTOCOLS
from tests.chain.setup import local, reading
from tests.cli.scenes import dnbot
from tests.protocols.fork_scene import tokens_of
from tests.protocols.pancake.admin import tune
from tests.protocols.real_voter import VotedSlipstream, gauge_of, kill, revive, voted_solidly
from tests.protocols.test_examples_run import CONFIG, PATIENT, localised

pytestmark = pytest.mark.chain


def config_of(
    chain: LocalChain, protocol: str, owner: Address, tokens: tuple[Erc20, Erc20], **values: object
) -> ChainConfig:
    settings = PROTOCOLS[protocol].settings.model_validate(values)
    deployment = Deployment(protocol, f"chains.local.{protocol}[1]", settings)
    return local(chain, [deployment], owners=[owner], mapped=[token.address for token in tokens])


async def test_slipstream(chain: LocalChain) -> None:
    contracts, tokens = await VotedSlipstream.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 100)
    gauge = await contracts.gauge(await contracts.create_pool(key, 2**96))
    ids = [await contracts.open(owner, key, (-1000, 1000), (10**18, 10**18)) for _ in range(2)]
    await chain.mine(*contracts.stake(owner, gauge, ids[0]))
    config = config_of(chain, "slipstream", owner, tokens, position_manager=contracts.manager)
    async with reading(config) as reader:

        async def read() -> dict[int, LpPosition]:
            return {int(one.id.rpartition(":")[2]): one for one in (await reader.read()).positions}

        before = await read()
        assert [before[one].farm_shut for one in ids] == [False, False]
        await chain.mine(kill(chain, contracts.voter, gauge))
        killed = await read()
        assert [killed[one].farm_shut for one in ids] == [True, False]
        assert killed[ids[0]].staked_in == gauge
        assert [killed[one].amounts for one in ids] == [before[one].amounts for one in ids]
        await chain.mine(revive(chain, contracts.voter, gauge))
        assert [one.farm_shut for one in (await read()).values()] == [False, False]
        await chain.mine(kill(chain, contracts.voter, gauge), contracts.unstake(owner, gauge, ids[0]))
        free = await read()
        assert [(free[one].staked_in, free[one].farm_shut) for one in ids] == [(None, False)] * 2


@pytest.mark.parametrize("names_voter", [True, False])
async def test_solidly(chain: LocalChain, *, names_voter: bool) -> None:
    contracts, owner = await voted_solidly(chain), chain.accounts[1]
    tokens = await tokens_of(chain, (18, 18))
    pool = await contracts.create_pool(tokens, stable=False)
    gauge = await gauge_of(chain, contracts.voter, contracts.factory, pool)
    await chain.mine(*contracts.add(owner, pool, tokens, (10**20, 10**20)))
    held = await chain.balance(pool, owner)
    await chain.mine(*contracts.stake(owner, pool, gauge, held // 2))
    voter = {"voter": contracts.voter} if names_voter else {}
    config = config_of(chain, "solidly", owner, tokens, pools=[pool], **voter)
    async with reading(config) as reader:
        (before,) = (await reader.read()).positions
        await chain.mine(kill(chain, contracts.voter, gauge))
        (killed,) = (await reader.read()).positions
        await chain.mine(contracts.unstake(owner, gauge, held // 2))
        (free,) = (await reader.read()).positions
    assert (before.farm_shut, killed.farm_shut, free.farm_shut) == (False, True, False)
    assert before.curve.liquidity == killed.curve.liquidity == free.curve.liquidity == held


async def test_a_masterchef_in_emergency(chain: LocalChain) -> None:
    contracts, tokens = await PancakeV3.deploy(chain), await tokens_of(chain, (18, 18))
    owner = chain.accounts[1]
    await contracts.allow(owner, tokens)
    key = PoolKey(tokens[0].address, tokens[1].address, 500)
    await contracts.farm(await contracts.create_pool(key, 2**96))
    token_id = await contracts.open(owner, key, (-600, 600), (10**18, 10**18))
    await chain.mine(contracts.stake(owner, token_id))
    at = {"position_manager": contracts.manager, "masterchef": contracts.masterchef}
    config = config_of(chain, "pancake_v3", owner, tokens, **at)
    async with reading(config) as reader:
        (before,) = (await reader.read()).positions
        await chain.mine(tune(chain, contracts, emergency=True, boost=10**12))
        (shut,) = (await reader.read()).positions
    assert (before.farm_shut, shut.farm_shut) == (False, True)


async def test_plan_doctor_and_positions_tell_of_it(tmp_path: Path) -> None:
    clock = SystemClock()
    async with Anvil(AnvilOptions(genesis=clock.now() - timedelta(hours=1))) as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner, tokens = chain.accounts[1], by_address(chain.at.weth, chain.at.usdc)
        worth = [10**18 if token == chain.at.weth else 2000 * 10**6 for token in tokens]
        await chain.fund(owner, {token: 10**6 * one for token, one in zip(tokens, worth, strict=True)})
        contracts = await VotedSlipstream.deploy(chain)
        await contracts.allow(owner, tokens)
        key = PoolKey(tokens[0].address, tokens[1].address, 100)
        gauge = await contracts.gauge(await contracts.create_pool(key, isqrt(worth[1] * 2**192 // worth[0])))
        here = (await contracts.slot0(await contracts.pool(key)))[1] // 100 * 100
        amounts = worth[0] * 5, worth[1] * 5
        token_id = await contracts.open(owner, key, (here - 9000, here + 9000), amounts)
        await chain.mine(*contracts.stake(owner, gauge, token_id))
        await chain.mine(kill(chain, contracts.voter, gauge), timestamp=clock.now())
        text = (CONFIG / "paper-base-aerodrome.toml").read_text(encoding="utf-8")
        told, name = localised(text, node.url, owner, {"slipstream": {"position_manager": contracts.manager}})
        file, more = tmp_path / "killed.toml", tmp_path / "more.toml"
        file.write_text(told.replace("var/", f"{tmp_path}/"), encoding="utf-8")
        more.write_text(PATIENT.format(chain=name), encoding="utf-8")
        plan = await asyncio.to_thread(dnbot, "plan", "--json", "-c", file, "-c", more)
        doctor = await asyncio.to_thread(dnbot, "doctor", "-c", file, "-c", more)
        listed = await asyncio.to_thread(dnbot, "positions", owner, "-c", file, "-c", more, "--no-search")
    words = f"{token_id} is staked in {gauge}, which was shut"
    found = json.loads(plan.out)
    assert len(found["orders"]) == 1, "it stays hedged"
    assert any(words in alarm["message"] for alarm in found["alarms"])
    assert words in doctor.out
    assert "take it out of that farm" in doctor.out
    assert f"staked in {gauge}, which was shut" in listed.out
