"""Execute: send what was approved, each order once, each behind a durable intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from bot.core.decision import AddMargin, Approved, Cancel, DropStop, PlaceStop, StopAction, TopUpAction, Transfer
from bot.core.errors import Retryable
from bot.core.orders import Accepted, OrderReport, OrderRequest, Outcome, Rejected, RejectReason, Unknown
from bot.core.record import Event
from bot.core.state import State
from bot.core.types import ZERO, ClientOrderId, Symbol, VenueId
from bot.ports import AmendingExchange, Clock, Exchange, Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of an approved order.

    ``outcome`` is None where nothing was left to send; ``displaced`` is what the order that it replaces filled between
    the decision and its end, signed base units.
    """

    order: OrderRequest
    outcome: Outcome | None
    displaced: Decimal = ZERO

    @property
    def filled(self) -> Decimal:
        """What is known to have traded, signed base units."""
        return self.displaced + (self.outcome.report.filled if isinstance(self.outcome, Accepted) else ZERO)


@dataclass(frozen=True, slots=True)
class Executor:
    """Turns approved orders into intents, sends them and records what came of it.

    ``fits_stops`` are venues that have proven that they take no more stops than a position has.
    """

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock
    fits_stops: set[VenueId] = field(default_factory=set)

    async def execute(self, approved: Sequence[Approved], state: State) -> tuple[Execution, ...]:
        """Send orders one after the other; ``state`` becomes durable with the first one's intent.

        What an order replaces is cancelled first, and what that filled meanwhile, or may still fill where its end is
        not proven, is taken off the order.

        A crash at any point leaves either no intent (nothing was sent) or an unresolved one, which the reconciliation
        looks up before anything else is sent.

        Raises:
            Retryable: the journal could not take an intent; that order and the ones after it were not sent.
        """
        done: list[Execution] = []
        for item in approved:
            is_first = all(one.outcome is None for one in done)
            done.append(await self._execute(item, state if is_first else None))
        return tuple(done)

    async def _execute(self, item: Approved, state: State | None) -> Execution:
        """Send an order, in place of the one that it replaces; where only the price changes, amend that one."""
        if (amended := await self._amend(item)) is not None:
            return amended
        displaced = may_fill = ZERO
        if (old := item.replaces) is not None:
            report = await self._take_back(old.cancel)
            displaced = ZERO if report is None else report.filled - old.filled
            may_fill = old.remaining if report is None else displaced
        left = item.less(may_fill)
        return Execution(item.order, None if left is None else await self._send(left, state), displaced)

    async def _amend(self, item: Approved) -> Execution | None:
        """Move a resting order to another price, once; None where that can't be done, or was refused.

        Where the outcome is not known the order is read, and stays what it is then: nothing is sent in its place.
        """
        request, old, venue = item.amended, item.replaces, self.venues[item.order.venue]
        if request is None or old is None or not isinstance(venue, AmendingExchange) or not venue.amends:
            return None
        client_id = old.cancel.client_id
        outcome = await venue.amend(client_id, request)
        said = log.bind(client_id=client_id, price=str(request.price), why=old.cancel.reason)
        if isinstance(outcome, Rejected):
            said.info("order not amended", code=outcome.code, answer=outcome.message)
            return None
        report = outcome.report if isinstance(outcome, Accepted) else await self._found(client_id, request)
        if report is None:
            said.warning("order amended, and what became of it is not known")
            return Execution(item.order, None)
        self.journal.resolve(client_id, Accepted(report), self.clock.now())
        said.info("order amended", status=report.status.value, filled=str(report.filled))
        return Execution(item.order, None, report.filled - old.filled)

    async def _found(self, client_id: ClientOrderId, request: OrderRequest) -> OrderReport | None:
        try:
            found = await self.venues[request.venue].lookup(client_id, request.symbol)
        except Retryable:
            return None
        return found if isinstance(found, OrderReport) else None

    async def _take_back(self, cancel: Cancel) -> OrderReport | None:
        """Cancel a resting order, once; return the venue's report of how it ended, None where that is not proven."""
        venue = self.venues[cancel.venue]
        outcome = await venue.cancel(cancel.client_id, cancel.symbol)
        said = log.bind(client_id=cancel.client_id, why=cancel.reason)
        report = outcome.report if isinstance(outcome, Accepted) else None
        if report is None or not report.status.is_final:
            try:
                found = await venue.lookup(cancel.client_id, cancel.symbol)
            except Retryable as error:
                said.warning("order taken back, its end is not known", reason=str(error))
                return None
            report = found if isinstance(found, OrderReport) and found.status.is_final else None
        if report is None:
            said.warning("order taken back, and it is not gone yet")
            return None
        self.journal.resolve(cancel.client_id, Accepted(report), self.clock.now())
        said.info("order replaced", status=report.status.value, filled=str(report.filled))
        return report

    async def cancel(self, cancels: Sequence[Cancel]) -> None:
        """Cancel resting orders, each once; what became of them is looked up, never taken from the answer."""
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
        """Place and cancel stops. An old stop goes only once the venue has all that replaces it.

        Where a venue proves that it takes no more stops than the position has, there is no other way than to cancel
        the old ones first; the new one follows at once, and so it goes there from then on.

        Raises:
            Retryable: the journal could not take an intent; that stop and the actions after it were not sent.
        """
        resting: dict[tuple[VenueId, Symbol], bool] = {}
        for action in actions:
            match action:
                case DropStop(cancel):
                    await self.cancel([cancel])
                case PlaceStop(approved, replaces):
                    venue, symbol = approved.order.venue, approved.order.symbol
                    if venue in self.fits_stops:
                        await self.cancel(replaces)
                        replaces = ()
                    outcome = await self._send(approved)
                    if replaces and isinstance(outcome, Rejected) and outcome.reason is RejectReason.STOPS_EXCEED:
                        self.fits_stops.add(venue)
                        await self.cancel(replaces)
                        outcome, replaces = await self._send(approved), ()
                    is_there = isinstance(outcome, Accepted) and not outcome.report.status.is_final
                    resting[venue, symbol] = resting.get((venue, symbol), True) and is_there
                    if resting[venue, symbol]:
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
