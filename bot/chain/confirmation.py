"""Growth and shrinkage of what is held, confirmed before it counts: by a second endpoint, else by the next block.

An endpoint that multiplies what a position holds would multiply the short within seconds, up to its cap. So what jumped
since it was last confirmed is read at a second endpoint, at the same block, where one is configured. Two that agree are
believed; so is one that says what was believed before, and the other is not. Where no other endpoint answers, the next
block must say the same. Until then a position is left out: the decision keeps what it believed of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.chain.endpoint import Endpoint
from bot.chain.multicall import Call, Result
from bot.chain.protocol import Found
from bot.core.data_quality.holdings import Seen, carried_on
from bot.core.errors import DnbotError, Retryable, SkipCycle
from bot.core.snapshot import BlockStamp, LeftOut, LpPosition
from bot.core.types import BlockHash, ChainName, PositionId

log = structlog.get_logger(__name__)

LEAPT: Final = "holds much more or less than it was believed to; the next block has to say the same"
OCCASION: Final = 1.0
"""Seconds that an endpoint gets to confirm what nobody waits for."""
CONTRADICTED: Final = "two endpoints contradict each other about what it holds; a third one would tell who is right"


class ConstantsDifferError(Retryable):
    """Endpoints contradict each other about what can't change, such as a token's decimals: it must be read anew."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One endpoint's reading of a block; ``constants`` are the answers that don't change with blocks.

    ``remembers``: some of these it was not asked for now, and nobody has confirmed them yet.
    """

    endpoint: Endpoint
    found: Found
    constants: Mapping[Call, Result]
    remembers: bool = False

    def agrees(self, other: Reading) -> bool:
        """Return whether another endpoint agrees on every position."""
        return self.has_constants_of(other) and _by_id(self.found) == _by_id(other.found)

    def has_constants_of(self, other: Reading) -> bool:
        """Return whether another endpoint agrees on the constants."""
        shared = self.constants.keys() & other.constants.keys()
        return all(self.constants[call] == other.constants[call] for call in shared)

    def insisting_on(self, other: Reading) -> Reading:
        """Return this reading, of the same constants as another one.

        Raises:
            ConstantsDifferError: they are not.
        """
        if not self.has_constants_of(other):
            raise ConstantsDifferError(f"{self.endpoint.label} contradicts what others told as unchanging")
        return self


Again = Callable[[Endpoint], Awaitable[Reading]]
"""Reads the same block from another endpoint."""
Blame = Callable[[Endpoint, DnbotError], None]
"""Penalises an endpoint that the others contradict, or that does not answer."""


class Confirmation:
    """Remembers what was believed of each position, and what is claimed of those that are not confirmed yet."""

    def __init__(self, chain: ChainName, blame: Blame) -> None:
        self._chain = chain
        self._blame = blame
        self._seen: dict[PositionId, Seen] | None = None
        self._claims: dict[PositionId, tuple[LpPosition, BlockHash]] = {}

    @property
    def _is_first(self) -> bool:
        """Whether nothing was believed yet, so that there is nothing to compare with."""
        return self._seen is None

    async def settle(
        self,
        first: Reading,
        again: Again,
        others: Sequence[Endpoint],
        block: BlockStamp,
        *,
        on_occasion: Sequence[Endpoint] = (),
    ) -> tuple[Found, bool]:
        """Return what to believe of a block, and whether two endpoints said just that.

        What is not confirmed is among what is left out.

        Args:
            first: what was read.
            again: reads it from another endpoint.
            others: who else may be asked, in order.
            block: the block.
            on_occasion: whom to ask though nothing jumped, since constants are not confirmed yet.

        Raises:
            ConstantsDifferError: what was read rests on answers that other endpoints contradict.
        """
        carried = self._carried(first.found)
        leapt = self._leapt(carried)
        asked = others if leapt or self._is_first else on_occasion
        if not leapt and not asked:
            self._seen, self._claims = {key: seen for key, seen in carried.items() if seen is not None}, {}
            return first.found, False
        readings = [first]
        for endpoint in asked:
            try:
                async with asyncio.timeout(None if leapt or self._is_first else OCCASION):
                    reading = await again(endpoint)
            except (Retryable, SkipCycle, TimeoutError) as error:
                why = error if isinstance(error, DnbotError) else Retryable(f"no answer within {OCCASION:g} s")
                log.info("not confirmed", chain=self._chain, endpoint=endpoint.label, reason=str(why))
                self._blame(endpoint, why)
                continue
            if not self._is_first and self._leaps(reading.found) - leapt:
                # It contradicts what nobody else doubts.
                self._blame(endpoint, Retryable(f"{endpoint.label}: others contradict it"))
                continue
            agreeing = next((one for one in readings if one.agrees(reading)), None)
            readings.append(reading)
            if agreeing is not None:
                return self._believed(self._winner(readings, agreeing).found), True
        if len(readings) == 1:
            return self._alone(first.found, leapt, block), False
        are_alike = all(one.has_constants_of(first) for one in readings)
        if first.remembers and not are_alike:
            raise self._contradicted(first)
        as_before = [one for one in readings if one.has_constants_of(first) and not self._leaps(one.found)]
        if len(as_before) == 1 and not self._is_first:
            return self._believed(self._winner(readings, as_before[0]).found), False
        if not are_alike:
            raise self._contradicted(first)
        log.warning("endpoints contradict each other", chain=self._chain, positions=sorted(leapt))
        return self._believed(first.found, leapt, CONTRADICTED), False

    def _winner(self, readings: Sequence[Reading], winner: Reading) -> Reading:
        """Penalise those that the accepted reading contradicts.

        Raises:
            ConstantsDifferError: the first one is among them with an answer that all others were read with.
        """
        if not readings[0].has_constants_of(winner):
            raise self._contradicted(readings[0])
        for one in readings:
            if not one.agrees(winner):
                self._blame(one.endpoint, Retryable(f"{one.endpoint.label}: others contradict it"))
        return winner

    def _contradicted(self, first: Reading) -> ConstantsDifferError:
        error = ConstantsDifferError(f"{first.endpoint.label}: others contradict it about what can't change")
        self._blame(first.endpoint, error)
        return error

    def _alone(self, found: Found, leapt: Collection[PositionId], block: BlockStamp) -> Found:
        """Return what to believe without another endpoint: at first everything, later what a second block repeats."""
        return self._believed(found, () if self._is_first else self._waiting(found, leapt, block), LEAPT)

    def _leaps(self, found: Found) -> set[PositionId]:
        """Return the positions that are new, gone, or hold much more or less than they were believed to."""
        return self._leapt(self._carried(found))

    def _leapt(self, carried: Mapping[PositionId, Seen | None]) -> set[PositionId]:
        gone = (self._seen or {}).keys() - carried.keys()
        return {*gone, *(key for key, seen in carried.items() if seen is None)}

    def _carried(self, found: Found) -> dict[PositionId, Seen | None]:
        """Return what is believed of each position after this observation; None for those that are new or jumped."""
        seen = self._seen or {}
        return {
            position.id: None if (old := seen.get(position.id)) is None else carried_on(old, position)
            for position in found.positions
        }

    def _waiting(self, found: Found, leapt: Collection[PositionId], block: BlockStamp) -> set[PositionId]:
        """Return those that jumped and that no earlier block said the same of; absence is counted by the decision."""
        waiting = set()
        for key, position in _by_id(found).items():
            if key not in leapt:
                continue
            claim = self._claims.get(key)
            if claim is None or claim[1] == block.hash or carried_on(Seen(claim[0]), position) is None:
                self._claims[key] = position, block.hash
                waiting.add(key)
        return waiting

    def _believed(self, found: Found, unconfirmed: Collection[PositionId] = (), why: str = "") -> Found:
        """Accept a reading, but for what is not confirmed; return it with that left out."""
        before, now, carried = self._seen or {}, _by_id(found), self._carried(found)
        self._seen = {}
        for key, position in now.items():
            if key not in unconfirmed:
                self._seen[key] = carried[key] or Seen(position)
            elif key in before:
                self._seen[key] = before[key]
        self._claims = {key: claim for key, claim in self._claims.items() if key in unconfirmed}
        if not unconfirmed:
            return found
        kept = [position for position in found.positions if position.id not in unconfirmed]
        left = [LeftOut(key, why) for key in sorted(unconfirmed) if key in now]
        return replace(found, positions=kept, left_out=[*found.left_out, *left])


def _by_id(found: Found) -> dict[PositionId, LpPosition]:
    return {position.id: position for position in found.positions}
