"""Account check: does what a venue shows agree with the journal? Its positions, and the orders that rest there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.inputs import Dispute, Hold, Pending, Turned
from bot.core.orders import OrderKind
from bot.core.reconciliation.identity import Forced
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, ClientOrderId, MarketKey, Symbol, VenueId

_BY_HAND: Final = "a trade by hand or of another program"
_MARK_MOVE: Final = Decimal("0.02")
"""How far the mark may move between the two reads that confirm a position, as a fraction."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The position that the journal knows of: what was adopted and what our orders filled since, base units.

    ``moved_at`` is when an order of ours last moved it.
    """

    size: Decimal
    moved_at: datetime | None


FLAT: Final = Expected(ZERO, None)


@dataclass(frozen=True, slots=True)
class Sight:
    """A position that the journal can't explain, as it was read at ``at``."""

    position: Decimal
    mark: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Turnovers:
    """How much each position was moved since the first observation, and by whom."""

    seen: Mapping[MarketKey, Expected] | None = None
    turned: Mapping[MarketKey, Turned] = field(default_factory=dict)

    def after(self, expected: Mapping[MarketKey, Expected]) -> Turnovers:
        """Update with the expected positions."""
        turned = dict(self.turned)
        for key, now in expected.items():
            before = now if self.seen is None else self.seen.get(key, FLAT)
            old, by = turned.get(key, Turned()), abs(now.size - before.size)
            own, adopted = (by, ZERO) if now.moved_at != before.moved_at else (ZERO, by)
            turned[key] = Turned(old.own + own, old.adopted + adopted, now.size)
        return Turnovers(dict(expected), turned)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a difference must stand: ``after_order`` since our last fill there, ``between`` the two reads."""

    after_order: timedelta = timedelta(0)
    between: timedelta = timedelta(0)


def unexplained(
    view: VenueView, expected: Mapping[Symbol, Expected], pending: Iterable[Pending]
) -> dict[Symbol, Sight]:
    """Find the positions that neither the journal nor an order in flight explains; one without a price waits."""
    found: dict[Symbol, Sight] = {}
    listed = {order.client_id for order in view.open_orders}
    flights = [item for item in pending if item.intent.request.venue == view.venue and _may_have_filled(item, listed)]
    for symbol, position in view.positions.items():
        rest = [item.remaining for item in flights if item.intent.request.symbol == symbol]
        difference = position.size - expected.get(symbol, FLAT).size
        selling, buying = (
            sum(part, ZERO) for part in ((min(one, ZERO) for one in rest), (max(one, ZERO) for one in rest))
        )
        if symbol in view.quotes and not selling <= difference <= buying:
            found[symbol] = Sight(position.size, view.quotes[symbol].mark.price, view.as_of)
    return found


def _may_have_filled(item: Pending, listed: Collection[ClientOrderId | None]) -> bool:
    """A stop that still rests explains nothing; it stands as large as the position, so it would explain everything."""
    return item.intent.request.kind is not OrderKind.STOP_MARKET or item.intent.client_id not in listed


def is_confirmed(first: Sight | None, now: Sight, expected: Expected, patience: Patience) -> bool:
    """Whether a second read confirms a position: the same size, a mark near the first one, and no news of our own.

    A venue may show a state that is a minute old, so a difference that follows an order of ours must outlast that.
    """
    if first is None or first.position != now.position or now.at <= first.at or now.at - first.at < patience.between:
        return False
    if expected.moved_at is not None and now.at - expected.moved_at < patience.after_order:
        return False
    return abs(now.mark / first.mark - 1) <= _MARK_MOVE


def disputed(venue: VenueId, symbol: Symbol, sight: Sight, expected: Expected) -> Dispute:
    """Say that a position is not explained: nothing trades on it until a second read confirms it."""
    message = (
        f"{symbol} at {venue} reads {sight.position:f}, the journal expects {expected.size:f}: "
        "nothing is traded on it until that is confirmed"
    )
    return Dispute(_key("unexplained", venue, symbol), venue, symbol, message, Hold.ALL)


def adopted(
    venue: VenueId, symbol: Symbol, sight: Sight, expected: Expected, causes: Iterable[Forced | None]
) -> Dispute:
    """Say that the venue's position was taken over, by how much it changed, and why as far as its trades tell.

    ``causes`` are those of the trades that were not ours, None for a trade by hand or of another program.
    """
    found = set(causes)
    reasons = sorted(_BY_HAND if cause is None else cause.value for cause in found)
    change = sight.position - expected.size
    message = (
        f"{symbol} at {venue} changed by {change:+f} to {sight.position:f} without an order of this bot "
        f"({', '.join(reasons) or 'no trade says why'}): taken over"
    )
    forced = bool(found - {None})
    return Dispute(_key("adopted", venue, symbol), venue, symbol, message, Hold.NOTHING, is_critical=forced)


def _key(what: str, venue: VenueId, symbol: Symbol) -> str:
    return f"{what}:{venue}:{symbol}"
