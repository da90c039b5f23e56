"""Protection of the shorts that are there: the margin ladder and the stops, before orders go out and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.data_quality import position_tracking
from bot.core.decision import Alarm, Decision, PositionRisk, Severity, StopAction, TopUpAction
from bot.core.hedge.markets import HedgeMarkets, MarketState, hedge_markets_of, in_flight, known_venues
from bot.core.hedge.plan import Relief
from bot.core.inputs import CycleInputs, Pending, Settlement
from bot.core.policy import Policy
from bot.core.risk import margin_ladder, stop_loss
from bot.core.risk.liquidation import position_risks
from bot.core.risk.margin_ladder import Climb
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import MarketWatch, Rung, State, VenueWatch
from bot.core.types import ZERO, MarketKey, Underlying, VenueId

_DISAGREE: Final = Decimal("0.02")
"""How far the venue's liquidation price may be from the computed one before it is told."""


@dataclass(frozen=True, slots=True)
class ProtectiveActions:
    """What the margin ladder asks for in this cycle."""

    climbs: tuple[Climb, ...]
    top_ups: tuple[TopUpAction, ...]
    reliefs: Mapping[MarketKey, Relief]
    venues: dict[VenueId, VenueWatch]
    alarms: tuple[Alarm, ...]

    @property
    def freezes(self) -> str | None:
        """Why the bot has to freeze, None where it has not."""
        return next((margin_ladder.words(item.position_risk) for item in self.climbs if item.rung is Rung.FREEZE), None)


def protective_actions(
    snapshot: Snapshot, markets: Mapping[MarketKey, MarketWatch], venues: Mapping[VenueId, VenueWatch], policy: Policy
) -> ProtectiveActions:
    """Put every short on the ladder, and say what it asks for: money first, then reductions."""
    steps, grace = policy.risk.ladder, policy.risk.stop.grace
    climbs: list[Climb] = []
    actions: list[TopUpAction] = []
    alarms: list[Alarm] = []
    reliefs: dict[MarketKey, Relief] = {}
    after = dict(venues)
    for view in snapshot.known_venues:
        here = tuple(
            margin_ladder.climb(one, steps, markets.get((one.venue, one.symbol)), grace) for one in position_risks(view)
        )
        funds = margin_ladder.top_up(view, here, after[view.venue], steps, snapshot.observed_at)
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
    return ProtectiveActions(tuple(climbs), tuple(actions), reliefs, after, tuple(alarms))


def _relief(view: VenueView, item: Climb) -> Relief:
    return Relief(margin_ladder.reduction(item, view.quotes[item.position_risk.symbol].market.lot), item.reason)


def _disagreements(climbs: Iterable[Climb]) -> list[Alarm]:
    """Tell where the venue's liquidation price is not the computed one; the nearer of them counts."""
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
    """The stops of all markets: what is done, what is told, the shorts with their stops, and bare cycles counted."""

    actions: tuple[StopAction, ...]
    alarms: tuple[Alarm, ...]
    position_risks: tuple[PositionRisk, ...]
    markets: dict[MarketKey, MarketWatch]


def cover(
    hedge_markets: Mapping[Underlying, HedgeMarkets],
    snapshot: Snapshot,
    pending: tuple[Pending, ...],
    markets: Mapping[MarketKey, MarketWatch],
    policy: Policy,
    shorts: Iterable[PositionRisk],
) -> Cover:
    """Decide about every market's stop.

    ``markets`` hold the counts of the last cycle, and the present steps; ``shorts`` say where each short stands.
    """
    actions: list[StopAction] = []
    alarms: list[Alarm] = []
    after = dict(markets)
    found = {(one.venue, one.symbol): one for one in shorts}
    views = known_venues(snapshot)
    for underlying, item in hedge_markets.items():
        for market_state in item.open:
            key = market_state.market.venue, market_state.market.symbol
            position_risk, old = found.get(key), after[key]
            orders = views[market_state.market.venue].open_orders
            what = stop_loss.protect(market_state, underlying, position_risk, orders, pending, policy.risk.stop)
            bare = old.bare + 1 if what.is_bare else 0
            after[key] = replace(old, bare=bare)
            actions += what.actions
            alarms += [*what.alarms, *_bare_alarm(market_state, bare, policy.risk.stop.grace)]
            if position_risk is not None:
                found[key] = replace(position_risk, rung=old.rung, stop=what.verified)
    return Cover(tuple(actions), tuple(alarms), tuple(found.values()), after)


def _bare_alarm(market_state: MarketState, bare: int, grace: int) -> list[Alarm]:
    if bare < grace:
        return []
    severity = Severity.CRITICAL if bare > grace else Severity.WARNING
    name = f"{market_state.market.symbol} at {market_state.market.venue}"
    text = f"{name}: short {-market_state.position:f} without a verified stop for {bare} cycles"
    if bare > grace:
        text = f"{text}: it is reduced"
    return [Alarm(f"bare:{market_state.market.venue}:{market_state.market.symbol}", severity, text)]


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
    # a stop that was verified before this cycle's orders ends the count, and one cycle counts once
    counted = {
        key: replace(item, bare=min(item.bare, before.markets[key].bare if key in before.markets else 0))
        for key, item in markets.items()
    }
    views = known_venues(fresh)
    hedge_markets = {key: hedge_markets_of(policy.hedges[key], views, flights) for key in sorted(policy.hedges)}
    shorts = [one for view in fresh.known_venues for one in position_risks(view)]
    covered = cover(hedge_markets, fresh, settlement.pending, counted, policy, shorts)
    told = {alarm.key for alarm in covered.alarms} | {alarm.key for alarm in jumps}
    kept = tuple(
        alarm for alarm in decision.alarms if alarm.key not in told and not alarm.key.startswith(("bare:", "stop:"))
    )
    return replace(
        decision,
        stops=covered.actions,
        position_risks=covered.position_risks,
        alarms=(*kept, *jumps, *covered.alarms),
        state=replace(state, markets=covered.markets),
    )
