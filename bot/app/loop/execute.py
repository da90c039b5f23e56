"""Execute: send what was approved, each order once, each behind a durable intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.core.decision import AddMargin, Approved, Cancel, DropStop, PlaceStop, StopAction, TopUpAction, Transfer
from bot.core.orders import Accepted, Outcome, Rejected, Unknown
from bot.core.record import Event
from bot.core.state import State
from bot.core.types import Symbol, VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Executor:
    """Turns approved orders into intents, sends them and records what came of it."""

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock

    async def execute(self, approved: Sequence[Approved], state: State) -> tuple[Outcome, ...]:
        """Send orders one after the other; ``state`` becomes durable with the first one's intent.

        A crash at any point leaves either no intent (nothing was sent) or an unresolved one, which the reconciliation
        looks up before anything else is sent.

        Raises:
            Retryable: the journal could not take an intent; that order and the ones after it were not sent.
        """
        return tuple([await self._send(order, None if number else state) for number, order in enumerate(approved)])

    async def cancel(self, cancels: Sequence[Cancel]) -> None:
        """Take resting orders back, each once; what became of them is looked up, never taken from the answer."""
        for item in cancels:
            outcome = await self.venues[item.venue].cancel(item.client_id, item.symbol)
            log.info("cancel sent", client_id=item.client_id, why=item.reason, answer=type(outcome).__name__)

    async def top_up(self, actions: Sequence[TopUpAction]) -> None:
        """Add margin, each action once; what became of it shows in the next read, never in a second try."""
        for action in actions:
            venue = self.venues[action.venue]
            match action:
                case AddMargin():
                    answer = await venue.add_margin(action.symbol, action.amount)
                case Transfer():
                    answer = await venue.transfer(action.amount)
            said = "done" if answer is None else f"{type(answer).__name__.lower()}: {answer.message}"
            message = f"{type(action).__name__} of {action.amount:f} USD at {action.venue}: {said}"
            log.warning("margin top-up", venue=action.venue, amount=str(action.amount), answer=said, why=action.reason)
            self.journal.add_event(Event(self.clock.now(), "top_up", message, {"why": action.reason}))

    async def protect(self, actions: Sequence[StopAction]) -> None:
        """Place and take back stops. An old stop goes only once the venue has all that replaces it.

        Raises:
            Retryable: the journal could not take an intent; that stop and the actions after it were not sent.
        """
        resting: dict[tuple[VenueId, Symbol], bool] = {}
        for action in actions:
            match action:
                case DropStop(cancel):
                    await self.cancel([cancel])
                case PlaceStop(approved, replaces):
                    key = approved.order.venue, approved.order.symbol
                    outcome = await self._send(approved)
                    is_there = isinstance(outcome, Accepted) and not outcome.report.status.is_final
                    resting[key] = resting.get(key, True) and is_there
                    if resting[key]:
                        await self.cancel(replaces)

    async def _send(self, approved: Approved, state: State | None = None) -> Outcome:
        order = approved.order
        intent = self.journal.new_intent(order, self.clock.now(), self.venues[order.venue].ids, state)
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
