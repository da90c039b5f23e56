"""Twenty and more ways in which nodes behave, in front of the real one: the exact exposure, or a clear wait in time.

Which of them leave an honest retry (EXACT) and which none (WAIT) is said beforehand; behind an honest second endpoint
every one of them must give the exact exposure.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot.backtest import pool_fetch
from bot.backtest.part_files import Parts
from bot.chain.config import ChainConfig
from bot.chain.pool_history import PoolHistory
from bot.clock import SystemClock
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import ChainView
from bot.core.types import PoolId
from bot.demo.chain import LocalChain
from bot.protocols.registry import PROTOCOLS
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind, reading
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, Node, honest, node

pytestmark = pytest.mark.chain

Play = Callable[[Node, Json], Awaitable[Answer]]
LIMITS = replace(PATIENT, request_timeout=0.5, read_timeout=4.0, max_log_blocks=1000)
DEADLINE = 6.0
"""Seconds within which a read ends in any case: its own deadline, and some for a busy machine."""

EXACT: dict[str, Play] = {
    "Alchemy's free tier: 10 blocks of logs, HTTP 400": nodes.alchemy_free,
    "Infura: too many results, -32005": nodes.infura_results,
    "QuickNode: a range of blocks, HTTP 413": nodes.quicknode_range,
    "Besu: a range of blocks, -32005": nodes.besu_range,
    "5 blocks of logs, HTTP 500 without a word": nodes.wordless_range,
    "geth cuts a call's gas without a word": nodes.geth_gas_cap,
    "Alchemy: out of gas at its own cap": nodes.alchemy_gas_cap,
    "Besu: gas above the block's": nodes.besu_gas_cap,
    "no pins by hash, -32602": nodes.old_geth_pin,
    "no pins by hash, -32000": nodes.wasp_pin,
    "geth: execution aborted (timeout = 5s), three times": nodes.geth_timeout,
    "geth: the same for each token's decimals": nodes.geth_timeout_of_tokens,
    "a missing trie node, twice": nodes.pruned_now_and_then,
    "gzip, though identity was asked for": nodes.packed,
}
EXACT_BATCHED: dict[str, Play] = {
    "Besu: 4 requests of a batch, -32005": nodes.besu_batch,
    "dRPC: 3 requests of a batch, HTTP 500": nodes.drpc_batch,
    "Erigon: 5 requests of a batch, then it hangs up": nodes.erigon_batch,
    "no batches at all, -32000": nodes.plain_batch,
}
WAIT: dict[str, tuple[Play, str]] = {
    "Base: no backend is healthy, -32011, HTTP 503": (nodes.proxyd_busy, "-32011 no backend is currently healthy"),
    "Base: over rate limit, -32016": (nodes.over_rate_limit, "-32016 over rate limit"),
    "Infura: the day's requests are used up, -32005": (nodes.daily_quota, "-32005 daily request count exceeded"),
    "HTTP 401 with JSON": (nodes.unauthorised, "Must be authenticated!"),
    "a page in HTML": (nodes.maintenance, "no JSON"),
    "null for the newest block": (nodes.no_head, "no block"),
    "a node without the state": (nodes.pruned, "missing trie node"),
    "0x for every call": (nodes.empty_calls, "multicall|no answer"),
    "200 MB packed into 200 kB": (nodes.bomb, "more than 16000000 bytes"),
    "an answer without an end": (nodes.endless, "more than 16000000 bytes|within"),
    "a byte at a time": (nodes.trickle, r"no answer within 0\.5 s"),
}


class HastyClock(SystemClock):
    """The machine's time in time-lapse, for pauses of seconds."""

    def monotonic(self) -> float:
        return super().monotonic() * 20

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


async def truth(config: ChainConfig) -> ChainView:
    async with reading(config) as reader:
        return await reader.read()


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("multicall", [True, False])
async def test_a_node_that_caps_or_stumbles_is_read_exactly(chain: LocalChain, name: str, *, multicall: bool) -> None:
    scene = await Scene.on(chain)
    whole = await truth(scene.config)
    async with node(chain.rpc.url, EXACT[name]) as front:
        config = behind(scene.config, front.url, limits=LIMITS)
        config = config if multicall else replace(config, multicall=None)
        async with reading(config) as reader:
            for _ in range(2):
                assert await reader.read() == whole
                await empty_blocks(chain, 1)
                whole = await truth(scene.config)


@pytest.mark.parametrize("name", EXACT_BATCHED)
async def test_a_node_that_refuses_a_batch_gets_smaller_ones(chain: LocalChain, name: str) -> None:
    scene = await Scene.on(chain)
    whole = await truth(scene.config)
    async with node(chain.rpc.url, EXACT_BATCHED[name]) as front:
        config = replace(behind(scene.config, front.url, limits=replace(LIMITS, max_batch=50)), multicall=None)
        async with reading(config) as reader:
            assert await reader.read() == whole
            front.batches.clear()
            assert await reader.read() == whole
    assert all(size <= 5 for size in front.batches)


@pytest.mark.parametrize("name", WAIT)
async def test_a_node_that_leaves_no_way_is_waited_for_with_a_clear_word(chain: LocalChain, name: str) -> None:
    scene = await Scene.on(chain)
    play, said = WAIT[name]
    async with (
        node(chain.rpc.url, play) as front,
        reading(behind(scene.config, front.url, limits=LIMITS)) as reader,
    ):
        started = time.monotonic()
        with pytest.raises(Retryable, match=said):
            await reader.read()
        assert time.monotonic() - started < DEADLINE


@pytest.mark.parametrize("name", [*EXACT, *EXACT_BATCHED, *WAIT])
async def test_behind_an_honest_endpoint_no_behaviour_costs_anything_but_time(chain: LocalChain, name: str) -> None:
    scene = await Scene.on(chain)
    whole = await truth(scene.config)
    play = {**EXACT, **EXACT_BATCHED, **{key: value[0] for key, value in WAIT.items()}}[name]
    async with AsyncExitStack() as stack:
        odd = await stack.enter_async_context(node(chain.rpc.url, play))
        good = await stack.enter_async_context(node(chain.rpc.url, honest))
        for urls in ((odd.url, good.url), (good.url, odd.url)):
            async with reading(behind(scene.config, *urls, limits=LIMITS)) as reader:
                started = time.monotonic()
                assert await reader.read() == whole
                assert time.monotonic() - started < DEADLINE


async def fetch(config: ChainConfig, pool: str, out: Path, last: int) -> bytes:
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]
    past = await PoolHistory.open(config, PoolId(pool), HastyClock(), kinds)
    try:
        parts = Parts.open(out, 1, chain_id=31337, pool=pool)
        await pool_fetch.fetch(past, parts, last, config.limits.max_log_blocks, lambda _done, _total: None)
        return repr(list(parts.rows())).encode()
    finally:
        await past.close()


@pytest.mark.parametrize("name", [*EXACT, *WAIT])
async def test_a_pools_past_is_complete_or_a_clear_error(chain: LocalChain, tmp_path: Path, name: str) -> None:
    scene = await Scene.on(chain)
    for number in range(20):
        await chain.mine(scene.buy(10**9 + number))
        await empty_blocks(chain, 3)
    pool, last = await scene.v3.pool(scene.key), int(await chain.rpc.call("eth_blockNumber"), 16)
    whole = await fetch(scene.config, pool, tmp_path / "whole", last)
    assert whole.count(b"block") > 20
    play = EXACT[name] if name in EXACT else WAIT[name][0]
    async with node(chain.rpc.url, play) as front:
        config = behind(scene.config, front.url, limits=LIMITS)
        if name in EXACT:
            assert await fetch(config, pool, tmp_path / "odd", last) == whole
        else:
            with pytest.raises((Retryable, ConfigError), match=f"{WAIT[name][1]}|is no pool of a protocol"):
                await fetch(config, pool, tmp_path / "odd", last)


async def test_a_pools_past_is_complete_where_a_node_cuts_logs_without_a_word(
    chain: LocalChain, tmp_path: Path
) -> None:
    scene = await Scene.on(chain)
    for _ in range(4):
        await chain.mine(*[scene.buy(10**6) for _ in range(40)])
    pool, last = await scene.v3.pool(scene.key), int(await chain.rpc.call("eth_blockNumber"), 16)
    whole = await fetch(scene.config, pool, tmp_path / "whole", last)
    async with node(chain.rpc.url, nodes.logs_cut(100)) as front:
        assert await fetch(behind(scene.config, front.url), pool, tmp_path / "odd", last) == whole
