"""Loss limits: by day and since the last resume, from the ledger. USD; losses are negative gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.booked import Booked, Gains
from bot.core.decision import Alarm, Severity
from bot.core.policy import LossPolicy
from bot.core.run_state import Trigger
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import Accepted, Held
from bot.core.types import ZERO, PositionId, Underlying

Prices = Mapping[Underlying, Decimal]
_UNREAD_AFTER: Final = timedelta(minutes=2)
"""How long a ledger may stay unread before an alarm."""


@dataclass(frozen=True, slots=True)
class Results:
    """What was gained: ``today`` since midnight UTC of ``day``, ``life`` since a beginning.

    ``unread`` is what the venues' equity gained since their ledgers were read: result, or money moved, not known yet.
    """

    day: str
    today: Gains
    life: Gains
    unread: Decimal = ZERO

    def without(self, accepted: Accepted) -> Results:
        """Return what is left where what was gained up to some moment counts no more."""
        today = self.today.minus(accepted.today) if self.day == accepted.day else self.today
        return Results(self.day, today, self.life.minus(accepted.total), self.unread)


def results_of(booked: Booked, snapshot: Snapshot, held: Mapping[PositionId, Held], prices: Prices) -> Results:
    """Return what was gained up to a snapshot: what the ledger says, and what the snapshot adds to it.

    Args:
        booked: the ledger up to the last cycle.
        snapshot: the venues' equity and ledgers.
        held: the positions now.
        prices: USD prices now.
    """
    gained, unread = Gains(liquidity=_moved(booked, held, prices)), ZERO
    for venue, account in booked.accounts.items():
        view = snapshot.venue(venue)
        gained = gained.plus(account.waiting if view is None else account.brought(view))
        unread += ZERO if view is None else account.unread(view)
    day, life = snapshot.observed_at.date().isoformat(), booked.total.plus(gained)
    if day == booked.day:
        return Results(day, booked.today.plus(gained), life, unread)
    return Results(day, Gains(liquidity=gained.liquidity), life)


def _moved(booked: Booked, held: Mapping[PositionId, Held], prices: Prices) -> Decimal:
    """Return the change in value since it was booked of the positions that only the market moved."""
    total = ZERO
    for key, item in held.items():
        before = booked.positions.get(key)
        if before is None or before.liquidity != item.liquidity:
            continue
        (fees0, fees1), (then0, then1) = item.fees, before.fees
        if fees0 >= then0 and fees1 >= then1 and (now := _worth(item, prices)) is not None:
            total += now - before.value
    return total


def _worth(held: Held, prices: Prices) -> Decimal | None:
    """Return the USD value of a position's legs, None where a price is missing."""
    total = ZERO
    for leg in held.legs:
        price = prices.get(leg.underlying)
        if price is None:
            return None
        total += leg.amount * price
    return total


def capital(booked: Booked, snapshot: Snapshot, lp_value: Decimal) -> Decimal:
    """Return LP value + equity of all venues; a silent venue counts as it was last seen, nothing where it never was."""
    total = lp_value
    for view in snapshot.venues:
        if isinstance(view, VenueView):
            total += view.balance.equity
        elif view.venue in booked.accounts:
            total += booked.accounts[view.venue].last_equity
    return total


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is passed, and what that asks for; ``kind`` is the limit's name under ``[risk.loss]``."""

    kind: str
    trigger: Trigger
    reason: str


@dataclass(frozen=True, slots=True)
class Overspend:
    """A limit on the day's spending that is passed; ``kind`` is its name under ``[risk.loss]``."""

    kind: str
    reason: str


def breaches(results: Results, funds: Decimal, policy: LossPolicy) -> tuple[Breach, ...]:
    """Return the loss limits that are passed: those of a day freeze, those of a lifetime halt.

    Liquidity is valued at every cycle and a venue only when its ledger is read, so without what is unread a quick move
    would look like a loss of the liquidity alone; with it money that was just withdrawn would look like a loss of the
    hedge. A limit counts as passed where both computations say so.
    """
    if funds <= 0:
        return ()
    gain, today, life = max(results.unread, ZERO), results.today, results.life
    checks = (
        ("hedge_life", life.hedge + gain, policy.hedge_life),
        ("total_life", life.hedge + gain + life.liquidity, policy.total_life),
        ("hedge_day", today.hedge + gain, policy.hedge_day),
        ("total_day", today.hedge + gain + today.liquidity, policy.total_day),
    )
    return tuple(_breach(kind, result, share) for kind, result, share in checks if -result > share * funds)


def _breach(kind: str, result: Decimal, share: Decimal) -> Breach:
    what = "the hedge has lost" if kind.startswith("hedge") else "liquidity and hedge have lost"
    trigger, when = (Trigger.HALT, "since the last resume") if kind.endswith("life") else (Trigger.LIMIT, "today")
    return Breach(kind, trigger, f"{what} {-result:.2f} USD {when}, above {share:.1%} of the capital")


def spent(results: Results, funds: Decimal, policy: LossPolicy) -> tuple[Overspend, ...]:
    """Return the limits on spending that are passed: no more money is spent on adding today.

    So it is while a loss limit could be passed unseen, since cash is gone of which no ledger says yet whether it was
    lost or moved; whether it is passed is decided once the ledger is read.
    """
    if funds <= 0:
        return ()
    found, today, gone = [], results.today, min(results.unread, ZERO)
    if gone and breaches(replace(results, today=_less(today, gone), life=_less(results.life, gone)), funds, policy):
        reason = f"{-gone:.2f} USD of equity are gone that no ledger explains yet: a loss limit could be passed"
        found.append(Overspend("unread", reason))
    if is_funding_over(today, funds, policy):
        paid = f"{-today.funding:.2f} USD of funding paid today"
        found.append(Overspend("funding_day", f"{paid}, above {policy.funding_day:.2%} of the capital"))
    if -today.fees > policy.cost_day * funds:
        paid = f"{-today.fees:.2f} USD of fees paid today"
        found.append(Overspend("cost_day", f"{paid}, above {policy.cost_day:.2%} of the capital"))
    return tuple(found)


def _less(gains: Gains, lost: Decimal) -> Gains:
    return replace(gains, hedge=gains.hedge + lost)


def unread_ledgers(booked: Booked, snapshot: Snapshot) -> tuple[Alarm, ...]:
    """Return alarms about venues whose ledgers can't be read for minutes, though they themselves can."""
    found = []
    for view in snapshot.known_venues:
        told_at = account.told_at if (account := booked.accounts.get(view.venue)) else None
        if view.ledger is None and told_at is not None and snapshot.observed_at - told_at > _UNREAD_AFTER:
            text = (
                f"{view.venue}: its ledger was last read at {told_at:%H:%M:%S} UTC; what was lost since is not known, "
                "and nothing is added once a loss limit could be passed"
            )
            found.append(Alarm(f"ledger:{view.venue}", Severity.WARNING, text))
    return tuple(found)


def is_funding_over(today: Gains, funds: Decimal, policy: LossPolicy) -> bool:
    """Whether the funding paid today is above its limit."""
    return funds > 0 and -today.funding > policy.funding_day * funds


def alarms(spending: tuple[Overspend, ...], lost: tuple[Breach, ...]) -> tuple[Alarm, ...]:
    """Return alarms about limits that are passed, each under its own key, whichever others are passed as well."""
    return (
        *(Alarm(f"spending:{item.kind}", Severity.WARNING, f"{item.reason}: nothing is added") for item in spending),
        *(Alarm(f"loss:{item.kind}", Severity.CRITICAL, item.reason) for item in lost),
    )
