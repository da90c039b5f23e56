"""A simulated venue that goes wrong as it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.backtest.journal import MemoryJournal
from bot.backtest.replay_venue import SimVenue
from bot.core.errors import Retryable
from bot.core.inputs import PendingStatus
from bot.core.orders import Intent, NotFound, OrderReport, Outcome, Rejected, RejectReason, Unknown
from bot.core.types import ClientOrderId, Symbol

UNSURE = set(PendingStatus) - {PendingStatus.OPEN}


@dataclass(slots=True)
class Faulty(SimVenue):
    """The engine's port and what goes wrong next: ``lost`` (None, or whether the order had its effect), ``refused``.

    While it is ``blind`` no order can be looked up. What must not be sent is told in ``broken``.
    """

    lost: bool | None = None
    refused: int = 0
    blind: bool = False
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    broken: list[str] = field(default_factory=list)

    @property
    def away(self) -> bool:
        return self.engine.rules.hardships.window(self.engine.now) is not None

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        """Look an order up, unless nobody answers."""
        if self.blind or self.away:
            raise Retryable("no answer")
        return await SimVenue.lookup(self, client_id, symbol)

    async def place(self, intent: Intent) -> Outcome:
        """Send an order, and perhaps lose the answer or be refused."""
        asked = intent.request
        if self.away:
            self.broken.append(f"sent to a venue that is away: {asked}")
        others = [item for item in self.journal.pending() if item.intent.client_id != intent.client_id]
        unsure = [one for one in others if one.intent.request.symbol == asked.symbol and one.status in UNSURE]
        if unsure and not asked.reduce_only:
            self.broken.append(f"added beside an order of unknown fate: {asked}, {unsure}")
        if self.refused:
            self.refused -= 1
            return Rejected(intent.client_id, RejectReason.MAINTENANCE, "-1008", "overloaded")
        lost, self.lost = self.lost, None
        if lost is None or lost:
            outcome = await SimVenue.place(self, intent)
        return Unknown(intent.client_id, "time-out") if lost is not None else outcome
