"""The ledger: attributes each cycle's change of net asset value, and remembers what it was last counted from.

Every report of profit reads this: loss limits, screens, results by day. Liquidity is booked at every cycle. A venue
is booked when its ledger was read and when our trades explain how its positions moved since the last time; so neither
its clock nor the time that trades take to appear counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.booked import AccountBook, Booked, BookedAccount, BookedPosition, Gains
from bot.core.decision import Decision
from bot.core.inputs import Dispute, Hold
from bot.core.orders import Fill, SetAside
from bot.core.pnl.attribution import (
    Attribution,
    HedgeResult,
    LiquidityResult,
    MarkedFill,
    Stake,
    account_of,
    account_result,
    liquidity_result,
    merged,
    stake_of,
    underlyings_of,
)
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import Held
from bot.core.types import ZERO, PositionId, Symbol, Underlying, VenueId

_PATIENCE: Final = timedelta(minutes=5)
"""How long a venue is left unbooked while its positions moved by more, or less, than our trades explain."""
_SHARE_OF_NOTIONAL: Final = Decimal("0.002")
"""What equity and marks, read a moment apart, may differ by: a large move of a price within a second."""
_SHARE_OF_EQUITY: Final = Decimal("0.0001")
_DUST: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class JournaledTrade:
    """A fill as the journal has it: its ``number`` there, and the mark that its trade was first wanted at."""

    number: int
    fill: Fill
    mark: Decimal | None


@dataclass(frozen=True, slots=True)
class Book:
    """What was booked: ``today`` since midnight UTC of ``day``, ``total`` since the journal's first cycle; USD."""

    day: str = ""
    stakes: Mapping[PositionId, Stake] = field(default_factory=dict)
    accounts: Mapping[VenueId, AccountBook] = field(default_factory=dict)
    today: Attribution = field(default_factory=Attribution)
    total: Attribution = field(default_factory=Attribution)

    @property
    def read_at(self) -> dict[VenueId, datetime]:
        """From when on each venue's ledger is to be read: what is older is booked."""
        return {venue: item.read_at for venue, item in self.accounts.items() if item.read_at is not None}

    def booked(self) -> Booked:
        """Return the summary for a decision."""
        eve = sum((item.eve for item in self.accounts.values()), ZERO)
        return Booked(
            self.day,
            gains_of(self.today).minus(Gains(hedge=eve)),
            gains_of(self.total),
            self.accounts,
            {key: booked_position(stake) for key, stake in self.stakes.items()},
        )

    @property
    def disputes(self) -> tuple[Dispute, ...]:
        """Return where more of today's change of equity is unexplained than the time of reading can account for."""
        found = []
        for venue, item in self.accounts.items():
            account = item.account
            notional = sum((abs(size) * account.marks[symbol] for symbol, size in account.sizes.items()), ZERO)
            allowed = _DUST + _SHARE_OF_EQUITY * abs(account.equity) + _SHARE_OF_NOTIONAL * notional
            if abs(item.residual) > allowed:
                message = (
                    f"{venue}: {item.residual:.2f} USD of today's change of equity is explained by no trade, price, "
                    "funding or fee; compare its ledger with `dnbot status`"
                )
                found.append(Dispute(f"residual:{venue}", venue, None, message, Hold.NOTHING))
            found += [_set_aside(venue, what, count) for what, count in item.aside.items()]
        return tuple(found)


def _set_aside(venue: VenueId, what: str, count: int) -> Dispute:
    message = f"{venue}: {count} movements today are in no result: {what}"
    return Dispute(f"aside:{venue}:{what}", venue, None, message, Hold.NOTHING)


def gains_of(found: Attribution) -> Gains:
    """Return an attribution by what limits are set on; what is unexplained is the hedge's."""
    liquidity, hedge = found.liquidity.total, found.hedge
    return Gains(found.total - liquidity, liquidity, hedge.funding, hedge.trading_fees)


def booked_position(stake: Stake) -> BookedPosition:
    """Return what a position was valued at."""
    return BookedPosition(stake.value, stake.liquidity, stake.owed)


def book_cycle(
    book: Book, snapshot: Snapshot, decision: Decision, trades: Mapping[VenueId, Sequence[JournaledTrade]]
) -> Book:
    """Book a cycle.

    Args:
        book: what was booked so far.
        snapshot: what the cycle saw.
        decision: its prices, and the positions that count as held.
        trades: by venue, in order, the journaled fills after ``AccountBook.trade``; all of them for a new venue.
    """
    day = snapshot.observed_at.strftime("%Y-%m-%d")
    if day != book.day:
        accounts = {venue: _next_day(item, snapshot.venue(venue)) for venue, item in book.accounts.items()}
        book = replace(book, day=day, today=Attribution(), accounts=accounts)
    stakes, positions, total = _liquidity(book.stakes, snapshot, decision)
    accounts = dict(book.accounts)
    hedges: dict[Underlying, HedgeResult] = {}
    for view in snapshot.known_venues:
        accounts[view.venue], results, change = _venue(book.accounts.get(view.venue), view, trades.get(view.venue, ()))
        hedges = merged(hedges, results)
        total += change
    new = Attribution(positions, hedges, total)
    return Book(day, stakes, accounts, book.today.plus(new), book.total.plus(new))


def _next_day(item: AccountBook, view: VenueView | None) -> AccountBook:
    """Begin a day; what a venue brought until now and is not booked yet belongs to the day before."""
    eve = item.waiting.hedge if view is None else item.brought(view).hedge + item.unread(view)
    return replace(item, residual=ZERO, eve=eve, aside={})


def _liquidity(
    stakes: Mapping[PositionId, Stake], snapshot: Snapshot, decision: Decision
) -> tuple[dict[PositionId, Stake], dict[PositionId, LiquidityResult], Decimal]:
    """Book the positions that count as held; one without a price waits as it was until that is over.

    One that is absent, or whose pool is doubted, is booked as what it last held: its hedge still stands against that.
    """
    shown = {position.id: position for position in snapshot.positions}
    after: dict[PositionId, Stake] = {}
    results: dict[PositionId, LiquidityResult] = {}
    total = ZERO
    for key, held in decision.state.held.items():
        position, before = shown.get(key), stakes.get(key)
        if position is not None and not held.is_doubted:
            stake = stake_of(position, decision.prices)
        else:
            stake = None if before is None else _still(before, held, decision.prices)
        if before is not None and stake is not None:
            results[key], change = liquidity_result(before, stake)
            total += change
        if (kept := stake or before) is not None:
            after[key] = kept
    return after, results, total


def _still(stake: Stake, held: Held, prices: Mapping[Underlying, Decimal]) -> Stake | None:
    """Return what a position last held at the prices of now; None where one is missing."""
    found = []
    for leg, principal, owed in zip(held.legs, stake.principal, stake.owed, strict=True):
        price, raw = prices.get(leg.underlying), principal + owed
        if price is None:
            return None
        found.append(leg.amount * price / raw if raw else ZERO)
    return replace(stake, prices=(found[0], found[1]))


def _venue(
    before: AccountBook | None, view: VenueView, trades: Sequence[JournaledTrade]
) -> tuple[AccountBook, dict[Underlying, HedgeResult], Decimal]:
    """Book a venue, if it can be; its results, and the change of its equity that they should explain."""
    now = account_of(view, before.account if before else None)
    if before is None:
        old = [trade.number for trade in trades if trade.fill.at < view.as_of]
        return _opened(now, view, max(old, default=0)), {}, ZERO
    if view.ledger is None:
        return before, {}, ZERO
    if not before.account.sizes.keys() <= now.sizes.keys():
        return replace(before, told_at=view.as_of), {}, ZERO
    known = [item for item in trades if before.given_up is None or item.fill.at >= before.given_up]
    taken, given_up = _explaining(before.account, now, known), before.given_up
    if taken is None or before.unexplained(view):
        since = before.waits or view.as_of
        if view.as_of - since < _PATIENCE:
            equity = now.equity - before.unexplained(view)
            waiting = replace(before, waits=since, equity=equity, waiting=before.brought(view), told_at=view.as_of)
            return waiting, {}, ZERO
    if taken is None:
        taken, given_up = [item for item in known if item.fill.at < view.as_of], view.as_of
    new = before.new(view.ledger)
    booked = [MarkedFill(item.fill, item.mark) for item in taken]
    results, change = account_result((before.account, now), underlyings_of(view), booked, new)
    explained = sum((item.total for item in results.values()), ZERO)
    newest = max((item.number for item in taken), default=before.trade)
    residual = before.residual + change - explained
    after = AccountBook(
        account=now,
        trade=newest,
        given_up=given_up,
        residual=residual,
        read_at=view.as_of,
        eve=before.eve,
        since=before.since or view.as_of,
        seen=before.remembering(view),
        told_at=view.as_of,
        aside=_counted(before.aside, before.new(view.aside)),
    )
    return after, results, change


def _opened(account: BookedAccount, view: VenueView, trade: int) -> AccountBook:
    """Begin with a venue as it stands: all that its ledger tells by now is in what it shows."""
    fresh = AccountBook(account, trade, read_at=view.as_of, since=view.as_of, told_at=view.as_of)
    return replace(fresh, seen=fresh.remembering(view))


def _counted(before: Mapping[str, int], aside: Iterable[SetAside]) -> dict[str, int]:
    after = dict(before)
    for item in aside:
        after[item.what] = after.get(item.what, 0) + 1
    return after


def _explaining(
    before: BookedAccount, now: BookedAccount, trades: Sequence[JournaledTrade]
) -> Sequence[JournaledTrade] | None:
    """Return the most of the trades, in order, that add up to how every position moved; None where they don't."""
    left: dict[Symbol, Decimal] = {symbol: size - before.sizes.get(symbol, ZERO) for symbol, size in now.sizes.items()}
    found = 0 if not any(left.values()) else None
    for count, trade in enumerate(trades, 1):
        symbol = trade.fill.symbol
        left[symbol] = left.get(symbol, ZERO) - trade.fill.quantity
        if not any(left.values()):
            found = count
    return None if found is None else trades[:found]
