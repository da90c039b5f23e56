"""Resolve orders whose answer was lost: by looking them up, never by sending again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.orders import Fill, Intent, NotFound, OrderReport
from bot.core.reconciliation.fit import fitting, misfit
from bot.core.types import ZERO


@dataclass(frozen=True, slots=True)
class ResolutionRule:
    """How long silence must last before it proves something.

    Attributes:
        recv_window: how long after its time stamp the venue still takes a request.
        grace: how long after that an order may stay hidden inside the venue.
        looks: how many validated not-founds are needed, all of them after ``recv_window + grace``.
        spacing: the least time between two of them. With the defaults the last look is at least 65 s after the
            sending, so that even an answer that is 60 s old was written after the window had closed.
        aged: how much older than the search an intent is whose request can't be under way any more, such as that of a
            journal that was restored: two looks are enough, whatever the position did since.
    """

    recv_window: timedelta = timedelta(seconds=5)
    grace: timedelta = timedelta(seconds=30)
    looks: int = 3
    spacing: timedelta = timedelta(seconds=15)
    aged: timedelta = timedelta(minutes=10)


DEFAULT_RULE: Final = ResolutionRule()
_AGED_LOOKS: Final = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of an intent and its symbol since it may have left; only validated reads belong here.

    Attributes:
        sent_by: the latest moment at which the request may have left (a restart: when the old process was gone).
        sightings: the answers of the look-ups, in any order.
        position_before: the symbol's position before the sending, base units; None where it is not known.
        position_now: the position as read at ``read_at``, base units; None where it is not known.
        trades: every trade of the account on the symbol since ``position_before``, as read at ``read_at``.
        read_at: when ``position_now`` and ``trades`` were read, the earlier one; None where they were not.
    """

    sent_by: datetime
    sightings: tuple[OrderReport | NotFound, ...] = ()
    position_before: Decimal | None = None
    position_now: Decimal | None = None
    trades: tuple[Fill, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The venue has the order: its newest report, or none where only its trades were seen."""

    report: OrderReport | None
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class NeverPlaced:
    """It is proven that the order has no effect and never will."""

    proof: NotFound


@dataclass(frozen=True, slots=True)
class StillUnknown:
    """Not proven either way: nothing that adds risk on the symbol until ``look_again_at`` brought more."""

    reason: str
    look_again_at: datetime


Resolution = Placed | NeverPlaced | StillUnknown


def resolve(intent: Intent, evidence: Evidence, now: datetime, rule: ResolutionRule = DEFAULT_RULE) -> Resolution:
    """Decide what the evidence proves.

    "Never placed" needs all of: ``now`` later than sending + window + grace; enough spaced not-founds after that; no
    trade since that could be the order's; a position that did not move except by trades known to be others'. Reports
    and trades that bear the intent's client id and can't be its own count for nothing.
    """
    own = fitting(intent, (trade for trade in evidence.trades if trade.client_id == intent.client_id))
    reports = [seen for seen in evidence.sightings if isinstance(seen, OrderReport) and misfit(intent, seen) is None]
    if reports:
        return Placed(max(reports, key=lambda report: report.updated_at), own)
    if own:
        return Placed(None, own)
    deadline = evidence.sent_by + rule.recv_window + rule.grace
    if now <= deadline:
        return StillUnknown("the request may still be under way", deadline + timedelta(milliseconds=1))
    proofs = _spaced(evidence, deadline, now, rule.spacing)
    is_aged = evidence.sent_by - intent.created_at >= rule.aged
    looks = min(_AGED_LOOKS, rule.looks) if is_aged else rule.looks
    if len(proofs) < looks:
        again = max(now, proofs[-1].as_of + rule.spacing) if proofs else now
        return StillUnknown(f"{len(proofs)} of {looks} spaced look-ups found nothing", again)
    doubt = None if is_aged else _doubt(intent, evidence, deadline)
    return NeverPlaced(proofs[-1]) if doubt is None else StillUnknown(doubt, now + rule.spacing)


def _spaced(evidence: Evidence, deadline: datetime, now: datetime, spacing: timedelta) -> list[NotFound]:
    """Pick not-founds after the deadline, each at least ``spacing`` after the one before."""
    silent = [seen for seen in evidence.sightings if isinstance(seen, NotFound) and deadline < seen.as_of <= now]
    picked: list[NotFound] = []
    for seen in sorted(silent, key=lambda one: one.as_of):
        if not picked or seen.as_of - picked[-1].as_of >= spacing:
            picked.append(seen)
    return picked


def _doubt(intent: Intent, evidence: Evidence, deadline: datetime) -> str | None:
    """Say what the trades and the position leave open, or None where they agree that nothing happened."""
    if evidence.position_before is None or evidence.position_now is None or evidence.read_at is None:
        return "the position before or after it is not known"
    if evidence.read_at <= deadline:
        return "position and trades were read before the request had certainly ended"
    selling = intent.request.quantity < 0
    if any(trade.client_id is None and (trade.quantity < 0) == selling for trade in evidence.trades):
        return "a trade of nobody's order could be this one's"
    moved = evidence.position_now - evidence.position_before - sum((t.quantity for t in evidence.trades), ZERO)
    return None if moved == 0 else f"the position moved by {moved} that no trade explains"
