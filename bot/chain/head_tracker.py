"""The newest believed head: refuses heads that go backwards, recognises reorganisations by hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import BlockHash, ChainName
from bot.ports import Clock

log = structlog.get_logger(__name__)

REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Reorg:
    """The chain was reorganised: ``new`` replaced blocks from ``from_number`` (or below) up to ``old``."""

    chain: ChainName
    old: BlockStamp
    new: BlockStamp
    from_number: int


class Backward(Retryable):
    """A head that is below the last one, on the same branch: its endpoint lags."""


class HeadTrack:
    """What all readers of one chain's heads share.

    Args:
        chain: for messages.
        clock: measures ``patience``.
        patience: seconds after which lower heads are believed, if nobody confirmed the higher one for so long. A node
            that was wrong once, or a chain that was set back, must not stop the bot for ever.
        on_reorg: told of every reorganisation.
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
        self.last: BlockStamp | None = None
        self.reorgs = 0

    def accept(self, stamp: BlockStamp) -> None:
        """Take a head as the newest one.

        Raises:
            Backward: it is below the last one and no hash says that the chain was reorganised.
        """
        if self.last is not None:
            replaced = self._replaced(stamp)
            stale = self._clock.monotonic() - self._accepted_at > self._patience
            if stamp.number < self.last.number and replaced is None and not stale:
                raise Backward(f"went back from block {self.last.number} to {stamp.number}")
            if replaced is not None or stamp.number < self.last.number:
                self._reorganise(self.last, stamp, stamp.number if replaced is None else replaced)
        self._hashes[stamp.number - 1] = stamp.parent_hash
        self._hashes[stamp.number] = stamp.hash
        self._hashes.pop(stamp.number - REMEMBERED, None)
        self.last = stamp
        self._accepted_at = self._clock.monotonic()

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
        log.warning(
            "chain reorganised",
            chain=self._chain,
            old=old.number,
            new=new.number,
            from_number=from_number,
            hash=new.hash,
        )
        if self._on_reorg is not None:
            self._on_reorg(Reorg(self._chain, old, new, from_number))
