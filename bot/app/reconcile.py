"""Reconcile: find out what became of intents that have no end yet, by looking, never by sending again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.orders import Accepted, NotFound, OrderReport
from bot.core.state import Pending
from bot.core.types import VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)

EVER: Final = datetime.fromtimestamp(0, UTC)
"""Before any fill; a venue gives what it still keeps."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings the journal up to what the venues know."""

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock

    async def reconcile(self) -> None:
        """Look up every unresolved intent; what can't be proven yet stays pending, and adds no risk meanwhile."""
        for pending in self.journal.pending():
            await self._resolve(pending)

    async def collect_fills(self) -> None:
        """Record the fills that the journal does not have yet.

        Raises:
            Retryable: a venue did not answer.
        """
        for venue in self.venues.values():
            since = self.journal.last_fill_at(venue.venue) or EVER
            self.journal.add_fills(await venue.fills(since))

    async def _resolve(self, pending: Pending) -> None:
        intent = pending.intent
        try:
            found = await self.venues[intent.request.venue].lookup(intent.client_id, intent.request.symbol)
        except Retryable as error:
            log.warning("intent not resolved yet", client_id=intent.client_id, reason=str(error))
            return
        match found:
            case OrderReport():
                self.journal.resolve(intent.client_id, Accepted(found), self.clock.now())
                log.info("intent resolved", client_id=intent.client_id, status=found.status.value)
            case NotFound():
                self.journal.resolve(intent.client_id, found, self.clock.now())
                log.info("intent resolved", client_id=intent.client_id, status="never placed")
