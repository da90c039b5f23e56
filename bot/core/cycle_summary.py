"""The account of a cycle: each underlying's reckoning in words, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.data_quality.staleness import Doubt
from bot.core.decision import Alarm, Band, Hedge, Severity
from bot.core.hedge.plan import Plan
from bot.core.hedge.target import Aim
from bot.core.lp.exposure import Exposure
from bot.core.policy import Policy
from bot.core.risk.context import Ruling
from bot.core.snapshot import PerpPosition, Snapshot, VenueView
from bot.core.state import Dispute, Held, Pending, PendingStatus, State, market_key
from bot.core.types import ZERO, PositionId, Symbol, Underlying, VenueId

ESCALATES: Final = timedelta(minutes=10)
"""How long liquidity may stay under-hedged before its alarm is of the loudest kind."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """One hedged underlying on its way through the pipeline; ``band`` is None where no venue can be read."""

    aim: Aim
    band: Band | None
    plan: Plan


@dataclass(frozen=True, slots=True)
class Stray:
    """An open position in a market that the policy does not use; it is shown and left alone."""

    venue: VenueId
    underlying: Underlying
    position: PerpPosition
    mark: Decimal


def strays(snapshot: Snapshot, policy: Policy) -> tuple[Stray, ...]:
    """Find the open positions that no hedge of the policy accounts for."""
    used: dict[tuple[VenueId, Symbol], None] = {
        (market.venue, market.symbol): None for hedge in policy.hedges.values() for market in hedge.markets
    }
    return tuple(
        Stray(view.venue, quote.market.underlying, position, quote.mark.price)
        for view in snapshot.venues
        if isinstance(view, VenueView)
        for symbol, position in view.positions.items()
        if position.size and (view.venue, symbol) not in used and (quote := view.quotes.get(symbol))
    )


def hedges(
    reckonings: Iterable[Reckoning],
    exposures: Mapping[Underlying, Exposure],
    others: Iterable[Stray],
    ruling: Ruling,
) -> tuple[Hedge, ...]:
    """Give every underlying's line, ordered by name: the hedged ones, and what is only held or only open."""
    lines = {item.aim.underlying: _line(item, ruling) for item in reckonings}
    open_elsewhere: dict[Underlying, tuple[Decimal, Decimal]] = {}
    for stray in others:
        size, _ = open_elsewhere.get(stray.underlying, (ZERO, ZERO))
        open_elsewhere[stray.underlying] = size + stray.position.size, stray.mark
    for key in (*exposures, *open_elsewhere):
        if key not in lines:
            position, mark = open_elsewhere.get(key, (None, None))
            amount = exposures[key].amount if key in exposures else ZERO
            note = "no hedge is configured: shown, not hedged"
            lines[key] = Hedge(key, amount, ZERO, position, ZERO, None, None, mark, note)
    return tuple(lines[key] for key in sorted(lines))


def _line(item: Reckoning, ruling: Ruling) -> Hedge:
    aim = item.aim
    cuts = (cut.words for cut in ruling.cuts if cut.order.underlying == aim.underlying)
    refusals = (
        f"refused by {refused.guard}: {refused.reason}"
        for refused in ruling.refused
        if refused.order.underlying == aim.underlying
    )
    first = aim.lanes.first
    return Hedge(
        underlying=aim.underlying,
        exposure=aim.exposure.amount,
        target=aim.target,
        position=aim.lanes.position if first else None,
        in_flight=aim.in_flight,
        drift=aim.drift,
        band=item.band,
        mark=first.mark if first else None,
        note="; ".join([item.plan.note, *cuts, *refusals]),
    )


def alarms(
    snapshot: Snapshot, held: Mapping[PositionId, Held], aims: Iterable[Aim], pending: Iterable[Pending]
) -> list[Alarm]:
    """Tell of orders that are unknown, of positions that vanished or are left out, and of a perpetual that is long."""
    found = [
        Alarm(f"left-out:{item.position}", Severity.WARNING, f"{item.position} is left out: {item.reason}")
        for view in snapshot.chains
        for item in view.left_out
    ]
    for key, item in held.items():
        if item.missing_blocks:
            message = f"{key} is not seen since block {item.seen_block}: {item.missing_blocks} blocks so far"
            found.append(Alarm(f"missing:{key}", Severity.INFO, message))
    for order in pending:
        if order.status is PendingStatus.UNKNOWN:
            name, request = order.intent.client_id, order.intent.request
            message = f"{name} on {request.symbol} at {request.venue} is unresolved: nothing is added there"
            found.append(Alarm(f"unresolved:{name}", Severity.WARNING, message))
    for aim in aims:
        for lane in aim.lanes.open:
            if lane.position > 0:
                message = (
                    f"{lane.market.symbol} at {lane.market.venue} is long {lane.position:f}: hedges are never long"
                )
                found.append(Alarm(f"long:{lane.market.venue}:{lane.market.symbol}", Severity.CRITICAL, message))
    return found


def unhedged_alarms(
    reckonings: Iterable[Reckoning], ruling: Ruling, outside: Mapping[Underlying, datetime], now: datetime
) -> list[Alarm]:
    """Tell of liquidity that stays under-hedged beyond its band though nothing rests or goes out in full against it.

    The alarm grows: after ``ESCALATES`` it is of the loudest kind.
    """
    sold: dict[Underlying, Decimal] = {}
    for item in ruling.approved:
        sold[item.order.underlying] = sold.get(item.order.underlying, ZERO) - item.order.quantity
    found = []
    for reckoning in reckonings:
        aim, band = reckoning.aim, reckoning.band
        if aim.drift is None or band is None or aim.drift - sold.get(aim.underlying, ZERO) <= band.outer:
            continue
        left, since = aim.drift - sold.get(aim.underlying, ZERO), outside.get(aim.underlying, now)
        share = left / aim.exposure.amount if aim.exposure.amount else ZERO
        calm = Severity.INFO if sold.get(aim.underlying) else Severity.WARNING
        severity = Severity.CRITICAL if now - since >= ESCALATES else calm
        minutes = (now - since).total_seconds() / 60
        text = (
            f"{left:.6g} {aim.underlying} ({share:.1%} of the exposure) stays unhedged, for {minutes:.0f} minutes now"
        )
        found.append(Alarm(f"unhedged:{aim.underlying}", severity, text))
    return found


def fired(state: State, policy: Policy) -> dict[Underlying, datetime]:
    """Give when a stop of each underlying fired last, whatever the venue."""
    found: dict[Underlying, datetime] = {}
    for underlying, hedge in policy.hedges.items():
        times = [at for item in hedge.markets if (at := state.fired.get(market_key(item.venue, item.symbol)))]
        if times:
            found[underlying] = max(times)
    return found


def fired_alarms(stops: Mapping[Underlying, datetime], cool_down: timedelta, now: datetime) -> list[Alarm]:
    """Tell of stops that have fired, as long as nothing is opened again for that."""
    return [
        Alarm(
            f"fired:{underlying}",
            Severity.CRITICAL,
            f"a stop of {underlying} fired at {at:%H:%M:%S} UTC: its liquidity is unhedged, no re-entry until "
            f"{at + cool_down:%H:%M:%S} UTC",
        )
        for underlying, at in stops.items()
        if now < at + cool_down
    ]


def dispute_alarms(disputes: Iterable[Dispute]) -> list[Alarm]:
    """Tell on what a venue and the journal disagree, or did a moment ago."""
    return [
        Alarm(item.key, Severity.CRITICAL if item.is_critical else Severity.WARNING, item.message) for item in disputes
    ]


def distrust_alarms(doubts: Iterable[Doubt], others: Iterable[Stray]) -> list[Alarm]:
    """Tell what is not believed, and what is open in markets that nobody hedges with."""
    found = [
        Alarm(doubt.key, Severity.WARNING, f"{doubt.reason}: nothing is added in {', '.join(doubt.underlyings)}")
        for doubt in doubts
    ]
    for stray in others:
        symbol, size = stray.position.symbol, stray.position.size
        message = f"{symbol} at {stray.venue} holds {size:f}, which no hedge uses: it is left alone"
        found.append(Alarm(f"stray:{stray.venue}:{symbol}", Severity.WARNING, message))
    return found
