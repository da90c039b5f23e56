"""A replay's book: what changed between two rows at which anything happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bot.backtest.journal import MemoryJournal
from bot.backtest.replay_venue import SimVenue
from bot.core.booked import AccountBook, Booked
from bot.core.orders import Fill, LedgerEntry
from bot.core.pnl.attribution import (
    Attribution,
    HedgeResult,
    LiquidityResult,
    MarkedFill,
    Prices,
    account_of,
    account_result,
    liquidity_result,
    merged,
    stake_of,
    underlyings_of,
)
from bot.core.pnl.ledger import booked_position, gains_of
from bot.core.snapshot import Snapshot, VenueView
from bot.core.types import USD, ZERO, PositionId, Underlying, VenueId

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class News:
    """What happened on one venue between two observations: our fills, and the cash movements."""

    trades: Sequence[MarkedFill] = ()
    ledger: Sequence[LedgerEntry] = ()


@dataclass(frozen=True, slots=True)
class Stand:
    """What was held, and its USD prices."""

    snapshot: Snapshot
    prices: Prices

    @property
    def value(self) -> Decimal:
        """The worth of all positions, fees included, USD."""
        known = {USD: Decimal(1), **self.prices}
        return sum(
            (
                token.to_units(raw) * known[token.underlying]
                for position in self.snapshot.positions
                for token, raw in (
                    (position.token0, position.amounts.total0),
                    (position.token1, position.amounts.total1),
                )
            ),
            ZERO,
        )

    @property
    def equity(self) -> Decimal:
        """The equity of all venues, USD."""
        return sum((view.balance.equity for view in self.snapshot.known_venues), ZERO)


class Booking:
    """Attributes what happens along a replay, by UTC day and in all."""

    def __init__(self, venues: Sequence[SimVenue], journal: MemoryJournal) -> None:
        self._venues, self._journal = venues, journal
        self.read = [(0, 0) for _ in venues]
        self.first: Stand | None = None
        self.last: Stand | None = None
        self.total = Attribution()
        self.days: dict[date, Attribution] = {}
        self._booked: Booked | None = None

    def counted(self) -> list[tuple[int, int]]:
        """Return by venue how many fills and cash movements there are up to now."""
        return [(len(venue.fills_made), len(venue.entries_made)) for venue in self._venues]

    def book(self, stand: Stand, day: date, counted: list[tuple[int, int]]) -> None:
        """Attribute what happened since the last booking, up to as many fills and cash movements by venue.

        The loss against rebalancing is left out: it is known of the rows in between too (see ``add``).
        """
        before, self.last, self._booked = self.last, stand, None
        news = self._news(counted)
        if before is None:
            self.first = stand
            return
        found = attribute(before, stand, news)
        self.add(day, replace(found, positions={key: replace(one, lvr=ZERO) for key, one in found.positions.items()}))

    def add(self, day: date, found: Attribution) -> None:
        """Add what else is known of a day."""
        self.total = self.total.plus(found)
        self.days[day] = self.days.get(day, Attribution()).plus(found)

    def _news(self, counted: list[tuple[int, int]]) -> dict[VenueId, News]:
        """Return the fills and cash movements since the last time."""
        found = {}
        for venue, (fills, ledger), (last_fill, last_entry) in zip(self._venues, self.read, counted, strict=True):
            trades = [MarkedFill(fill, self._mark(fill)) for fill in venue.fills_made[fills:last_fill]]
            found[venue.venue] = News(trades, venue.entries_made[ledger:last_entry])
        self.read = counted
        for venue, (_, entries) in zip(self._venues, counted, strict=True):
            venue.booked = entries
        return found

    @property
    def booked(self) -> Booked:
        """The book's summary for a decision."""
        if self._booked is None and self.last is not None:
            self._booked = self._in_short(self.last)
        return self._booked or Booked()

    def _in_short(self, last: Stand) -> Booked:
        stakes = ((item.id, stake_of(item, last.prices)) for item in last.snapshot.positions)
        day = (last.snapshot.observed_at - _SECOND).date()  # midnight ends a day here
        return Booked(
            day.isoformat(),
            gains_of(self.days.get(day, Attribution())),
            gains_of(self.total),
            {view.venue: self._account(view) for view in last.snapshot.known_venues},
            {key: booked_position(stake) for key, stake in stakes if stake is not None},
        )

    def _account(self, view: VenueView) -> AccountBook:
        return AccountBook(account_of(view), 0, read_at=view.as_of, seen={})  # a replay's view has nothing twice

    def trading_costs(self, until: int | None) -> Decimal:
        """Return fees and slippage of our trades up to a time (seconds since 1970; None: all), USD, above 0."""
        cost = ZERO
        for fill in (fill for venue in self._venues for fill in venue.fills_made):
            if until is None or fill.at.timestamp() <= until:
                mark = self._mark(fill)
                cost += fill.fee + (ZERO if mark is None else fill.quantity * (fill.price - mark))
        return cost

    def _mark(self, fill: Fill) -> Decimal | None:
        """Return the mark that a fill's trade was first wanted at; None where the venue itself traded."""
        order = None if fill.client_id is None else self._journal.orders.get(fill.client_id)
        return None if order is None else order.intent.request.mark


def attribute(before: Stand, after: Stand, news: Mapping[VenueId, News]) -> Attribution:
    """Attribute the change between two states, as far as prices and venues are known in both of them.

    Args:
        before: the book and its prices before.
        after: the same afterwards.
        news: by venue, what happened after ``before`` and up to ``after``.
    """
    later = {position.id: position for position in after.snapshot.positions}
    positions: dict[PositionId, LiquidityResult] = {}
    hedges: dict[Underlying, HedgeResult] = {}
    total = ZERO
    for position in before.snapshot.positions:
        first, second = stake_of(position, before.prices), stake_of(later.get(position.id, position), after.prices)
        if first is not None and second is not None:
            positions[position.id], change = liquidity_result(first, second)
            total += change
    for view in before.snapshot.known_venues:
        now = after.snapshot.venue(view.venue)
        if now is not None:
            made = news.get(view.venue, News())
            accounts = account_of(view), account_of(now)
            results, change = account_result(accounts, underlyings_of(now), made.trades, made.ledger)
            hedges = merged(hedges, results)
            total += change
    return Attribution(positions, hedges, total)
