"""Entry amounts: from the chain's events where it has them, else from first sight; remembered in the journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import structlog

from bot.core.entry import follow
from bot.core.errors import Retryable
from bot.core.snapshot import Entry, EntrySource, LpPosition
from bot.core.types import PositionId
from bot.ports import ChainReader, EntryStore

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class EntryBook:
    """Attaches entry amounts to positions; asks the chain once per position and liquidity, for ``deadline`` seconds."""

    store: EntryStore
    deadline: float
    _known: dict[PositionId, Entry] = field(default_factory=dict)

    async def with_entry(self, chain: ChainReader, position: LpPosition) -> LpPosition:
        """Give the position with its entry amounts; a failing look-up never holds up the snapshot."""
        known = self._known.get(position.id) or self.store.entry(position.id)
        if known is None or known.liquidity != position.curve.liquidity:
            known = await self._find(chain, position, known)
            self.store.save_entry(position.id, known)
        self._known[position.id] = known
        return replace(position, entry=known)

    async def _find(self, chain: ChainReader, position: LpPosition, before: Entry | None) -> Entry:
        try:
            async with asyncio.timeout(self.deadline):
                found = await chain.entry(position)
        except (Retryable, TimeoutError) as error:
            log.warning("entry amounts not found on the chain", position=position.id, reason=str(error))
            found = None
        if found is not None:
            return found
        principal = (position.amounts.principal0, position.amounts.principal1)
        if before is not None:
            return follow(before, position.curve.liquidity, principal)
        return Entry(*principal, liquidity=position.curve.liquidity, source=EntrySource.FIRST_SIGHT, block=0)
