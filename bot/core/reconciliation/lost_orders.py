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
        prompt: how long after its intent was made a request may leave at all; the adapter stops a later one.
        looks: how many validated not-founds are needed, all of them after ``recv_window + grace``.
        spacing: the least time between two of them.
        stale: how old what a venue answers may be: the last look-up counts only where even such an answer was written
            after the window had closed.
        aged: how much older than the search an intent is whose request can't be under way any more, such as that of a
            journal that was restored: two look-ups are enough, whatever the position did since.
    """

    recv_window: timedelta = timedelta(seconds=5)
    grace: timedelta = timedelta(seconds=30)
    prompt: timedelta = timedelta(seconds=10)
    looks: int = 3
    spacing: timedelta = timedelta(seconds=5)
    stale: timedelta = timedelta(minutes=1)
    aged: timedelta = timedelta(minutes=10)

    def sent_by(self, created_at: datetime, ended_at: datetime) -> datetime:
        """Return the latest moment at which an intent's request left, of a process that had ended at a time."""
        return min(created_at + self.prompt, ended_at)

    @property
    def silence(self) -> timedelta:
        """How long after an order even a stale answer shows it."""
        return self.recv_window + self.stale


DEFAULT_RULE: Final = ResolutionRule()
_AGED_LOOKS: Final = 2
_DOUBT: Final = timedelta(seconds=15)
"""How long until the next look-up where trades and position leave a doubt, which time alone does not end."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of an intent and its symbol since it may have left; only validated reads belong here.

    Attributes:
        sent_by: the latest moment at which the request may have left (a restart: when the old process was gone).
        is_aged: the intent was old when the search began (``ResolutionRule.aged``).
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
    is_aged: bool = False


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

    "Never placed" needs all of: ``now`` later than sending + window + grace; enough spaced not-founds after that, the
    last of them in an answer that can't be from before the window closed; no trade since that could be the order's; a
    position that did not move except by trades known to be others'. Reports and trades that bear the intent's client
    id and can't be its own count for nothing.
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
    looks = min(_AGED_LOOKS, rule.looks) if evidence.is_aged else rule.looks
    if len(proofs) < looks:
        again = max(now, proofs[-1].as_of + rule.spacing) if proofs else now
        return StillUnknown(f"{len(proofs)} of {looks} spaced look-ups found nothing", again)
    fresh = evidence.sent_by + rule.silence
    if proofs[-1].as_of < fresh:
        return StillUnknown("what the venue answers may be from before the request ended", max(now, fresh))
    doubt = None if evidence.is_aged else _doubt(intent, evidence, deadline)
    return NeverPlaced(proofs[-1]) if doubt is None else StillUnknown(doubt, now + _DOUBT)


def _spaced(evidence: Evidence, deadline: datetime, now: datetime, spacing: timedelta) -> list[NotFound]:
    """Pick not-founds after the deadline, at least ``spacing`` apart; the last one is the newest that there is."""
    silent = [seen for seen in evidence.sightings if isinstance(seen, NotFound) and deadline < seen.as_of <= now]
    picked: list[NotFound] = []
    for seen in sorted(silent, key=lambda one: one.as_of, reverse=True):
        if not picked or picked[-1].as_of - seen.as_of >= spacing:
            picked.append(seen)
    return picked[::-1]


def _doubt(intent: Intent, evidence: Evidence, deadline: datetime) -> str | None:
    """Return what the trades and the position leave open, or None where they agree that nothing happened."""
    if evidence.position_before is None or evidence.position_now is None or evidence.read_at is None:
        return "the position before or after it is not known"
    if evidence.read_at <= deadline:
        return "position and trades were read before the request had certainly ended"
    selling = intent.request.quantity < 0
    if any(trade.client_id is None and (trade.quantity < 0) == selling for trade in evidence.trades):
        return "a trade of nobody's order could be this one's"
    moved = evidence.position_now - evidence.position_before - sum((t.quantity for t in evidence.trades), ZERO)
    return None if moved == 0 else f"the position moved by {moved} that no trade explains"
