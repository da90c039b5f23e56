"""Take over what the journal lacks of its own account, after it was restored from a backup, deleted, or cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.inputs import Dispute, Hold
from bot.core.orders import OrderKind, OrderReport, OrderRequest, OrderStatus, TimeInForce
from bot.core.reconciliation.identity import Identity
from bot.core.record import Event
from bot.core.snapshot import OpenOrder, Snapshot, VenueView
from bot.core.types import ClientOrderId, VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)

_REASON: Final = "taken over: an earlier process of this bot placed it"


@dataclass(slots=True)
class Takeover:
    """Follows the orders and trades that bear this bot's id and that the journal does not hold.

    ``strange`` counts them by venue; ``newest`` is the largest epoch among everything of ours that was seen.
    """

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock
    strange: dict[VenueId, int] = field(default_factory=dict)
    newest: int = 0

    def note(self, venue: VenueId, client_ids: Iterable[ClientOrderId | None]) -> None:
        """Note the client ids of trades or orders, before the journal does."""
        identity = self._identity(venue)
        keys = {one: key for one in client_ids if one is not None and (key := identity.decode(one)) is not None}
        if keys:
            self.newest = max(self.newest, *(key.epoch for key in keys.values()))
            self.strange[venue] = self.strange.get(venue, 0) + len(keys.keys() - self.journal.known_ids(keys))

    async def begin(self) -> tuple[Dispute, ...]:
        """Check the account: no epoch of ours may be newer than the present one; unknown orders raise an alarm."""
        for name, venue in self.venues.items():
            try:
                view = await venue.observe()
            except Retryable as error:  # its orders are checked in the first cycle that can read it
                log.warning("the account could not be met", venue=name, reason=str(error))
                continue
            self.note(name, [order.client_id for order in view.open_orders])
        if self.newest >= self.journal.epoch:
            log.warning("the account holds orders of a newer epoch; this process begins a newer one still")
            self.journal.renew(self.clock.now(), self.newest)
        behind = [self._behind(name, count) for name, count in self.strange.items() if count]
        return (*behind, *self._damaged())

    def _damaged(self) -> Iterator[Dispute]:
        """Return an alarm, once, about a journal that was found damaged."""
        damage, venue = self.journal.damage, next(iter(self.venues), None)
        if damage is not None and venue is not None:
            log.error("the journal was damaged", message=damage)
            yield Dispute("journal:damaged", venue, None, damage, Hold.NOTHING, is_critical=True)

    def _behind(self, venue: VenueId, count: int) -> Dispute:
        message = (
            f"{count} orders of this bot at {venue} are not in its journal, which was restored, deleted or cut: "
            "positions and resting orders are taken over from the venue"
        )
        self.journal.add_event(Event(self.clock.now(), "journal_behind", message, {"venue": venue}))
        log.error("the journal is behind its account", venue=venue, orders=count)
        return Dispute(f"journal:{venue}", venue, None, message, Hold.NOTHING, is_critical=True)

    async def take_in(self, snapshot: Snapshot) -> None:
        """Make intents of the resting orders of ours that the journal does not hold, as if it had sent them.

        Those of a newer epoch are another process's, and stay what they are.
        """
        for view in snapshot.known_venues:
            identity = self._identity(view.venue)
            pending = {item.intent.client_id for item in self.journal.pending()}
            for order in view.open_orders:
                epoch = None if order.client_id in pending else identity.epoch_of(order.client_id)
                if epoch is not None and epoch <= identity.epoch:
                    await self._adopt(view, order)

    async def _adopt(self, view: VenueView, order: OpenOrder) -> None:
        client_id, quote = order.client_id, view.quotes.get(order.symbol)
        if client_id is None or quote is None or client_id in self.journal.known_ids([client_id], traded=False):
            return
        try:
            report = await self.venues[view.venue].lookup(client_id, order.symbol)
        except Retryable as error:
            log.warning("an order of ours could not be taken over yet", client_id=client_id, reason=str(error))
            return
        if not isinstance(report, OrderReport) or report.status is not OrderStatus.OPEN:
            return
        is_stop = order.kind is OrderKind.STOP_MARKET
        request = OrderRequest(
            venue=view.venue,
            symbol=order.symbol,
            underlying=quote.market.underlying,
            quantity=report.quantity,
            kind=order.kind,
            time_in_force=TimeInForce.GTC,
            reduce_only=is_stop if order.reduce_only is None else order.reduce_only,
            reason=_REASON,
            price=order.price,
            trigger=order.trigger,
            mark=order.trigger,
        )
        self.journal.adopt_order(request, report, order.placed_at)
        log.warning("a resting order of ours was taken over", client_id=client_id, venue=view.venue)

    def _identity(self, venue: VenueId) -> Identity:
        return self.journal.identity(self.venues[venue].ids)
