"""A replay's book: what changed between two rows at which anything happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.orders import LedgerEntry
from bot.core.pnl import (
    Attribution,
    HedgeResult,
    LiquidityResult,
    Prices,
    Trade,
    account_of,
    account_result,
    liquidity_result,
    merged,
    stake_of,
    underlyings_of,
)
from bot.core.snapshot import Snapshot
from bot.core.types import ZERO, PositionId, Underlying, VenueId


@dataclass(frozen=True, slots=True)
class News:
    """What happened on one venue between two looks: our fills, and the cash movements."""

    trades: Sequence[Trade] = ()
    ledger: Sequence[LedgerEntry] = ()


@dataclass(frozen=True, slots=True)
class Stand:
    """What was held, and its USD prices."""

    snapshot: Snapshot
    prices: Prices


def attribute(before: Stand, after: Stand, news: Mapping[VenueId, News]) -> Attribution:
    """Attribute the change between two stands, as far as prices and venues are known in both of them.

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
