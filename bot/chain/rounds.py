"""Reading a block in rounds: what a pass over the sources misses is fetched, until a pass misses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import Facts, Reads
from bot.chain.multicall import Call, Multicall, Plan, Result
from bot.chain.protocol import Found, Source
from bot.core.errors import SkipCycle
from bot.core.snapshot import BlockStamp
from bot.core.types import PositionId

MAX_ROUNDS: Final = 16
"""Rounds of one snapshot; the first one of a manager of NFTs takes six."""

Ask = Callable[[Plan], Awaitable[Sequence[Result]]]
"""Runs a plan's calls, all at one block."""


class Rounds:
    """Reads all sources of a chain at a block; what one read used is fetched ahead for the next one."""

    def __init__(self, sources: Sequence[Source], multicall: Multicall) -> None:
        self._sources = sources
        self._multicall = multicall
        self._facts = Facts()
        self._ahead: Plan = multicall.plan(())

    @property
    def doubted(self) -> Mapping[Call, Result]:
        """What was taken as unchanging and no second endpoint has confirmed yet."""
        return self._facts.doubted

    def believe(self, calls: Iterable[Call]) -> None:
        """Mark these as confirmed."""
        for call in calls:
            self._facts.doubted.pop(call, None)

    async def read(self, block: BlockStamp, followed: Collection[PositionId], ask: Ask) -> tuple[Found, Reads]:
        """Read everything.

        Args:
            block: the block, for what depends on its time or number.
            followed: the positions that counted so far.
            ask: answers calls.

        Raises:
            Retryable: an answer is none.
            SkipCycle: the answers contradict each other.
        """
        reads, plan = Reads(self._facts, block), self._ahead
        for _ in range(MAX_ROUNDS):
            reads.add(plan.calls, await ask(plan))
            found = self._pass(reads, followed)
            if not reads.wanted:
                break
            plan = self._multicall.plan(reads.wanted)
        else:
            raise SkipCycle(f"still not read whole after {MAX_ROUNDS} rounds")
        if self._ahead.calls != (used := tuple(reads.used)):
            self._ahead = self._multicall.plan(used)
        return found, reads

    async def again(self, reads: Reads, followed: Collection[PositionId], ask: Ask) -> tuple[Found, Reads]:
        """Read the same block once more, every call anew, from another endpoint; what is doubted is asked for, too."""
        other = Reads(self._facts, reads.block)
        plan = self._multicall.plan(dict.fromkeys((*reads.answers, *self._facts.doubted)))
        other.add(plan.calls, await ask(plan))
        found = self._pass(other, followed)
        while other.wanted:  # other answers lead to other calls
            plan = self._multicall.plan(other.wanted)
            other.add(plan.calls, await ask(plan))
            found = self._pass(other, followed)
        return found, other

    def _pass(self, reads: Reads, followed: Collection[PositionId]) -> Found:
        reads.restart()
        found = Found(followed)
        with json_rpc.taken_at_their_word():
            for source in self._sources:
                source.read(reads, found)
        return found
