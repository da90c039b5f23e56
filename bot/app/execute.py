"""Execute: send what was approved, each order once, each behind a durable intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.core.decision import Approved, Cancel
from bot.core.orders import Accepted, Outcome, Rejected, Unknown
from bot.core.types import VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Executor:
    """Turns approved orders into intents, sends them and records what came of it."""

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock

    async def execute(self, approved: Sequence[Approved]) -> tuple[Outcome, ...]:
        """Send orders one after the other.

        A crash at any point leaves either no intent (nothing was sent) or an unresolved one, which the reconciliation
        looks up before anything else is sent.

        Raises:
            Retryable: the journal could not take an intent; that order and the ones after it were not sent.
        """
        return tuple([await self._send(order) for order in approved])

    async def cancel(self, cancels: Sequence[Cancel]) -> None:
        """Take resting orders back, each once; what became of them is looked up, never taken from the answer."""
        for item in cancels:
            outcome = await self.venues[item.venue].cancel(item.client_id, item.symbol)
            log.info("cancel sent", client_id=item.client_id, why=item.reason, answer=type(outcome).__name__)

    async def _send(self, approved: Approved) -> Outcome:
        order = approved.order
        intent = self.journal.new_intent(order, self.clock.now())
        outcome = await self.venues[order.venue].place(intent)
        self.journal.resolve(intent.client_id, outcome, self.clock.now())
        said = log.bind(client_id=intent.client_id, symbol=order.symbol, quantity=str(order.quantity))
        match outcome:
            case Accepted(report):
                said.info("order accepted", status=report.status.value, filled=str(report.filled), reason=order.reason)
            case Rejected(_, reason, code, message):
                said.warning("order rejected", reason=reason.value, code=code, answer=message)
            case Unknown(_, message):
                said.error("order outcome unknown", answer=message)
        return outcome
