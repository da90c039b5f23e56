"""The summary of a cycle: each underlying's computation, and what an operator should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.decision import Alarm, Band, Hedge, Remark, RemarkCode, Severity
from bot.core.hedge.plan import Plan
from bot.core.hedge.target import HedgeTarget
from bot.core.inputs import CycleInputs, Dispute, Pending, PendingStatus
from bot.core.lp.exposure import Exposure
from bot.core.policy import Policy
from bot.core.risk.context import RiskVerdicts
from bot.core.snapshot import ChainView, LeftOut, LpPosition, PerpPosition, Snapshot, VenueView
from bot.core.state import Held
from bot.core.types import ZERO, MarketKey, PositionId, Underlying, VenueId

WIDE: Final = Decimal("0.5")
"""Share of the target above which a band raises an alarm."""
_NOT_HEDGED: Final = (Remark(RemarkCode.NOT_HEDGED),)
_ESCALATES: Final = timedelta(minutes=10)
"""How long liquidity may stay under-hedged before its alarm is of the highest severity."""
FARM_SHUT: Final = "farm-shut"
"""First words of the alarm about a position in a farm that pays no more."""
CAVEAT: Final = "caveat"
"""First words of the alarm about a position in whose amounts something is taken for granted."""


@dataclass(frozen=True, slots=True)
class HedgeComputation:
    """One hedged underlying on its way through the pipeline; ``band`` is None where no venue can be read."""

    hedge_target: HedgeTarget
    band: Band | None
    plan: Plan


@dataclass(frozen=True, slots=True)
class UnknownPosition:
    """An open position in a market that the policy does not use; it is shown and left alone."""

    venue: VenueId
    underlying: Underlying
    position: PerpPosition
    mark: Decimal


def unknown_positions(snapshot: Snapshot, policy: Policy) -> tuple[UnknownPosition, ...]:
    """Find the open positions that no hedge of the policy accounts for."""
    used: dict[MarketKey, None] = {
        (market.venue, market.symbol): None for hedge in policy.hedges.values() for market in hedge.markets
    }
    return tuple(
        UnknownPosition(view.venue, quote.market.underlying, position, quote.mark.price)
        for view in snapshot.venues
        if isinstance(view, VenueView)
        for symbol, position in view.positions.items()
        if position.size and (view.venue, symbol) not in used and (quote := view.quotes.get(symbol))
    )


def hedges(
    computations: Iterable[HedgeComputation],
    exposures: Mapping[Underlying, Exposure],
    others: Iterable[UnknownPosition],
) -> tuple[Hedge, ...]:
    """Return every underlying's line, ordered by name: the hedged ones, and what is only held or only open."""
    lines = {item.hedge_target.underlying: _line(item) for item in computations}
    open_elsewhere: dict[Underlying, tuple[Decimal, Decimal]] = {}
    for unknown in others:
        size, _ = open_elsewhere.get(unknown.underlying, (ZERO, ZERO))
        open_elsewhere[unknown.underlying] = size + unknown.position.size, unknown.mark
    for key in (*exposures, *open_elsewhere):
        if key not in lines:
            position, mark = open_elsewhere.get(key, (None, None))
            amount = exposures[key].amount if key in exposures else ZERO
            lines[key] = Hedge(key, amount, ZERO, position, ZERO, None, None, mark, _NOT_HEDGED)
    return tuple(lines[key] for key in sorted(lines))


def _line(item: HedgeComputation) -> Hedge:
    hedge_target = item.hedge_target
    first = hedge_target.hedge_markets.first
    return Hedge(
        underlying=hedge_target.underlying,
        exposure=hedge_target.exposure.amount,
        target=hedge_target.target,
        position=hedge_target.hedge_markets.position if first else None,
        in_flight=hedge_target.in_flight,
        drift=hedge_target.drift,
        band=item.band,
        mark=first.mark if first else None,
        remarks=item.plan.remarks,
        lean=hedge_target.lean,
    )


def alarms(
    snapshot: Snapshot,
    held: Mapping[PositionId, Held],
    hedge_targets: Iterable[HedgeTarget],
    pending: Iterable[Pending],
    grace: timedelta,
) -> list[Alarm]:
    """Return alarms about unknown orders, positions that vanished, are left out or earn nothing, and long positions."""
    found = [alarm for view in snapshot.chains for alarm in _left_out(view, held)]
    found += [alarm for view in snapshot.chains for alarm in _moved(view, held, grace)]
    found += [alarm for position in snapshot.positions for alarm in _doubtful(position)]
    for key, item in held.items():
        if item.missing_blocks:
            message = f"{key} is not seen since block {item.seen_block}: {item.missing_blocks} blocks so far"
            found.append(Alarm(f"missing:{key}", Severity.INFO, message))
    for order in pending:
        if order.status is PendingStatus.UNKNOWN:
            name, request = order.intent.client_id, order.intent.request
            message = f"{name} on {request.symbol} at {request.venue} is unresolved: nothing is added there"
            found.append(Alarm(f"unresolved:{name}", Severity.WARNING, message))
    for hedge_target in hedge_targets:
        for one in hedge_target.hedge_markets.open:
            if one.position > 0:
                venue, symbol = one.market.venue, one.market.symbol
                message = f"{symbol} at {venue} is long {one.position:f}: hedges are never long"
                found.append(Alarm(f"long:{venue}:{symbol}", Severity.CRITICAL, message))
    return found


def _left_out(view: ChainView, held: Mapping[PositionId, Held]) -> Iterator[Alarm]:
    """Return alarms about positions left out: one for each that is configured or counted before, one for all gifts."""
    gifts: list[LeftOut] = []
    for item in view.left_out:
        if item.is_discovered and item.position not in held:
            gifts.append(item)
        else:
            message = f"{item.position} is left out: {item.reason}"
            yield Alarm(f"left-out:{item.position}", Severity.WARNING, message)
    if gifts:
        first, others = gifts[0], f" and {len(gifts) - 1} more" if len(gifts) > 1 else ""
        message = (
            f"{first.position}{others}: nobody vouches for what they hold, so they count for nothing. {first.reason}"
        )
        yield Alarm(f"left-out:{view.chain}", Severity.WARNING, message)


def _doubtful(position: LpPosition) -> Iterator[Alarm]:
    """Return alarms about a position in a farm that was shut, and about what is taken for granted; both stay hedged."""
    if position.farm_shut:
        message = (
            f"{position.id} is staked in {position.staked_in}, which was shut: it earns no more rewards there, and "
            "stays hedged; take it out, what it has earned can still be claimed"
        )
        yield Alarm(f"{FARM_SHUT}:{position.id}", Severity.WARNING, message)
    if position.caveat:
        yield Alarm(f"{CAVEAT}:{position.id}", Severity.WARNING, f"{position.id}: {position.caveat}")


def _moved(view: ChainView, held: Mapping[PositionId, Held], grace: timedelta) -> Iterator[Alarm]:
    """Return alarms about positions that belong to another contract now: staked perhaps, or given away."""
    for item in view.moved:
        old = held.get(item.position.id)
        if old is None or old.moved_since is None:
            continue
        until = f"{old.moved_since + grace:%H:%M:%S} UTC"
        text = (
            f"{item.position.id} belongs to the contract {item.holder} now: it is hedged until {until}; if it is still "
            "yours (a stake), name its id in token_ids of its protocol"
        )
        yield Alarm(f"moved:{item.position.id}", Severity.WARNING, text)


def unhedged_alarms(
    computations: Iterable[HedgeComputation],
    verdicts: RiskVerdicts,
    outside: Mapping[Underlying, datetime],
    now: datetime,
) -> list[Alarm]:
    """Return alarms about liquidity that stays under-hedged beyond its band with no full order resting or sent.

    The alarm grows: after ``_ESCALATES`` it is of the highest severity.
    """
    sold: dict[Underlying, Decimal] = {}
    for item in verdicts.approved:
        sold[item.order.underlying] = sold.get(item.order.underlying, ZERO) - item.order.quantity
    found = []
    for computation in computations:
        hedge_target, band = computation.hedge_target, computation.band
        if (
            hedge_target.drift is None
            or band is None
            or hedge_target.drift - sold.get(hedge_target.underlying, ZERO) <= band.outer
        ):
            continue
        underlying, exposure = hedge_target.underlying, hedge_target.exposure.amount
        left, since = hedge_target.drift - sold.get(underlying, ZERO), outside.get(underlying, now)
        share = left / exposure if exposure else ZERO
        calm = Severity.INFO if sold.get(underlying) else Severity.WARNING
        severity = Severity.CRITICAL if now - since >= _ESCALATES else calm
        minutes = (now - since).total_seconds() // 60
        lasted = f", for {minutes:.0f} minutes now" if minutes else ""
        text = f"{left:.6g} {underlying} ({share:.1%} of the exposure) stays unhedged{lasted}"
        found.append(Alarm(f"unhedged:{underlying}", severity, text))
    return found


def band_alarm(underlying: Underlying) -> str:
    """Return the key of the alarm of a wide band."""
    return f"band:{underlying}"


def band_alarms(computations: Iterable[HedgeComputation]) -> list[Alarm]:
    """Return alarms about bands nearly as wide as their target: there the hedge hardly follows its liquidity."""
    found = []
    for item in computations:
        target, band = -item.hedge_target.target, item.band
        if band is not None and target > 0 and band.outer >= WIDE * target:
            text = (
                f"the band of {item.hedge_target.underlying} is {band.outer / target:.0%} of what is to be hedged, and "
                "within it nothing is traded: its ranges are narrow for what trading costs; widen them, or raise "
                "hedge.band.risk_aversion"
            )
            found.append(Alarm(band_alarm(item.hedge_target.underlying), Severity.WARNING, text))
    return found


def fired(inputs: CycleInputs, policy: Policy) -> dict[Underlying, datetime]:
    """Return when a stop of each underlying fired last, whatever the venue."""
    found: dict[Underlying, datetime] = {}
    for underlying, hedge in policy.hedges.items():
        times = [at for item in hedge.markets if (at := inputs.fired.get((item.venue, item.symbol)))]
        if times:
            found[underlying] = max(times)
    return found


def fired_alarms(stops: Mapping[Underlying, datetime], cool_down: timedelta, now: datetime) -> list[Alarm]:
    """Return alarms about stops that have fired, as long as nothing is opened again for that."""
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
    """Return alarms about what a venue and the journal disagree on, or did a moment ago."""
    return [
        Alarm(item.key, Severity.CRITICAL if item.is_critical else Severity.WARNING, item.message) for item in disputes
    ]


def stray_alarms(others: Iterable[UnknownPosition]) -> list[Alarm]:
    """Return alarms about open positions in markets that no hedge uses."""
    found = []
    for unknown in others:
        symbol, size = unknown.position.symbol, unknown.position.size
        message = f"{symbol} at {unknown.venue} holds {size:f}, which no hedge uses: it is left alone"
        found.append(Alarm(f"stray:{unknown.venue}:{symbol}", Severity.WARNING, message))
    return found
