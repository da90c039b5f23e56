"""What can't change is kept for ever, so one endpoint's word for it does not count where a second one is there."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from bot.chain.client import COOL_FIRST
from bot.chain.confirmation import OCCASION
from bot.core.errors import Retryable, SkipCycle
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import PoolKey
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT
from tests.chain.test_confirmation import endpoints, held, truth
from tests.chain.test_dollar_feeds import FEED, feed
from tests.chain.test_fuzz import HastyClock
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, Node, honest

pytestmark = pytest.mark.chain

Play = Callable[[Node, Json], Awaitable[Answer]]
SLOT0, BALANCE_OF = "3850c7bd", "70a08231"
WRONG_DECIMALS = nodes.lying("decimals()", 0, lambda told: told ^ 3)


async def away(_: Node, __: Json) -> Answer:
    return web.Response(status=503)


def asks(body: Json, selector: str) -> bool:
    calls = body if isinstance(body, list) else [body]
    return any(call["method"] == "eth_call" and selector in call["params"][0]["data"] for call in calls)


def until_the_pool_is_read(then: Play, lie: Play = WRONG_DECIMALS) -> Play:
    """Lie about decimals up to the read that needs them; fail at that one, and afterwards do as ``then`` does."""

    async def play(node: Node, body: Json) -> Answer:
        if asks(body, SLOT0):
            node.play = then
            return await then(node, body)
        return await lie(node, body)

    return play


async def out_of_quota(_: Node, __: Json) -> Answer:
    return web.Response(status=429)


async def odd_once(node: Node, body: Json) -> Answer:
    node.play = honest
    return await nodes.lying("slot0()", 0, lambda _: 0)(node, body)


@pytest.mark.parametrize("then", [odd_once, away, out_of_quota])
async def test_what_a_read_took_that_came_to_no_end_is_no_fact(chain: LocalChain, then: Play) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [until_the_pool_is_read(then), honest]) as (reader, fronts):
        assert held(await reader.read()) == await truth(scene)
        for front in fronts:
            front.play = honest
        await empty_blocks(chain, 1)
        assert held(await reader.read()) == await truth(scene)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("signature", ["decimals()", "getPool(address,address,uint24)"])
async def test_what_one_endpoint_told_while_the_other_was_away_is_asked_of_both_later(
    chain: LocalChain, place: int, signature: str
) -> None:
    scene = await Scene.on(chain)
    whole = await truth(scene)
    plays: list[Play] = [away, away]
    plays[place] = nodes.lying(signature, 0, lambda told: told ^ 3)
    async with endpoints(scene, plays) as (reader, fronts):
        try:
            told = held(await reader.read())
        except (Retryable, SkipCycle):
            assert signature != "decimals()"
        else:
            assert told != whole
        for front in fronts:
            front.play = honest
        await empty_blocks(chain, 1)
        assert held(await reader.read()) == await truth(scene)


async def test_an_endpoint_that_comes_back_and_lies_does_not_move_what_was_believed(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest, away]) as (reader, fronts):
        await reader.read()
        fronts[1].play = WRONG_DECIMALS
        for _ in range(3):
            await empty_blocks(chain, 1)
            assert held(await reader.read()) == await truth(scene)


async def test_an_endpoint_that_hangs_is_not_waited_for_where_nothing_leapt(chain: LocalChain) -> None:
    scene, clock = await Scene.on(chain), HastyClock()
    async with endpoints(scene, [honest, away], clock=clock) as (reader, fronts):
        await reader.read()
        fronts[1].play = nodes.trickle
        clock.skipped += COOL_FIRST
        await empty_blocks(chain, 1)
        started = time.monotonic()
        assert held(await reader.read()) == await truth(scene)
        assert OCCASION < time.monotonic() - started < PATIENT.request_timeout


async def test_two_that_agreed_are_not_asked_both_again(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    async with endpoints(scene, [honest, away]) as (reader, fronts):
        await reader.read()
        fronts[1].play = honest
        asked = []
        for _ in range(3):
            await empty_blocks(chain, 1)
            fronts[1].asked.clear()
            await reader.read()
            asked.append(len(fronts[1].asked))
        assert asked[-2:] == [0, 0]


async def test_a_balance_that_one_endpoint_told_and_another_finished_is_read_whole_from_one(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    lie = nodes.lying("balanceOf(address)", 0, lambda told: told * 3 if told > 10**6 else told)

    async def play(node: Node, body: Json) -> Answer:
        return web.Response(status=429) if asks(body, SLOT0) or node.count("asked") > 20 else await lie(node, body)

    async with endpoints(scene, [play, honest]) as (reader, _):
        assert held(await reader.read()) == await truth(scene)


@pytest.mark.parametrize("then", [odd_once, out_of_quota])
async def test_nor_are_a_feeds_decimals(chain: LocalChain, then: Play) -> None:
    scene = await Scene.on(chain)
    now = int((await chain.rpc.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    await chain.rpc.call("anvil_setCode", FEED, feed(10**8, now))
    scene.config = replace(scene.config, dollar_feeds={"USDT": FEED})
    lie = nodes.lying("decimals()", 0, lambda told: told - (told == 8))
    async with endpoints(scene, [until_the_pool_is_read(then, lie), honest]) as (reader, _):
        (told,) = (await reader.read()).dollars
        assert told.price == 1


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("signature", ["decimals()", "symbol()"])
async def test_a_stranger_s_token_that_tells_each_endpoint_another_thing_blinds_nobody(
    chain: LocalChain, place: int, signature: str
) -> None:
    """A contract may answer by what the node's client makes of a call, such as the gas that is left."""
    scene, giver = await Scene.on(chain), chain.accounts[6]
    fake = await chain.deploy_token("ODD", 77)
    await chain.fund(giver, {fake: 10**30, chain.at.usdc: 10**12})
    key = PoolKey.of(fake.address, chain.at.usdc.address, 3000)
    await scene.v3.create_pool(key, 2**96)
    word, lie = (2, lambda told: told ^ 1 << 248 if told >> 232 == 0x4F4444 else told)
    if signature == "decimals()":
        word, lie = 0, lambda told: told - (told == 77)
    plays: list[Play] = [honest, honest]
    plays[place] = nodes.lying(signature, word, lie)

    async def give() -> None:
        number = await scene.v3.open(giver, key, (-60, 60), (10**9, 10**9))
        data = calldata("transferFrom(address,address,uint256)", giver, scene.owner, number)
        await chain.mine(Tx(giver, chain.at.v3_positions, data))

    await give()
    async with endpoints(scene, plays) as (reader, _):
        await reader.check()
        assert held(await reader.read()) == await truth(scene)
        await give()
        await chain.mine(scene.v3.increase(scene.owner, scene.token_id, 10**19, 2 * 10**10))
        view = await reader.read()
        assert held(view) == await truth(scene)
        assert len(view.left_out) == 2
