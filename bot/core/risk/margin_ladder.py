"""The margin ladder: what is done on the way to liquidation. Alert, top up, reduce in steps, freeze."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from bot.core.decision import AddMargin, Alarm, PositionRisk, Severity, TopUpAction, Transfer
from bot.core.policy import LadderPolicy, Level, RiskPolicy, StopPolicy
from bot.core.risk.liquidation import MarginAccount
from bot.core.snapshot import VenueView
from bot.core.state import MarketWatch, Rung, TopUp, VenueWatch
from bot.core.types import ZERO, MarketKey

_DAY: Final = timedelta(days=1)
_CENT: Final = Decimal("0.01")
_SEVERITY: Final = {
    Rung.ALERT: Severity.WARNING,
    Rung.TOP_UP: Severity.WARNING,
    Rung.REDUCE: Severity.CRITICAL,
    Rung.FREEZE: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Climb:
    """What the ladder asks for on one short; ``reduce`` is the share of the position to close in this cycle."""

    position_risk: PositionRisk
    rung: Rung
    reduce: Decimal
    reason: str


def levels(policy: LadderPolicy) -> dict[Rung, Level]:
    """Return the levels by step, the nearest to liquidation first."""
    return {
        Rung.FREEZE: policy.freeze,
        Rung.REDUCE: policy.reduce,
        Rung.TOP_UP: policy.top_up,
        Rung.ALERT: policy.alert,
    }


def rung_of(position_risk: PositionRisk, policy: LadderPolicy, before: Rung) -> Rung:
    """Return the step that a short is on. Upwards at once; downwards only past the level by the hysteresis."""
    reached = _reached(position_risk, policy, ZERO)
    if reached.height >= before.height:
        return reached
    eased = _reached(position_risk, policy, policy.hysteresis)
    return min(before, eased, key=lambda rung: rung.height)


def _reached(position_risk: PositionRisk, policy: LadderPolicy, slack: Decimal) -> Rung:
    for rung, level in levels(policy).items():
        near = position_risk.distance is not None and position_risk.distance <= level.distance * (1 + slack)
        if near or position_risk.ratio >= level.ratio * (1 - slack):
            return rung
    return Rung.CALM


def climb(position_risk: PositionRisk, policy: RiskPolicy, watch: MarketWatch | None, at: datetime) -> Climb:
    """Return the action for a short's step on the ladder; near liquidation one that lacks its stop is reduced too."""
    ladder = policy.ladder
    rung = rung_of(position_risk, ladder, watch.rung if watch else Rung.CALM)
    if rung.height >= Rung.REDUCE.height:
        return Climb(position_risk, rung, ladder.step, f"margin ladder: {words(position_risk)}")
    if watch is not None and watch.bare_since is not None and _is_near(position_risk, policy.stop):
        due = max(watch.bare_since, watch.bare_step_at or watch.bare_since) + policy.stop.grace_time
        if at >= due:
            return Climb(position_risk, rung, ladder.step, f"no verified stop for {_lasting(at - watch.bare_since)}")
    return Climb(position_risk, rung, ZERO, "")


def _is_near(position_risk: PositionRisk, policy: StopPolicy) -> bool:
    """Whether liquidation is so near that a short without a stop has to be reduced."""
    return position_risk.distance is not None and position_risk.distance <= policy.reduce_distance


def _lasting(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} s"


def bare_alarm(position_risk: PositionRisk, lasted: timedelta, policy: StopPolicy) -> Alarm:
    """Return an alarm about a short without a verified stop: at once, and loudly once the grace is over."""
    name = f"{position_risk.symbol} at {position_risk.venue}"
    text = f"{name}: short {-position_risk.size:f} without a verified stop for {_lasting(lasted)}: nothing is added"
    is_over = lasted >= policy.grace_time
    if is_over and _is_near(position_risk, policy):
        text = f"{text}, and it is reduced step by step, since {words(position_risk)}"
    elif is_over:
        text = (
            f"{text}; it is kept, since liquidation is farther than risk.stop.reduce_distance: {words(position_risk)}"
        )
    severity = Severity.CRITICAL if is_over else Severity.WARNING
    return Alarm(f"bare:{position_risk.venue}:{position_risk.symbol}", severity, text)


def words(position_risk: PositionRisk) -> str:
    """Return how far a short is from liquidation."""
    price = (
        "no liquidation price"
        if position_risk.liquidation is None
        else f"liquidation at {position_risk.liquidation:.6g}"
    )
    far = (
        ""
        if position_risk.distance is None
        else f", {position_risk.distance:.1%} above the mark {position_risk.mark:.6g}"
    )
    return f"{position_risk.symbol} at {position_risk.venue}: {price}{far}, margin ratio {position_risk.ratio:.1%}"


def alarm(item: Climb) -> Alarm | None:
    """Return an alarm about a short that is on the ladder; louder the higher it is."""
    if item.rung is Rung.CALM:
        return None
    done = {
        Rung.ALERT: "watch it",
        Rung.TOP_UP: "margin is added as far as allowed",
        Rung.REDUCE: "it is reduced, and that much of the liquidity is unhedged",
        Rung.FREEZE: "it is reduced, the bot freezes, and that much of the liquidity is unhedged",
    }[item.rung]
    position_risk = item.position_risk
    key = f"margin:{position_risk.venue}:{position_risk.symbol}"
    return Alarm(key, _SEVERITY[item.rung], f"{words(position_risk)}: {done}")


@dataclass(frozen=True, slots=True)
class Funds:
    """The top-ups of one venue: what is done now, what is remembered, and what could not be done."""

    actions: tuple[TopUpAction, ...]
    watch: VenueWatch
    alarms: tuple[Alarm, ...]
    relieved: frozenset[str]


def top_up(view: VenueView, climbs: tuple[Climb, ...], watch: VenueWatch, policy: LadderPolicy, at: datetime) -> Funds:
    """Add margin to the shorts that need it: isolated ones from free cash, cross ones from the venue's other wallets.

    Money is asked for at most once per ``spacing`` and venue, so that nothing is repeated on a read that does not show
    it yet, and within the daily cap; what was asked for counts, whatever the venue answered. ``relieved`` names the
    shorts that the money brings back above the reduce level: they need no reduction in this cycle.
    """
    recent = tuple(item for item in watch.top_ups if at - item.at < _DAY)
    needy = [item for item in climbs if item.rung.height >= Rung.TOP_UP.height]
    spent = sum((item.amount for item in recent), ZERO)
    if not needy or any(at - item.at < policy.spacing for item in recent):
        return Funds((), watch if recent == watch.top_ups else replace(watch, top_ups=recent), (), frozenset())
    left = max(policy.daily_top_up - spent, ZERO)
    account, actions, alarms, relieved = MarginAccount(view), list[TopUpAction](), list[Alarm](), set[str]()
    free, reserve = max(view.balance.available, ZERO), view.balance.reserve
    is_cross_done = False
    for item in sorted(needy, key=lambda one: one.position_risk.symbol):
        position_risk = item.position_risk
        isolated = account.position(position_risk.symbol).is_isolated
        if not isolated and is_cross_done:
            continue
        need = _need(account, position_risk, policy)
        amount = _cents(min(need, left, free if isolated else reserve))
        if amount > 0:
            actions.append(_action(position_risk, amount, isolated=isolated))
            left -= amount
            free, reserve = (free - amount, reserve) if isolated else (free, reserve - amount)
        if amount < _cents(need):
            alarms.append(_short_of(position_risk, need, amount))
        is_cross_done = is_cross_done or not isolated
        if amount >= _cents(_need(account, position_risk, policy, policy.reduce)):
            relieved |= _together(account, position_risk, climbs)
    done = tuple(TopUp(at, action.amount) for action in actions)
    return Funds(tuple(actions), replace(watch, top_ups=(*recent, *done)), tuple(alarms), frozenset(relieved))


def _together(account: MarginAccount, position_risk: PositionRisk, climbs: tuple[Climb, ...]) -> set[str]:
    """Return the shorts that money for one of them helps: itself, or every cross one."""
    if account.position(position_risk.symbol).is_isolated:
        return {position_risk.symbol}
    return {one.position_risk.symbol for one in climbs if not account.position(one.position_risk.symbol).is_isolated}


def _need(
    account: MarginAccount, position_risk: PositionRisk, policy: LadderPolicy, to: Level | None = None
) -> Decimal:
    """Return the USD that bring a short back past a level (the alert level) with its hysteresis."""
    level = to or policy.alert
    distance, ratio = level.distance * (1 + policy.hysteresis), level.ratio * (1 - policy.hysteresis)
    together = (position_risk.symbol,) if account.position(position_risk.symbol).is_isolated else account.crossed
    at_level = now = whole = ZERO
    for one in together:
        notional = account.notional(one)
        at_level += account.maintenance(one, notional * (1 + distance))
        now += account.maintenance(one, notional)
        whole += notional if account.position(one).size < 0 else ZERO
    equity = account.backing(position_risk.symbol)
    return max(whole * distance + at_level - equity, now / ratio - equity if ratio > 0 else ZERO, ZERO)


def _cents(amount: Decimal) -> Decimal:
    return max((amount / _CENT).to_integral_value(ROUND_FLOOR) * _CENT, ZERO)


def _action(position_risk: PositionRisk, amount: Decimal, *, isolated: bool) -> TopUpAction:
    reason = f"margin ladder: {words(position_risk)}"
    if isolated:
        return AddMargin(position_risk.venue, position_risk.symbol, amount, reason)
    return Transfer(position_risk.venue, amount, reason)


def _short_of(position_risk: PositionRisk, need: Decimal, amount: Decimal) -> Alarm:
    message = f"{words(position_risk)}: {need:.2f} USD of margin are wanted, {amount:.2f} can be added"
    return Alarm(f"top-up:{position_risk.venue}:{position_risk.symbol}", Severity.WARNING, message)


def reduction(item: Climb, lot: Decimal) -> Decimal:
    """Return how much of a short to close in this cycle, base units in whole lots, at least one."""
    size = -item.position_risk.size
    lots = (size * item.reduce / lot).to_integral_value(ROUND_CEILING)
    return min(lots * lot, (size / lot).to_integral_value(ROUND_FLOOR) * lot)


def watched(
    markets: Mapping[MarketKey, MarketWatch], climbs: Iterable[Climb], reduced: Container[MarketKey], at: datetime
) -> dict[MarketKey, MarketWatch]:
    """Note every short's step, and which are reduced now since their stop is missing; no short: no step."""
    rungs = {(item.position_risk.venue, item.position_risk.symbol): item.rung for item in climbs}
    return {
        key: _watch(watch, rungs.get(key, Rung.CALM), at, is_reduced=key in reduced) for key, watch in markets.items()
    }


def _watch(watch: MarketWatch, rung: Rung, at: datetime, *, is_reduced: bool) -> MarketWatch:
    stepped = _stepped(watch, at, is_reduced=is_reduced)
    is_same = watch.rung is rung and watch.bare_step_at == stepped
    return watch if is_same else replace(watch, rung=rung, bare_step_at=stepped)


def _stepped(watch: MarketWatch, at: datetime, *, is_reduced: bool) -> datetime | None:
    if watch.bare_since is None:
        return None
    return at if is_reduced else watch.bare_step_at
