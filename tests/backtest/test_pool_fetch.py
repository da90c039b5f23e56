"""A pool's past, read from a real node: every row is what the contracts themselves say, however it was read."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isqrt
from pathlib import Path
from typing import cast

import pytest

from bot.backtest import pool_fetch
from bot.backtest.columns import Tape
from bot.backtest.part_files import Parts
from bot.backtest.store import read_tape
from bot.chain.config import ChainConfig
from bot.chain.logs import Log
from bot.chain.pool_history import PoolHistory
from bot.chain.pool_past import NodeCalls, PoolEvent, PoolPast
from bot.clock import SystemClock
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.errors import ConfigError, Retryable
from bot.core.types import Address, ChainId, PoolId
from bot.demo.chain import LocalChain
from bot.demo.tx import decoded
from bot.protocols.registry import PROTOCOLS
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind
from tests.demo.tricks import empty_blocks
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = pytest.mark.chain
MINUTE = timedelta(minutes=1)
SWAP = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
FINAL = 70
"""Blocks on top after which the ones below are final to a local node."""


async def traded(scene: Scene) -> list[dict[str, str]]:
    """Trade for some 25 minutes, with liquidity that comes and goes in and beside the price; return the swaps' logs."""
    draw, v3, owner = random.Random(5), scene.v3, scene.owner
    pool, logs = await v3.pool(scene.key), list[dict[str, str]]()
    near = await v3.open(owner, scene.key, (-200400, -199200), (10**19, 2 * 10**10))
    for number in range(120):
        big = draw.random() < 0.2
        sells = v3.swap(owner, scene.key, draw.randrange(10**15, 10**18 * (3 if big else 1)), zero_for_one=True)
        txs = [sells if draw.random() < 0.5 else scene.buy(draw.randrange(10**6, 10**9 * (6 if big else 2)))]
        if number % 17 == 3:
            txs.append(v3.increase(owner, near, 10**17, 10**9))
        if number % 23 == 7:
            txs.append(v3.decrease(owner, near, (await v3.position(near)).liquidity // 3))
        if number % 40 == 9:  # a range that the price is not in, and nobody trades for a while
            await scene.chain.mine(v3.mint(owner, scene.key, (-199200, -198600), 10**18, 0))
            await empty_blocks(scene.chain, 7)
        block = await scene.chain.mine(*(txs if number % 11 else ()))
        logs += [log for receipt in block.receipts for log in receipt["logs"] if log["topics"][0] == SWAP]
    await empty_blocks(scene.chain, FINAL)
    return [log for log in logs if log["address"].lower() == pool.lower()]


class HastyClock(SystemClock):
    """The machine's time in time-lapse, for pauses of seconds."""

    def monotonic(self) -> float:
        return super().monotonic() * 50

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 50)


async def opened(config: ChainConfig, pool: Address) -> PoolHistory:
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]
    return await PoolHistory.open(config, PoolId(pool), HastyClock(), kinds)


@asynccontextmanager
async def history(scene: Scene, pool: Address, *urls: str) -> AsyncIterator[PoolHistory]:
    config = behind(scene.config, *urls, limits=replace(PATIENT, max_batch=3)) if urls else scene.config
    found = await opened(config, pool)
    try:
        yield found
    finally:
        await found.close()


async def fetched(past: PoolHistory, pool: Address, first: int, out: Path, *, size: int = 40) -> Tape:
    """Read everything from a block on into a file, as the command does."""
    ends = await pool_fetch.ends(past, first, None, MINUTE)
    parts = Parts.open(out, first, chain_id=31337, pool=pool)
    await pool_fetch.fetch(past, parts, ends.last.number, size, lambda _done, _total: None)
    await pool_fetch.write(past, parts, ends, MINUTE, out)
    return read_tape(out)


async def last_block_before(chain: LocalChain, seconds: int) -> str:
    """Find a block the slow way, from the newest down."""
    number = int(await chain.rpc.call("eth_blockNumber"), 16)
    while int((await chain.rpc.call("eth_getBlockByNumber", hex(number), False))["timestamp"], 16) >= seconds:
        number -= 1
    return hex(number)


async def test_every_row_of_a_v3_pool_is_what_the_contract_says_at_its_end(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    pool = await scene.v3.pool(scene.key)
    first = int(await chain.rpc.call("eth_blockNumber"), 16) + 1
    swaps = await traded(scene)
    async with history(scene, pool) as past:
        tape = await fetched(past, pool, first, tmp_path / "pool.parquet")
    assert len(tape) > 20
    assert len(set(tape.liquidity)) > 5
    for row, end in enumerate(tape.times.tolist()):
        block = await last_block_before(chain, end)
        assert int(tape.close[row]) == (await scene.v3.slot0(pool, block))[1]
        assert tape.liquidity[row] == (await chain.view(pool, "(uint128)", "liquidity()", block=block))[0]
    start, amounts = int(tape.times[0]) - 60, list[tuple[int, int, int, int]]()
    for log in swaps:
        header = await chain.rpc.call("eth_getBlockByNumber", log["blockNumber"], False)
        values = decoded("(int256,int256,uint160,uint128,int24)", bytes.fromhex(log["data"][2:]))
        amounts.append((int(header["timestamp"], 16), max(values[0], 0), max(values[1], 0), values[4]))
    for row, end in enumerate(tape.times.tolist()):
        inside = [one for one in amounts if end - 60 <= one[0] < end]
        assert tape.in0[row] == sum(one[1] for one in inside)
        assert tape.in1[row] == sum(one[2] for one in inside)
        opened = (
            int(tape.close[row - 1]) if row else (await scene.v3.slot0(pool, await last_block_before(chain, start)))[1]
        )
        path = [opened, *(one[3] for one in inside)]
        assert (int(tape.low[row]), int(tape.high[row])) == (min(path), max(path))


class Deaf:
    """A pool's past that misses all swaps: as if the pool told them by an event of its own."""

    def __init__(self, past: PoolPast) -> None:
        self._past = past

    def __getattr__(self, name: str) -> object:
        return getattr(self._past, name)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        return [event for event in self._past.events(logs, times) if event.tick is None]


async def test_a_pool_whose_swaps_do_not_end_where_it_stands_is_refused(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    pool = await scene.v3.pool(scene.key)
    first = int(await chain.rpc.call("eth_blockNumber"), 16) + 1
    for number in range(12):
        sells = scene.v3.swap(scene.owner, scene.key, 10**18, zero_for_one=True)
        await chain.mine(sells if number % 3 else scene.buy(10**9))
    await empty_blocks(chain, FINAL)
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]

    async def deaf(node: NodeCalls, config: ChainConfig, wanted: PoolId) -> PoolPast | None:
        found = [past for find in kinds if (past := await find(node, config, wanted)) is not None]
        return cast("PoolPast", Deaf(found[0]))

    past = await PoolHistory.open(scene.config, PoolId(pool), HastyClock(), [deaf])
    try:
        with pytest.raises(ConfigError, match=r"its swaps end at tick -?\d+, the pool stands at -?\d+"):
            await fetched(past, pool, first, tmp_path / "pool.parquet")
    finally:
        await past.close()
    assert not (tmp_path / "pool.parquet").exists()


async def test_a_v2_pair_is_replayed_as_a_full_range(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    first = int(await chain.rpc.call("eth_blockNumber"), 16) + 1
    token0, token1 = scene.tokens
    for number in range(20):
        sold = scene.v2.swap(scene.owner, token0, token1, 10**17)
        await chain.mine(sold if number % 2 else scene.v2.swap(scene.owner, token1, token0, 3 * 10**8))
    await empty_blocks(chain, FINAL)
    async with history(scene, scene.pair) as past:
        about = past.about
        tape = await fetched(past, scene.pair, first, tmp_path / "pair.parquet")
    assert (about.fee, about.token0.decimals, about.token1.symbol) == (3000, 18, "USDC")
    assert sum(tape.in0) + sum(tape.in1) > 0
    for row, end in enumerate(tape.times.tolist()):
        reserves = await scene.v2.reserves(scene.pair, await last_block_before(chain, end))
        assert tape.liquidity[row] == isqrt(reserves[0] * reserves[1])
        assert int(tape.close[row]) == tick_at_sqrt_ratio(isqrt((reserves[1] << 192) // reserves[0]))


async def test_reading_in_any_pieces_and_after_any_interruption_gives_the_same_bytes(
    chain: LocalChain, tmp_path: Path
) -> None:
    scene = await Scene.on(chain)
    pool = await scene.v3.pool(scene.key)
    first = int(await chain.rpc.call("eth_blockNumber"), 16) + 1
    await traded(scene)
    async with history(scene, pool) as past:
        await fetched(past, pool, first, tmp_path / "whole.parquet", size=1000)
    async with serving(FaultyRpc(chain.rpc.url, max_log_range=20)) as front, history(scene, pool, front.url) as past:
        asked = 0

        async def fail_now_and_then() -> None:
            nonlocal asked
            asked += 1
            front.fault = Fault.HANG_UP if asked % 60 > 9 else Fault.NONE  # longer than it is tried again

        front.before["eth_getLogs"], front.only = fail_now_and_then, "eth_getLogs"
        tries = 0
        while not (tmp_path / "pieces.parquet").exists():
            tries += 1
            assert tries < 30
            try:
                await fetched(past, pool, first, tmp_path / "pieces.parquet", size=8)
            except Retryable:
                assert not (tmp_path / "pieces.parquet").exists()
    assert tries > 1
    assert len(list((tmp_path / "pieces.parquet.parts").glob("*.parquet"))) > 5
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


async def test_a_later_end_adds_to_what_is_there(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    pool = await scene.v3.pool(scene.key)
    first, out = int(await chain.rpc.call("eth_blockNumber"), 16) + 1, tmp_path / "pool.parquet"
    await traded(scene)
    async with history(scene, pool) as past:
        before = await fetched(past, pool, first, out)
        await traded(scene)
        after = await fetched(past, pool, first, out)
        again = await fetched(past, pool, first, tmp_path / "again.parquet")
    assert len(after) > len(before) > 20
    assert after.in0[: len(before)] == before.in0
    assert (tmp_path / "again.parquet").read_bytes() == out.read_bytes()
    assert len(again) == len(after)


async def test_a_chain_that_was_changed_below_what_is_there_is_found(chain: LocalChain, tmp_path: Path) -> None:
    scene = await Scene.on(chain)
    pool = await scene.v3.pool(scene.key)
    first, out = int(await chain.rpc.call("eth_blockNumber"), 16) + 1, tmp_path / "pool.parquet"
    before = await chain.snapshot()
    await traded(scene)
    async with history(scene, pool) as past:
        await fetched(past, pool, first, out)
        await chain.revert(before)
        await chain.mine(scene.buy(10**9))
        await empty_blocks(chain, 3 * FINAL)
        with pytest.raises(ConfigError, match="is another one by now"):
            await fetched(past, pool, first, out)
        with pytest.raises(ConfigError, match="holds another download"):
            await fetched(past, pool, first + 1, out)


async def test_times_are_found_and_what_is_not_final_is_refused(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    await empty_blocks(chain, 3 * FINAL)
    async with history(scene, scene.pair) as past:
        final = await past.node.final()
        for ago in (0, 1, 17, 100):
            stamp = await past.node.header(final.number - ago)
            assert await past.first_from(stamp.timestamp, final) == stamp.number
            assert await past.first_from(stamp.timestamp + timedelta(seconds=1), final) == stamp.number + 1
        newest = await past.node.header(int(await chain.rpc.call("eth_blockNumber"), 16))
        assert final.number < newest.number
        for start, end in ((0, newest.timestamp), (newest.number, None), (0, newest.number)):
            with pytest.raises(ConfigError, match="the last final block is"):
                await pool_fetch.ends(past, start, end, MINUTE)
        with pytest.raises(ConfigError, match="less than one row"):
            await pool_fetch.ends(past, final.number - 1, final.number, timedelta(hours=1))
        with pytest.raises(ConfigError, match="less than one row"):
            await pool_fetch.ends(past, datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 2, tzinfo=UTC), MINUTE)


async def test_what_is_no_pool_is_named(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    for address in (chain.at.weth.address, scene.owner):
        with pytest.raises(ConfigError, match="is no pool of a protocol"):
            await opened(scene.config, address)
    with pytest.raises(ConfigError, match="serve chain 31337"):
        await opened(replace(scene.config, chain_id=ChainId(1)), scene.pair)
