"""The newest believed head: refuses heads that go backwards or jump ahead, recognises reorganisations by hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import BlockHash, ChainName
from bot.ports import Clock

log = structlog.get_logger(__name__)

REMEMBERED: Final = 256
SLACK: Final = 64
"""Blocks that a head may be ahead in any case: endpoints lag, and catch up at once."""
BLOCKS_PER_SECOND: Final = 100
"""More than the fastest chains have."""
TOLD_AT_ONCE: Final = 10
TOLD_EVERY: Final = 600.0
"""Reorganisations that are reported in a row, and seconds for one more: endpoints that contradict each other have one
at every block, which must fill neither the journal nor the screen."""


@dataclass(frozen=True, slots=True)
class Reorg:
    """The chain was reorganised: ``new`` replaced blocks from ``from_number`` (or below) up to ``old``.

    ``untold`` is how many reorganisations there were since the last one that was reported.
    """

    chain: ChainName
    old: BlockStamp
    new: BlockStamp
    from_number: int
    untold: int = 0


class Backward(Retryable):
    """A head that is below the last one, on the same branch: its endpoint lags."""


class Ahead(Retryable):
    """A head further ahead than any chain gets in that time."""


class Misnumbered(Retryable):
    """A head whose hashes are known under other numbers: its number was altered in transit."""


class HeadTrack:
    """What all readers of one chain's heads share.

    Args:
        chain: for messages.
        clock: measures ``patience``.
        patience: seconds after which lower heads are believed, if nobody confirmed the higher one for so long. A node
            that was wrong once, or a chain that was set back, must not stop the bot for ever.
        on_reorg: called with reorganisations, at a limited rate.
    """

    def __init__(
        self, chain: ChainName, clock: Clock, patience: float, on_reorg: Callable[[Reorg], None] | None = None
    ) -> None:
        self._chain = chain
        self._clock = clock
        self._patience = patience
        self._on_reorg = on_reorg
        self._hashes: dict[int, BlockHash] = {}
        self._accepted_at = clock.monotonic()
        self._ration, self._ration_at, self._untold = float(TOLD_AT_ONCE), self._accepted_at, 0
        self.last: BlockStamp | None = None
        self.reorgs = 0

    def check(self, stamp: BlockStamp) -> None:
        """Check that a head could be the newest one.

        Raises:
            Misnumbered: its hash, or its parent's, is that of a block with another number.
            Backward: it is below the last one and no hash says that the chain was reorganised.
            Ahead: it is further ahead of the last one than any chain gets in the time since.
        """
        if self.last is None:
            return
        elapsed = self._clock.monotonic() - self._accepted_at
        if elapsed <= self._patience and self._is_misnumbered(stamp):
            raise Misnumbered(f"block {stamp.number} has a hash that belongs to another number")
        if stamp.number < self.last.number and self._replaced(stamp) is None and elapsed <= self._patience:
            raise Backward(f"went back from block {self.last.number} to {stamp.number}")
        seconds = max(elapsed, (stamp.timestamp - self.last.timestamp).total_seconds())
        if stamp.number - self.last.number > SLACK + BLOCKS_PER_SECOND * seconds:
            raise Ahead(f"leapt from block {self.last.number} to {stamp.number} in {seconds:.0f} s")

    def accept(self, stamp: BlockStamp) -> None:
        """Take a head as the newest one, once something was read there.

        Raises:
            Misnumbered, Backward, Ahead: it can't be.
        """
        self.check(stamp)
        if self._is_misnumbered(stamp):  # what was believed for so long and nobody confirmed was false
            self._hashes.clear()
        if self.last is not None:
            replaced = self._replaced(stamp)
            if replaced is not None or stamp.number < self.last.number:
                self._reorganise(self.last, stamp, stamp.number if replaced is None else replaced)
        self._hashes[stamp.number - 1] = stamp.parent_hash
        self._hashes[stamp.number] = stamp.hash
        if len(self._hashes) > 2 * REMEMBERED:
            self._hashes = {number: seen for number, seen in self._hashes.items() if number > stamp.number - REMEMBERED}
        self.last = stamp
        self._accepted_at = self._clock.monotonic()

    def _is_misnumbered(self, stamp: BlockStamp) -> bool:
        numbers = {stamp.hash: stamp.number, stamp.parent_hash: stamp.number - 1}
        return any(numbers.get(known, number) != number for number, known in self._hashes.items())

    def _replaced(self, stamp: BlockStamp) -> int | None:
        """Return the lowest block that a head is known to have replaced, or None if it fits to what was seen."""
        if self._hashes.get(stamp.number - 1, stamp.parent_hash) != stamp.parent_hash:
            return stamp.number - 1
        if self._hashes.get(stamp.number, stamp.hash) != stamp.hash:
            return stamp.number
        return None

    def _reorganise(self, old: BlockStamp, new: BlockStamp, from_number: int) -> None:
        self.reorgs += 1
        self._hashes = {number: seen for number, seen in self._hashes.items() if number < from_number}
        if not self._may_tell():
            self._untold += 1
            return
        reorg, self._untold = Reorg(self._chain, old, new, from_number, self._untold), 0
        log.warning(
            "chain reorganised",
            chain=self._chain,
            old=old.number,
            new=new.number,
            from_number=from_number,
            hash=new.hash,
            untold=reorg.untold,
        )
        if self._on_reorg is not None:
            self._on_reorg(reorg)

    def _may_tell(self) -> bool:
        now = self._clock.monotonic()
        self._ration = min(self._ration + (now - self._ration_at) / TOLD_EVERY, TOLD_AT_ONCE)
        self._ration_at = now
        if self._ration < 1:
            return False
        self._ration -= 1
        return True
