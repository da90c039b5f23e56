"""Entry amounts: from the chain's events where it has them, else from first sight; remembered in the journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, EntrySource, LpPosition
from bot.core.types import PositionId
from bot.ports import ChainReader, Clock, EntryStore

log = structlog.get_logger(__name__)


RETRY: Final = 300.0
"""Seconds before the chain is asked again after a look-up that failed."""


@dataclass(slots=True)
class EntryBook:
    """Attaches entry amounts to positions; asks the chain once per position and liquidity, for ``deadline`` seconds."""

    store: EntryStore
    clock: Clock
    deadline: float
    _known: dict[PositionId, Entry] = field(default_factory=dict)
    _again: dict[PositionId, float] = field(default_factory=dict)

    async def with_entry(self, chain: ChainReader, position: LpPosition) -> LpPosition:
        """Return the position with its entry amounts; a failing look-up never holds up the snapshot.

        After one that failed the amounts are estimated and not stored, and the chain is asked again later.
        """
        known = self._known.get(position.id) or self.store.entry(position.id)
        if known is not None and known.liquidity == position.curve.liquidity:
            self._known[position.id] = known
            return replace(position, entry=known)
        if self.clock.monotonic() < self._again.get(position.id, 0.0):
            return replace(position, entry=_reckoned(position, known))
        try:
            async with asyncio.timeout(self.deadline):
                found = await chain.entry(position) or _reckoned(position, known)
        except (Retryable, TimeoutError) as error:
            log.warning("entry amounts not found on the chain", position=position.id, reason=str(error), again_in=RETRY)
            self._again[position.id] = self.clock.monotonic() + RETRY
            return replace(position, entry=_reckoned(position, known))
        self.store.save_entry(position.id, found)
        self._known[position.id] = found
        return replace(position, entry=found)


def _reckoned(position: LpPosition, before: Entry | None) -> Entry:
    """Return entry amounts without the chain's events: carried over from another liquidity, or the first sight's."""
    principal = (position.amounts.principal0, position.amounts.principal1)
    if before is not None:
        return follow_liquidity(before, position.curve.liquidity, principal)
    return Entry.single(*principal, position.curve.liquidity, EntrySource.FIRST_SIGHT, block=0)
