"""Protection of the shorts that are there: the margin ladder and the stops, before orders go out and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.data_quality import position_tracking
from bot.core.decision import Alarm, Decision, PositionRisk, Severity, StopAction, TopUpAction
from bot.core.hedge.markets import HedgeMarkets, hedge_markets_of, in_flight, known_venues
from bot.core.hedge.plan import Relief
from bot.core.inputs import CycleInputs, Pending, Settlement
from bot.core.policy import Policy, StopPolicy
from bot.core.risk import margin_ladder, stop_loss
from bot.core.risk.liquidation import position_risks
from bot.core.risk.margin_ladder import Climb
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import MarketWatch, Rung, State, VenueWatch
from bot.core.types import ZERO, MarketKey, Underlying, VenueId

_DISAGREE: Final = Decimal("0.02")
"""How far the venue's liquidation price may be from the computed one before it raises an alarm."""


@dataclass(frozen=True, slots=True)
class ProtectiveActions:
    """What the margin ladder asks for in this cycle, and what is remembered of it."""

    climbs: tuple[Climb, ...]
    top_ups: tuple[TopUpAction, ...]
    reliefs: Mapping[MarketKey, Relief]
    markets: dict[MarketKey, MarketWatch]
    venues: dict[VenueId, VenueWatch]
    alarms: tuple[Alarm, ...]

    @property
    def freezes(self) -> str | None:
        """Why the bot has to freeze, None where it has not."""
        return next((margin_ladder.words(item.position_risk) for item in self.climbs if item.rung is Rung.FREEZE), None)


def protective_actions(
    snapshot: Snapshot,
    before: Mapping[MarketKey, MarketWatch],
    markets: Mapping[MarketKey, MarketWatch],
    venues: Mapping[VenueId, VenueWatch],
    policy: Policy,
) -> ProtectiveActions:
    """Find every short's step on the ladder and the actions for it: money first, then reductions.

    ``before`` are the markets as the last observation left them, ``markets`` as they are now.
    """
    steps, at = policy.risk.ladder, snapshot.observed_at
    watches = dict(markets)
    climbs: list[Climb] = []
    actions: list[TopUpAction] = []
    alarms: list[Alarm] = []
    reliefs: dict[MarketKey, Relief] = {}
    after = dict(venues)
    for view in snapshot.known_venues:
        shorts = position_risks(view)
        watches |= _with_stops(watches, before, view, shorts, policy.risk.stop)
        here = tuple(margin_ladder.climb(one, policy.risk, watches.get((one.venue, one.symbol)), at) for one in shorts)
        funds = margin_ladder.top_up(view, here, after[view.venue], steps, at)
        after[view.venue] = funds.watch
        climbs += here
        actions += funds.actions
        alarms += [
            *(alarm for item in here if (alarm := margin_ladder.alarm(item))),
            *funds.alarms,
            *_disagreements(here),
        ]
        reliefs |= {
            (view.venue, item.position_risk.symbol): _relief(view, item)
            for item in here
            if item.reduce > 0
            and not (item.position_risk.symbol in funds.relieved and item.rung.height < Rung.FREEZE.height)
        }
    watched = margin_ladder.watched(watches, climbs, reliefs, at)
    return ProtectiveActions(tuple(climbs), tuple(actions), reliefs, watched, after, tuple(alarms))


def _with_stops(
    markets: Mapping[MarketKey, MarketWatch],
    before: Mapping[MarketKey, MarketWatch],
    view: VenueView,
    shorts: Iterable[PositionRisk],
    policy: StopPolicy,
) -> dict[MarketKey, MarketWatch]:
    """Note since when the shorts of a venue have no verified stop.

    A stop has to cover what the short was at the last observation already; what was sold since has until the next one.
    """
    bare = {(one.venue, one.symbol): one for one in shorts if _is_bare(one, before, view, policy)}
    found = {}
    for symbol in view.positions:
        key = view.venue, symbol
        since = markets[key].bare_since or view.as_of if key in bare else None
        found[key] = markets[key] if since == markets[key].bare_since else replace(markets[key], bare_since=since)
    return found


def _is_bare(short: PositionRisk, before: Mapping[MarketKey, MarketWatch], view: VenueView, policy: StopPolicy) -> bool:
    last = before.get((short.venue, short.symbol))
    if last is None:
        return False
    stops = stop_loss.verified(short, view.open_orders)
    return stop_loss.covered(stops) < min(-last.position, -short.size) * (1 - policy.size_tolerance)


def _relief(view: VenueView, item: Climb) -> Relief:
    return Relief(margin_ladder.reduction(item, view.quotes[item.position_risk.symbol].market.lot), item.reason)


def _disagreements(climbs: Iterable[Climb]) -> list[Alarm]:
    """Return alarms where the venue's liquidation price is not the computed one; the nearer of them counts."""
    found = []
    for item in climbs:
        one = item.position_risk
        if one.reported is not None and one.computed is not None and abs(one.reported / one.computed - 1) > _DISAGREE:
            prices = f"liquidation at {one.reported:.6g} says the venue, {one.computed:.6g} by formula"
            text = f"{one.symbol} at {one.venue}: {prices}"
            found.append(
                Alarm(f"liquidation:{one.venue}:{one.symbol}", Severity.WARNING, f"{text}; the nearer one counts")
            )
    return found


@dataclass(frozen=True, slots=True)
class Cover:
    """The stops of all markets: the actions, the alarms, and the shorts with their stops."""

    actions: tuple[StopAction, ...]
    alarms: tuple[Alarm, ...]
    position_risks: tuple[PositionRisk, ...]


def cover(
    hedge_markets: Mapping[Underlying, HedgeMarkets],
    snapshot: Snapshot,
    pending: tuple[Pending, ...],
    markets: Mapping[MarketKey, MarketWatch],
    policy: Policy,
    shorts: Iterable[PositionRisk],
) -> Cover:
    """Decide about every market's stop.

    ``markets`` hold the present steps, and since when stops are missing; ``shorts`` say where each short stands.
    """
    actions: list[StopAction] = []
    alarms: list[Alarm] = []
    found = {(one.venue, one.symbol): one for one in shorts}
    views = known_venues(snapshot)
    for underlying, item in hedge_markets.items():
        for market_state in item.open:
            key = market_state.market.venue, market_state.market.symbol
            position_risk, watch = found.get(key), markets[key]
            orders = views[market_state.market.venue].open_orders
            what = stop_loss.protect(market_state, underlying, position_risk, orders, pending, policy.risk.stop)
            actions += what.actions
            alarms += what.alarms
            if position_risk is not None:
                found[key] = replace(position_risk, rung=watch.rung, stop=what.trigger)
                if watch.bare_since is not None:
                    lasted = snapshot.observed_at - watch.bare_since
                    alarms.append(margin_ladder.bare_alarm(position_risk, lasted, policy.risk.stop))
    return Cover(tuple(actions), tuple(alarms), tuple(found.values()))


def settle(decision: Decision, inputs: CycleInputs, before: State, settlement: Settlement, policy: Policy) -> Decision:
    """Decide about the stops again after orders went out, on fresh reads of the venues.

    Args:
        decision: the cycle's decision, its orders executed.
        inputs: what the cycle began with.
        before: the state that it began with.
        settlement: the fresh reads, and what became of the orders.
        policy: the settings.
    """
    state, fresh, filled = decision.state, settlement.fresh, settlement.filled
    flights, earlier = in_flight(settlement.pending), in_flight(inputs.pending)
    expected = dict(state.markets)
    for view in fresh.known_venues:
        for symbol in view.positions:
            key = view.venue, symbol
            if key not in state.markets:
                continue
            ends = [flight for flight in (flights.get(key), earlier.get(key)) if flight is not None]
            at = state.markets[key].position + filled.get(key, ZERO)
            low, high = sum((f.selling for f in ends), at), sum((f.buying for f in ends), at)
            expected[key] = replace(state.markets[key], low=low, high=high)
    markets, jumps = position_tracking.follow_markets(
        expected, fresh.known_venues, flights, inputs.fired, fresh.observed_at, policy.risk.settle_time
    )
    risks = {view.venue: position_risks(view) for view in fresh.known_venues}
    for view in fresh.known_venues:
        markets |= _with_stops(markets, before.markets, view, risks[view.venue], policy.risk.stop)
    views = known_venues(fresh)
    hedge_markets = {key: hedge_markets_of(policy.hedges[key], views, flights) for key in sorted(policy.hedges)}
    shorts = [one for found in risks.values() for one in found]
    covered = cover(hedge_markets, fresh, settlement.pending, markets, policy, shorts)
    told = {alarm.key for alarm in covered.alarms} | {alarm.key for alarm in jumps}
    kept = tuple(
        alarm for alarm in decision.alarms if alarm.key not in told and not alarm.key.startswith(("bare:", "stop:"))
    )
    return replace(
        decision,
        stops=covered.actions,
        position_risks=covered.position_risks,
        alarms=(*kept, *jumps, *covered.alarms),
        state=replace(state, markets=markets),
    )
