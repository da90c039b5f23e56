"""What is remembered of markets and venues from cycle to cycle: silence, and positions that moved by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.decision import Alarm, Approved, Severity
from bot.core.hedge.markets import Flight
from bot.core.snapshot import Snapshot, VenueUnknown, VenueView
from bot.core.state import MarketWatch, VenueWatch
from bot.core.types import ZERO, MarketKey, VenueId

_NO_FLIGHT = Flight()


def follow_markets(
    before: Mapping[MarketKey, MarketWatch],
    views: Iterable[VenueView],
    flights: Mapping[MarketKey, Flight],
    fired: Iterable[MarketKey],
    at: datetime,
    settle_time: timedelta,
) -> tuple[dict[MarketKey, MarketWatch], tuple[Alarm, ...]]:
    """Update with the observed positions; return alarms about those that no order of ours explains.

    Auto-deleveraging, a liquidation, a hand at the venue's own screen, a stop, or a read that lags behind a fill: the
    new position is adopted at once, and nothing is added until it has stood still for ``settle_time``.
    """
    after = dict(before)
    alarms = []
    stops = set(fired)
    for view in views:
        for symbol, position in view.positions.items():
            key, size = (view.venue, symbol), position.size
            flight = flights.get(key, _NO_FLIGHT)
            low, high = size + flight.selling, size + flight.buying
            old = before.get(key)
            if old is None:
                after[key] = MarketWatch(size, low, high)
                continue
            unsettled = old.unsettled
            if not old.low <= size <= old.high:
                unsettled = at + settle_time
                by_stop = key in stops and old.high < size <= 0
                why = "its stop fired" if by_stop else "deleveraging, a liquidation, another hand, or a late read"
                held = f"{old.low:f}" if old.low == old.high else f"{old.low:f}..{old.high:f}"
                text = f"{symbol} at {view.venue} went from {held} to {size:f}: {why}"
                severity = Severity.WARNING if by_stop else Severity.CRITICAL
                alarms.append(Alarm(f"jump:{view.venue}|{symbol}", severity, text))
            elif unsettled is not None and at < unsettled:
                text = f"{symbol} at {view.venue} jumped: nothing is added until {unsettled:%H:%M:%S} UTC"
                alarms.append(Alarm(f"jump:{view.venue}|{symbol}", Severity.WARNING, text))
            is_known = (old.position, old.low, old.high, old.unsettled) == (size, low, high, unsettled)
            after[key] = old if is_known else replace(old, position=size, low=low, high=high, unsettled=unsettled)
    return after, tuple(alarms)


def expect(markets: Mapping[MarketKey, MarketWatch], approved: Iterable[Approved]) -> dict[MarketKey, MarketWatch]:
    """Widen what the positions may have become by orders that go out now."""
    after = dict(markets)
    for order in (item.order for item in approved):
        key, watch = (order.venue, order.symbol), after[order.venue, order.symbol]
        low, high = watch.low + min(order.quantity, ZERO), watch.high + max(order.quantity, ZERO)
        after[key] = replace(watch, low=low, high=high)
    return after


def follow_venues(
    before: Mapping[VenueId, VenueWatch], snapshot: Snapshot, takeover: timedelta
) -> tuple[dict[VenueId, VenueWatch], tuple[Alarm, ...]]:
    """Note since when venues can't be read; a silence that lasts is an alarm of the highest severity."""
    after: dict[VenueId, VenueWatch] = {}
    alarms = []
    for view in snapshot.venues:
        watch = before.get(view.venue, VenueWatch())
        if not isinstance(view, VenueUnknown):
            after[view.venue] = watch if watch.down_since is None else replace(watch, down_since=None)
            continue
        since = watch.down_since or snapshot.observed_at
        after[view.venue] = replace(watch, down_since=since)
        silent = snapshot.observed_at - since
        loud = Severity.CRITICAL if silent >= takeover else Severity.WARNING
        text = (
            f"{view.venue} can't be read since {since:%H:%M:%S} UTC ({view.reason}): its resting stops stand, "
            "nothing is added there; other venues take over within their caps"
        )
        alarms.append(Alarm(f"venue:{view.venue}", loud, text))
    return after, tuple(alarms)


def last_seen(markets: Mapping[MarketKey, MarketWatch], key: MarketKey) -> Decimal | None:
    """Return the most short that a market can be by what is remembered of it; None where nothing is."""
    watch = markets.get(key)
    return None if watch is None else min(watch.low, watch.position, ZERO)
