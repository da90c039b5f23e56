"""What was won and lost, by day and since the last resume, and the limits on it. USD; losses are negative results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.decision import Alarm, Severity
from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.policy import LossPolicy
from bot.core.run_state import Trigger
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import Held, Money
from bot.core.types import USD, ZERO, PositionId, Underlying, VenueId

Prices = Mapping[Underlying, Decimal]


def update_money(
    money: Money,
    snapshot: Snapshot,
    held: tuple[Mapping[PositionId, Held], Mapping[PositionId, Held]],
    prices: Prices,
) -> Money:
    """Take in what happened since the last cycle.

    Args:
        money: the book so far.
        snapshot: the venues' equity and ledgers.
        held: the positions of the last cycle and of this one.
        prices: USD prices now.
    """
    day = snapshot.observed_at.date().isoformat()
    if day != money.day:
        money = replace(
            _closed(money, snapshot), day=day, hedge_day=ZERO, liquidity_day=ZERO, funding_day=ZERO, fees_day=ZERO
        )
    for view in snapshot.known_venues:
        money = _venue(money, view)
    return _liquidity(money, held, prices)


def _closed(money: Money, snapshot: Snapshot) -> Money:
    """Book what is not booked yet before a day ends, so that the next one does not begin with it."""
    known = {view.venue: view.balance.equity for view in snapshot.known_venues if view.venue in money.equity}
    result = unbooked(money, snapshot)
    return replace(money, equity={**money.equity, **known}, hedge_life=money.hedge_life + result)


def _venue(money: Money, view: VenueView) -> Money:
    """Book a venue's change of equity, less what was paid in or out; a venue without a ledger waits."""
    if view.ledger is None:
        return money
    name, equity, before = view.venue, view.balance.equity, money.equity.get(view.venue)
    cursor = dict(money.cursor)
    new: list[LedgerEntry] = []
    for entry in view.ledger:
        kind = f"{name}|{entry.kind.value}"
        if before is not None and entry.number > money.cursor.get(kind, 0):
            new.append(entry)
        cursor[kind] = max(entry.number, cursor.get(kind, 0))
    result = ZERO if before is None else equity - before - _sum(new, LedgerKind.DEPOSIT)
    return replace(
        money,
        equity={**money.equity, name: equity},
        read_at={**money.read_at, name: view.as_of},
        cursor=cursor,
        hedge_day=money.hedge_day + result,
        hedge_life=money.hedge_life + result,
        funding_day=money.funding_day + _sum(new, LedgerKind.FUNDING),
        fees_day=money.fees_day + _sum(new, LedgerKind.FEE),
    )


def _sum(entries: list[LedgerEntry], kind: LedgerKind) -> Decimal:
    return sum((entry.amount for entry in entries if entry.kind is kind), ZERO)


def _liquidity(
    money: Money, held: tuple[Mapping[PositionId, Held], Mapping[PositionId, Held]], prices: Prices
) -> Money:
    """Book the liquidity's change in value; without all prices this step, and the next one, are not known."""
    before, now = held
    known: Prices = {USD: Decimal(1), **prices}
    needed = {leg.underlying for item in before.values() for leg in item.legs}
    result = ZERO
    if needed <= money.prices.keys() and needed <= known.keys():
        for key, item in before.items():
            after = now.get(key)
            is_known = after is not None and all(leg.underlying in known for leg in after.legs)
            kept = after if after is not None and is_known and _is_steady(item, after) else item
            result += worth(kept, known) - worth(item, money.prices)
    present = {leg.underlying for item in now.values() for leg in item.legs}
    return replace(
        money,
        prices={key: known[key] for key in sorted(present) if key in known},
        liquidity_day=money.liquidity_day + result,
        liquidity_life=money.liquidity_life + result,
    )


def _is_steady(before: Held, after: Held) -> bool:
    """Whether only the market moved a position: the same liquidity, and no fees taken out."""
    return before.liquidity == after.liquidity and all(a <= b for a, b in zip(before.fees, after.fees, strict=True))


def worth(held: Held, prices: Prices) -> Decimal:
    """Return the USD value of a position's legs; all prices must be there."""
    return sum((leg.amount * prices[leg.underlying] for leg in held.legs), ZERO)


def capital(money: Money, snapshot: Snapshot, lp_value: Decimal) -> Decimal:
    """Return LP value + equity of all venues; a silent venue counts as it was last seen, nothing where it never was."""
    known: dict[VenueId, Decimal] = {**money.equity, **{v.venue: v.balance.equity for v in snapshot.known_venues}}
    return lp_value + sum((known.get(view.venue, ZERO) for view in snapshot.venues), ZERO)


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


def unbooked(money: Money, snapshot: Snapshot) -> Decimal:
    """Return the change of the venues' equity since their ledgers were read: result, or money moved, not known yet."""
    return sum(
        (
            view.balance.equity - money.equity[view.venue]
            for view in snapshot.known_venues
            if view.venue in money.equity
        ),
        ZERO,
    )


def breaches(money: Money, funds: Decimal, policy: LossPolicy, fresh: Decimal = ZERO) -> tuple[Breach, ...]:
    """Return the loss limits that are passed: those of a day freeze, those of a lifetime halt.

    ``fresh`` is what is not booked yet. Liquidity is booked at every cycle and a venue only when its ledger is read, so
    without it a quick move would look like a loss of the liquidity alone; with it money that was just withdrawn would
    look like a loss of the hedge. A limit counts as passed where both computations say so.
    """
    if funds <= 0:
        return ()
    gain = max(fresh, ZERO)
    total_day = money.hedge_day + gain + money.liquidity_day
    total_life = money.hedge_life + gain + money.liquidity_life
    checks = (
        ("hedge_life", money.hedge_life + gain, policy.hedge_life),
        ("total_life", total_life, policy.total_life),
        ("hedge_day", money.hedge_day + gain, policy.hedge_day),
        ("total_day", total_day, policy.total_day),
    )
    return tuple(_breach(kind, result, share) for kind, result, share in checks if -result > share * funds)


def _breach(kind: str, result: Decimal, share: Decimal) -> Breach:
    what = "the hedge has lost" if kind.startswith("hedge") else "liquidity and hedge have lost"
    trigger, when = (Trigger.HALT, "since the last resume") if kind.endswith("life") else (Trigger.LIMIT, "today")
    return Breach(kind, trigger, f"{what} {-result:.2f} USD {when}, above {share:.1%} of the capital")


def spent(money: Money, funds: Decimal, policy: LossPolicy) -> tuple[Overspend, ...]:
    """Return the limits on spending that are passed: no more money is spent on adding today."""
    if funds <= 0:
        return ()
    found = []
    if is_funding_over(money, funds, policy):
        paid = f"{-money.funding_day:.2f} USD of funding paid today"
        found.append(Overspend("funding_day", f"{paid}, above {policy.funding_day:.2%} of the capital"))
    if -money.fees_day > policy.cost_day * funds:
        paid = f"{-money.fees_day:.2f} USD of fees paid today"
        found.append(Overspend("cost_day", f"{paid}, above {policy.cost_day:.2%} of the capital"))
    return tuple(found)


def is_funding_over(money: Money, funds: Decimal, policy: LossPolicy) -> bool:
    """Whether the funding paid today is above its limit."""
    return funds > 0 and -money.funding_day > policy.funding_day * funds


def alarms(spending: tuple[Overspend, ...], lost: tuple[Breach, ...]) -> tuple[Alarm, ...]:
    """Tell of limits that are passed, each under its own key, whichever others are passed as well."""
    return (
        *(Alarm(f"spending:{item.kind}", Severity.WARNING, f"{item.reason}: nothing is added") for item in spending),
        *(Alarm(f"loss:{item.kind}", Severity.CRITICAL, item.reason) for item in lost),
    )
