"""Finds where positions were staked before the first read: by the factory's list of pools, a page a block."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call, Failed
from bot.core.snapshot import BlockStamp
from bot.core.types import NOBODY, Address
from bot.protocols.concentrated.calls import FACTORY

POOLS_LENGTH: Final = selector("allPoolsLength()")
POOLS: Final = selector("allPools(uint256)")
GAUGE: Final = selector("gauge()")
STAKED_LENGTH: Final = selector("stakedLength(address)")
PAGE: Final = 500


class PoolScan:
    """Looks each pool of a manager's factory up once; a pool that is created later, in the read that first sees it."""

    def __init__(self, manager: Address, owners: Sequence[Address], page: int = PAGE) -> None:
        self._factory = Call(manager, FACTORY)
        self._staked = [STAKED_LENGTH + json_rpc.encode_address(owner) for owner in owners]
        self._page = page
        self._done = 0
        self._read_at: BlockStamp | None = None
        self._length: Call | None = None
        self._calls: dict[tuple[Address, bytes], Call] = {}

    def look(self, reads: Reads) -> Collection[Address]:
        """Return those pools of the next page in whose gauges an owner has something.

        Raises:
            Missing: answers are not there yet.
        """
        if self._length is None:
            self._length = Call(json_rpc.address(reads.fact(self._factory)), POOLS_LENGTH, words=0)
        counted = reads.outcome(self._length)
        count = json_rpc.uint(counted) if isinstance(counted, bytes) and counted else 0
        numbers = range(self._done, min(count, self._done + self._page))
        if not numbers or self._read_at == reads.block:
            return ()
        factory = self._length.target
        pools = self._addresses(reads, [(factory, POOLS + json_rpc.encode_uint(one)) for one in numbers])
        gauges = zip(pools, self._addresses(reads, [(pool, GAUGE) for pool in pools]), strict=True)
        asked = [(pool, self._call(gauge, data)) for pool, gauge in gauges if gauge != NOBODY for data in self._staked]
        reads.want(call for _, call in asked)
        found = {pool for pool, call in asked if _counts(reads.outcome(call))}
        self._done, self._read_at = numbers.stop, reads.block
        self._calls.clear()
        return found

    def _addresses(self, reads: Reads, asked: Sequence[tuple[Address, bytes]]) -> list[Address]:
        calls = [self._call(*one) for one in asked]
        reads.want(calls)
        return [json_rpc.address(reads.take(call)) for call in calls]

    def _call(self, target: Address, data: bytes) -> Call:
        """Return the call that asks this, the same one in every pass."""
        return self._calls.setdefault((target, data), Call(target, data, words=0))


def _counts(answer: bytes | Failed) -> bool:
    """Return whether a gauge has something; one that can't say it has nothing that could be read."""
    return isinstance(answer, bytes) and any(answer)
