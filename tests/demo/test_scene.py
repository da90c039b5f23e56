"""The scene plays on the real contracts: pools follow the market, the owner the script, and all is repeatable."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from fractions import Fraction

import pytest

from bot.demo.chain import LocalChain
from bot.demo.market import band, raw_price
from bot.demo.node import Anvil
from bot.demo.path import MarketPoint
from bot.demo.rpc import Rpc
from bot.demo.scenario import SCRIPT, Action, SceneSettings
from bot.demo.scene import OWNER, Scene, Step
from tests.demo.tricks import held_token

pytestmark = pytest.mark.chain

ROUNDING = Fraction(1, 10**6)


@asynccontextmanager
async def scene(settings: SceneSettings) -> AsyncIterator[Scene]:
    async with Anvil() as node, Rpc(node.url) as rpc:
        yield await Scene.create(await LocalChain.deploy(rpc), settings)


def price_of_eth_in_btc(market: MarketPoint, weth_is_token0: bool) -> Fraction:  # noqa: FBT001 - a test's own helper
    if weth_is_token0:
        return raw_price(market.eth, 18, market.btc, 8)
    return raw_price(market.btc, 8, market.eth, 18)


async def assert_pools_follow(scene: Scene, market: MarketPoint) -> None:
    at = scene.chain.at
    reserve0, reserve1 = await scene.v2.reserves(scene.pair)
    first = int(at.weth.address, 16) < int(at.wbtc.address, 16)
    low, high = band(price_of_eth_in_btc(market, first), Fraction(3, 1000))
    assert low * (1 - ROUNDING) <= Fraction(reserve1, reserve0) <= high * (1 + ROUNDING)
    sqrt_price, _ = await scene.ranged.price()
    first = int(at.weth.address, 16) < int(at.usdc.address, 16)
    usdc = Decimal(1)
    market_price = raw_price(market.eth, 18, usdc, 6) if first else raw_price(usdc, 6, market.eth, 18)
    low, high = band(market_price, Fraction(5, 10_000))
    assert low * (1 - ROUNDING) <= Fraction(sqrt_price**2, 2**192) <= high * (1 + ROUNDING)


async def test_a_whole_scene() -> None:
    settings = SceneSettings(seed=7, blocks=288)
    started = time.monotonic()
    steps: list[Step] = []
    async with scene(settings) as play:
        usd_of_v2 = usd_of_v3 = 0.0
        for _ in range(settings.blocks):
            step = await play.step()
            steps.append(step)
            await assert_pools_follow(play, step.market)
            if Action.OPEN_V2 in step.actions:
                usd_of_v2 = await value_of_v2(play)
            if Action.OPEN_V3 in step.actions:
                usd_of_v3 = await value_of_v3(play)
        assert await play.chain.balance(play.pair, OWNER) == 0
        assert await play.chain.balance(play.chain.at.v3_positions, OWNER) == 0
    assert time.monotonic() - started < 25
    assert [step.market for step in steps] == list(settings.points(288)[1:])
    assert [action for step in steps for action in step.actions] == [action for _, action in SCRIPT]
    assert usd_of_v2 == pytest.approx(20_000, rel=0.005)
    assert usd_of_v3 == pytest.approx(10_000, rel=0.02)
    changes = [
        step.in_range for step, before in zip(steps[1:], steps, strict=False) if step.in_range != before.in_range
    ]
    assert changes[0] is True
    assert changes[-1] is None
    assert changes[-2] is True
    assert False in changes


async def value_of_v2(play: Scene) -> float:
    amounts = await play.v2.burn_pays(play.pair, await play.chain.balance(play.pair, OWNER))
    weth_first = int(play.chain.at.weth.address, 16) < int(play.chain.at.wbtc.address, 16)
    weth, wbtc = amounts if weth_first else amounts[::-1]
    return weth / 1e18 * float(play.market.eth) + wbtc / 1e8 * float(play.market.btc)


async def value_of_v3(play: Scene) -> float:
    token_id = held_token(play)
    assert token_id is not None
    paid = await play.v3.pays(token_id)
    weth_first = int(play.chain.at.weth.address, 16) < int(play.chain.at.usdc.address, 16)
    weth, usdc = (paid.total0, paid.total1) if weth_first else (paid.total1, paid.total0)
    return weth / 1e18 * float(play.market.eth) + usdc / 1e6


async def test_a_market_that_leads_is_the_next_block_s() -> None:
    settings = SceneSettings(blocks=100)
    async with scene(settings) as play:
        for block in (1, 2):
            play.lead()
            play.lead()
            assert (play.index, play.market) == (block - 1, settings.points(block)[block])
            step = await play.step()
            assert step.market == settings.points(block)[block]


async def test_positions_earn_fees() -> None:
    async with scene(SceneSettings(blocks=100)) as play:
        for _ in range(50):
            await play.step()
        token_id = held_token(play)
        assert token_id is not None
        paid = await play.v3.pays(token_id)
        assert paid.total0 > paid.principal0
        assert paid.total1 > paid.principal1


async def test_a_seed_gives_the_same_blocks_and_another_seed_others() -> None:
    hashes = []
    for seed in (1, 1, 2):
        async with scene(SceneSettings(seed=seed, blocks=30)) as play:
            hashes.append([(await play.step()).hash for _ in range(30)])
    assert hashes[0] == hashes[1]
    assert hashes[0][0] != hashes[2][0]


async def test_the_script_begins_anew_after_its_end() -> None:
    async with scene(SceneSettings(blocks=20)) as play:
        actions = [action for _ in range(40) for action in (await play.step()).actions]
    assert actions == 2 * [action for _, action in SCRIPT]


async def test_the_newest_block_after_setup_has_the_scenes_first_time() -> None:
    settings = SceneSettings(blocks=20)
    async with scene(settings) as play:
        block = await play.chain.rpc.call("eth_getBlockByNumber", "latest", False)
        assert int(block["timestamp"], 16) == settings.start.timestamp()
        assert play.market == settings.points(0)[0]
        await assert_pools_follow(play, play.market)


async def test_a_reorg_between_actions_does_not_stop_the_scene() -> None:
    async with scene(SceneSettings(blocks=288)) as play:
        for _ in range(30):
            await play.step()
        await play.chain.reorg(3)
        step = await play.step()
        await assert_pools_follow(play, step.market)
