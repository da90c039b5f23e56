"""Reconcile: resolve the intents whose outcome is unknown by looking them up, never by sending again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import structlog

from bot.app.loop.position_reconciliation import Agreement
from bot.app.loop.takeover import Takeover
from bot.core.errors import ConfigError, Retryable
from bot.core.inputs import Pending
from bot.core.orders import Accepted, Fill, Intent, NotFound, OrderReport, OrderStatus
from bot.core.reconciliation import lost_orders
from bot.core.reconciliation.fit import misfit, total
from bot.core.reconciliation.lost_orders import Evidence, NeverPlaced, Placed, StillUnknown
from bot.core.reconciliation.positions import FLAT
from bot.core.snapshot import Snapshot
from bot.core.types import ZERO, ClientOrderId, Symbol, VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)

EVER: Final = datetime.fromtimestamp(0, UTC)
"""Before any fill; a venue gives what it still keeps."""


@dataclass(slots=True)
class _Case:
    """What was seen so far of an intent whose outcome is unknown, and when to look again."""

    sent_by: datetime
    since: datetime
    position_before: Decimal | None
    is_aged: bool = False
    sightings: list[OrderReport | NotFound] = field(default_factory=list)
    look_at: datetime = EVER


@dataclass(slots=True)
class Reconciler:
    """Brings the journal up to what the venues know."""

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock
    agreement: Agreement = field(init=False)
    takeover: Takeover = field(init=False)
    _due: set[VenueId] = field(default_factory=set)
    _cases: dict[ClientOrderId, _Case] = field(default_factory=dict)
    _positions: dict[tuple[VenueId, Symbol], tuple[datetime, Decimal]] = field(default_factory=dict)
    _collided: set[ClientOrderId] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Let the account check ask for trades."""
        self.agreement = Agreement(self.venues, self.journal, self.clock, self._due)
        self.takeover = Takeover(self.venues, self.journal, self.clock)

    async def begin(self) -> None:
        """Resume where the last process ended: its positions, its unresolved intents, the fills since.

        Raises:
            ConfigError: an intent is unresolved at a venue that is not configured any more.
        """
        self._due.update(self.venues)
        before = self.journal.last_snapshot()
        if before is not None:
            self.remember(before)
        await self.reconcile()
        await self.collect_fills()
        for dispute in await self.takeover.begin():
            self.agreement.tell_for_a_while(dispute)

    def remember(self, snapshot: Snapshot) -> None:
        """Keep the positions that stood before this cycle's orders; they are half of a proof later."""
        for view in snapshot.known_venues:
            for symbol, position in view.positions.items():
                self._positions[view.venue, symbol] = view.as_of, position.size

    async def reconcile(self) -> None:
        """Look up every unresolved intent; what can't be proven yet stays pending, and adds no risk meanwhile.

        Raises:
            ConfigError: an intent is unresolved at a venue that is not configured any more.
        """
        pending = self.journal.pending()
        for item in pending:
            await self._look(item)
            self.expect_fills(item.intent.request.venue)
        names = {item.intent.client_id for item in pending}
        self._cases = {name: case for name, case in self._cases.items() if name in names}

    def expect_fills(self, venue: VenueId) -> None:
        """Note that a venue may know fills that the journal does not have yet."""
        self._due.add(venue)

    async def collect_fills(self) -> None:
        """Record the fills that are expected; a venue that does not answer is asked again the next time."""
        for name in sorted(self._due):
            since = self.journal.last_fill_at(name) or EVER
            try:
                fills = await self.venues[name].fills(since)
            except Retryable as error:
                log.warning("fills not read yet", venue=name, reason=str(error))
                continue
            self.takeover.note(name, {fill.client_id for fill in fills})
            self.journal.add_fills(fills)
            self._due.discard(name)

    async def _look(self, pending: Pending) -> None:
        """Look up once, if it is due; a resting order is looked up every time."""
        intent = pending.intent
        venue = self.venues.get(intent.request.venue)
        if venue is None:
            raise ConfigError(
                f"is not configured, and what became of order {intent.client_id} there is not known: "
                "configure it again until the order is resolved",
                key=f"venues.{intent.request.venue}",
            )
        case = self._cases.setdefault(intent.client_id, self._case(pending))
        if self.clock.now() < case.look_at:
            return
        try:
            found = self._fitting(intent, await venue.lookup(intent.client_id, intent.request.symbol))
            case.sightings.append(found)
            self._conclude(pending, case, await self._judge(venue, pending, case, found))
        except Retryable as error:
            log.warning("intent not resolved yet", client_id=intent.client_id, reason=str(error))

    def _fitting(self, intent: Intent, found: OrderReport | NotFound) -> OrderReport | NotFound:
        """Take an order that bears the intent's id and can't be the intent's for none; ids of a new epoch follow."""
        why = misfit(intent, found) if isinstance(found, OrderReport) else None
        if why is None:
            return found
        now = self.clock.now()
        if intent.client_id not in self._collided:
            self._collided.add(intent.client_id)
            log.error("an order of another life bears an intent's client id", client_id=intent.client_id, why=why)
            self.journal.renew(now)
        return NotFound(intent.client_id, now)

    def _case(self, pending: Pending) -> _Case:
        """Open a case. After a restart the request may have left until the old process was gone, if it was prompt."""
        request, now, created = pending.intent.request, self.clock.now(), pending.intent.created_at
        rule = self.venues[request.venue].silence or lost_orders.DEFAULT_RULE
        since, position = self._positions.get((request.venue, request.symbol), (created, None))
        return _Case(rule.sent_by(created, now), since, position, is_aged=now - created >= rule.aged)

    async def _judge(
        self, venue: Exchange, pending: Pending, case: _Case, found: OrderReport | NotFound
    ) -> lost_orders.Resolution:
        """Return what is proven; trades and position are read only where the order itself was not seen."""
        if isinstance(found, OrderReport):
            return Placed(found, ())
        if venue.silence is None:
            return NeverPlaced(found)
        symbol = pending.intent.request.symbol
        trades = tuple(trade for trade in await venue.fills(case.since) if trade.symbol == symbol)
        view = await venue.observe()
        position = held.size if (held := view.positions.get(symbol)) is not None else None
        before = case.position_before
        if before is None:
            before, trades = self._without_a_snapshot(pending.intent, trades)
        seen = tuple(case.sightings)
        evidence = Evidence(case.sent_by, seen, before, position, trades, view.as_of, case.is_aged)
        return lost_orders.resolve(pending.intent, evidence, self.clock.now(), venue.silence)

    def _without_a_snapshot(self, intent: Intent, trades: tuple[Fill, ...]) -> tuple[Decimal, tuple[Fill, ...]]:
        """Return the position before an order and the trades since, where the first cycle never came to its record.

        An order only goes out while the journal and the venue agree on the position. What the journal expects has our
        other orders in it, so their trades don't count again.
        """
        request = intent.request
        before = self.journal.expected().get((request.venue, request.symbol), FLAT).size
        own = self.journal.identity(self.venues[request.venue].ids).decode
        return before, tuple(one for one in trades if one.client_id == intent.client_id or own(one.client_id) is None)

    def _conclude(self, pending: Pending, case: _Case, found: lost_orders.Resolution) -> None:
        name, now = pending.intent.client_id, self.clock.now()
        match found:
            case Placed(report, fills):
                if report is not None:
                    self.journal.resolve(name, Accepted(report), now)
                    case.sightings.clear()
                    if report.status is not OrderStatus.OPEN:
                        log.info("intent resolved", client_id=name, status=report.status.value)
                else:
                    self.journal.add_fills(fills)
                    self._conclude_from(pending, fills)
            case NeverPlaced(proof):
                self.journal.resolve(name, proof, now)
                log.info("intent resolved", client_id=name, status="never placed")
            case StillUnknown(reason, look_again_at):
                case.look_at = look_again_at
                log.warning("intent still unknown", client_id=name, reason=reason)

    def _conclude_from(self, pending: Pending, fills: tuple[Fill, ...]) -> None:
        """Close an order of which only its trades were seen, once they make up the whole of it."""
        request, name = pending.intent.request, pending.intent.client_id
        filled = total(fills)
        if filled != request.quantity:
            return
        price = sum((fill.quantity * fill.price for fill in fills), ZERO) / filled
        fee, at = sum((fill.fee for fill in fills), ZERO), max(fill.at for fill in fills)
        note = "seen by its trades only"
        report = OrderReport(
            name, "", request.symbol, OrderStatus.FILLED, request.quantity, filled, price, fee, at, note
        )
        self.journal.resolve(name, Accepted(report), self.clock.now())
        log.info("intent resolved", client_id=name, status="filled", by="trades")
