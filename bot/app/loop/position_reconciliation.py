"""Reconcile positions: compare the venues with the journal in every cycle, and adopt what changed outside the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.inputs import Dispute, PendingStatus
from bot.core.reconciliation import orders, positions
from bot.core.reconciliation.identity import Forced, Identity
from bot.core.reconciliation.positions import FLAT, Expected, Patience, Sight
from bot.core.record import Event
from bot.core.snapshot import Snapshot, VenueView
from bot.core.types import Symbol, VenueId
from bot.ports import Clock, Exchange, Journal

log = structlog.get_logger(__name__)

_FILLS_EVERY: Final = timedelta(minutes=1)
"""How often a venue's trades are read though nothing is expected: what others did, and what came late."""
_ALARM_STANDS: Final = timedelta(minutes=10)
"""How long the alarm of a position that was taken over stands."""
_BETWEEN: Final = timedelta(seconds=1)
"""The least time between the two reads that confirm a position at a real venue."""
_LOOK_BACK: Final = timedelta(hours=1)


@dataclass(slots=True)
class Agreement:
    """Keeps journal and venues in agreement.

    ``disputes`` are those of the last snapshot; ``owed`` gathers the venues whose trades should be read again.
    """

    venues: Mapping[VenueId, Exchange]
    journal: Journal
    clock: Clock
    owed: set[VenueId]
    disputes: tuple[Dispute, ...] = ()
    _sights: dict[tuple[VenueId, Symbol], Sight] = field(default_factory=dict)
    _standing: dict[str, tuple[datetime, Dispute]] = field(default_factory=dict)
    _known: set[VenueId] = field(default_factory=set)
    _asked: dict[VenueId, datetime] = field(default_factory=dict)

    def told_apart(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with every venue's working orders separated by owner."""
        pending = self.journal.pending()
        venues = tuple(
            orders.by_owner(view, self._identity(view.venue), pending) if isinstance(view, VenueView) else view
            for view in snapshot.venues
        )
        return replace(snapshot, venues=venues)

    async def check(self, snapshot: Snapshot) -> None:
        """Compare every venue that could be read with the journal; its orders are separated already.

        Raises:
            Retryable: the journal can't be read or written.
        """
        now, expected = self.clock.now(), self.journal.expected()
        found: list[Dispute] = []
        for view in snapshot.known_venues:
            self._ask(view.venue, now)
            own = {symbol: expected.get((view.venue, symbol), FLAT) for symbol in view.positions}
            found += await self._positions(view, own)
            ours = [item.intent.client_id for item in self.journal.pending()]
            found += orders.disputes(view, self._identity(view.venue), ours)
        self._known = {view.venue for view in snapshot.known_venues}
        self._standing = {key: item for key, item in self._standing.items() if now - item[0] < _ALARM_STANDS}
        self._tell(found)
        self.disputes = (*found, *(dispute for _, dispute in self._standing.values()))

    def _ask(self, venue: VenueId, now: datetime) -> None:
        """Have a venue's trades read: when it comes back, and on a timer."""
        if venue not in self._known or now - self._asked.get(venue, now) >= _FILLS_EVERY:
            self.owed.add(venue)
            self._asked[venue] = now
        self._asked.setdefault(venue, now)

    async def _positions(self, view: VenueView, expected: Mapping[Symbol, Expected]) -> list[Dispute]:
        pending = self.journal.pending()
        odd = positions.unexplained(view, expected, pending)
        found = []
        for symbol in view.positions:
            key = view.venue, symbol
            sight, first = odd.get(symbol), self._sights.get(key)
            if sight is None:
                self._sights.pop(key, None)
                continue
            confirmed = positions.is_confirmed(first, sight, expected[symbol], self._patience(view.venue))
            if confirmed and not self._is_unknown(key):
                await self._adopt(key, sight, expected[symbol])
                continue
            if first is None or first.position != sight.position:
                self._sights[key] = sight
            self.owed.add(view.venue)
            found.append(positions.disputed(view.venue, symbol, sight, expected[symbol]))
        return found

    def _is_unknown(self, key: tuple[VenueId, Symbol]) -> bool:
        """Whether an order's outcome is open: its proof needs the position that stood before it."""
        return any(
            (item.intent.request.venue, item.intent.request.symbol) == key and item.status is not PendingStatus.OPEN
            for item in self.journal.pending()
        )

    def _patience(self, venue: VenueId) -> Patience:
        rule = self.venues[venue].silence
        if rule is None:
            return Patience()
        return Patience(rule.silence, _BETWEEN)

    async def _adopt(self, key: tuple[VenueId, Symbol], sight: Sight, expected: Expected) -> None:
        """Take the venue's position over, with an event and an alarm that names the amount."""
        venue, symbol = key
        now = self.clock.now()
        dispute = positions.adopted(venue, symbol, sight, expected, await self._causes(venue, symbol, now))
        data = {"venue": venue, "symbol": symbol, "before": f"{expected.size:f}", "after": f"{sight.position:f}"}
        self.journal.adopt(venue, symbol, sight.position, Event(now, "adopted", dispute.message, data))
        del self._sights[key]
        self.tell_for_a_while(dispute)
        log.error("position taken over", message=dispute.message, **data)

    def tell_for_a_while(self, dispute: Dispute) -> None:
        """Raise an alarm that ends by time alone."""
        self._standing[dispute.key] = self.clock.now(), dispute

    async def _causes(self, venue: VenueId, symbol: Symbol, now: datetime) -> tuple[Forced | None, ...]:
        """Read why there were trades in the last hour that are not ours; nothing where the venue does not tell."""
        try:
            fills = await self.venues[venue].fills(now - _LOOK_BACK)
        except Retryable as error:
            log.warning("fills not read yet", venue=venue, reason=str(error))
            return ()
        identity = self._identity(venue)
        others = (one for one in fills if one.symbol == symbol and identity.decode(one.client_id) is None)
        return tuple(identity.forced(one.client_id) for one in others)

    def _identity(self, venue: VenueId) -> Identity:
        return self.journal.identity(self.venues[venue].ids)

    def _tell(self, found: list[Dispute]) -> None:
        """Log what is new."""
        before = {dispute.key for dispute in self.disputes}
        for dispute in found:
            if dispute.key not in before:
                log.warning("account disputed", key=dispute.key, message=dispute.message)
