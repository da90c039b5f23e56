"""A pool that was traded on a local chain, replayed: what a position earns there is what ``collect`` pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.backtest import pool_fetch
from bot.backtest.part_files import Parts
from bot.backtest.pool import Own, PoolFacts, PoolTrack
from bot.backtest.store import read_tape
from bot.chain.config import ChainConfig
from bot.chain.pool_history import PoolHistory
from bot.clock import SystemClock
from bot.core.snapshot import Token
from bot.core.types import USD, Address, PoolId, PositionId, Underlying
from bot.demo.blocks import BLOCK_SECONDS
from bot.demo.chain import LocalChain
from bot.protocols.registry import PROTOCOLS
from tests.demo.tricks import empty_blocks

MINUTE = timedelta(minutes=1)
FINAL = 70
"""Blocks on top after which the ones below are final to a local node."""
TOKEN = Token(Address("0xt"), "T", 18, Underlying("ETH"), Decimal(1))


async def next_row(chain: LocalChain) -> int:
    """Mine up to the end of a minute, and return the number of the next block, with which a row begins."""
    while True:
        newest = await chain.rpc.call("eth_getBlockByNumber", "latest", False)
        if (int(newest["timestamp"], 16) + BLOCK_SECONDS) % 60 == 0:
            return int(newest["number"], 16) + 1
        await empty_blocks(chain, 1)


async def replayed(
    config: ChainConfig, pool: PoolId, first: int, ticks: tuple[int, int], liquidity: int, out: Path, *, others: int = 0
) -> tuple[int, int]:
    """Fetch a pool's past from a block on, and return what a position earned beside the others' liquidity."""
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]
    history = await PoolHistory.open(config, pool, SystemClock(), kinds)
    try:
        ends = await pool_fetch.ends(history, first, None, MINUTE)
        parts = Parts.open(out, first)
        await pool_fetch.fetch(history, parts, ends.last.number, 1000, lambda _done, _total: None)
        await pool_fetch.write(history, parts, ends, MINUTE, out)
    finally:
        await history.close()
    tape = read_tape(out)
    whole = liquidity + others
    drift = max(abs(int(one) - whole) for one in tape.liquidity)  # where it is a root of reserves, swaps round it up
    assert drift <= whole // 10**9, "somebody else's liquidity is in the pool"
    alone = replace(tape, liquidity=[others] * len(tape))
    facts = PoolFacts(
        "p", history.about.protocol, pool, history.about.fee, TOKEN, TOKEN, underlying=USD, is_inverted=False
    )
    own = Own(PositionId("own"), *ticks, liquidity)
    track = PoolTrack(facts, [own], int(tape.close[0]), int(tape.times[0]) - 60)
    amounts = track.day(alone).curve(0, -1).amounts()
    return amounts.fees0, amounts.fees1


def close(found: tuple[int, int], paid: tuple[int, int]) -> None:
    """Insist on equality but for the rounding of each swap and row."""
    for one, other in zip(found, paid, strict=True):
        assert other > 10**6, "too little was earned to compare"
        assert one == pytest.approx(other, rel=1e-6, abs=500)
