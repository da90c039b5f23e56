"""The whole decision: a pure function of what was observed, what is remembered and what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal, localcontext
from functools import partial
from typing import Final

from bot.core import cycle_summary, distrust
from bot.core.assess import Assessment, assess, assumed
from bot.core.cycle_summary import HedgeComputation
from bot.core.data_quality import collateral, position_tracking, venue_keys
from bot.core.data_quality.staleness import DataIssue
from bot.core.decision import Approved, Band, Cancel, Decision
from bot.core.hedge.execution_style import work
from bot.core.hedge.joint import joined, joint_bands
from bot.core.hedge.plan import ExecutionStyle, Plan, plan, unread, with_reductions
from bot.core.hedge.rework import followed, recent, requotes_left, rework_all, with_replaced
from bot.core.hedge.target import HedgeTarget, TargetModifiers, diffusion, hedge_target_of
from bot.core.hedge.volatility import Volatility
from bot.core.inputs import CycleInputs, Settlement
from bot.core.lp.exposure import Exposure
from bot.core.policy import Policy
from bot.core.reconciliation.orders import as_shown
from bot.core.risk import guards, loss_limits, turnover
from bot.core.risk import protective_actions as protection
from bot.core.risk.context import RiskContext, RiskVerdicts, with_short
from bot.core.risk.protective_actions import ProtectiveActions
from bot.core.run_state import RunState, Trigger, moved
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import Arrival, State, Turnover
from bot.core.types import ZERO, MarketKey, Underlying, VenueId

_CONTEXT: Final = Context(prec=28)
_NOTHING: Final = Exposure(ZERO, {})


def decide(snapshot: Snapshot, inputs: CycleInputs, state: State, policy: Policy) -> Decision:
    """Decide one cycle. The same inputs give the same answer, to the byte, whatever the caller's decimal context.

    Args:
        snapshot: the world, validated; a venue that could not be read is marked so.
        inputs: what the journal and the account check say now.
        state: what the last decision handed on.
        policy: the settings.
    """
    with localcontext(_CONTEXT):
        return _decide(snapshot, inputs, state, policy)


def settle(decision: Decision, inputs: CycleInputs, before: State, settlement: Settlement, policy: Policy) -> Decision:
    """Decide about the stops again after this cycle's orders went out (see ``protection.settle``)."""
    with localcontext(_CONTEXT):
        return protection.settle(decision, inputs, before, settlement, policy)


@dataclass(frozen=True, slots=True)
class _Orders:
    """What the hedges ask for, and what the guards made of it.

    ``outside`` is since when each underlying's drift has been outside its band, or is being worked back; ``arrivals``
    are the marks of then.
    """

    hedge_targets: tuple[HedgeTarget, ...]
    computations: tuple[HedgeComputation, ...]
    context: RiskContext
    verdicts: RiskVerdicts
    approved: tuple[Approved, ...]
    cancels: tuple[Cancel, ...]
    requotes: int
    outside: Mapping[Underlying, datetime]
    arrivals: Mapping[MarketKey, Arrival]
    turnover: Mapping[Underlying, Turnover]


def _decide(snapshot: Snapshot, inputs: CycleInputs, state: State, policy: Policy) -> Decision:
    now = snapshot.observed_at
    inputs = replace(inputs, pending=as_shown(inputs.pending, snapshot.known_venues)) if inputs.pending else inputs
    settled = collateral.collaterals(snapshot) if any(view.dollars for view in snapshot.chains) else ()
    if off := collateral.off_peg(settled, policy.guards.max_depeg):
        inputs = replace(inputs, disputes=(*inputs.disputes, *off))
    assessment = assess(snapshot, inputs, state, policy)
    protective = protection.protective_actions(
        snapshot, state.markets, assessment.state.markets, assessment.state.venues, policy
    )
    state = _remembered(assessment, protective, now)
    orders = _orders(snapshot, inputs, (assessment, protective), state, policy)
    shorts = [item.position_risk for item in protective.climbs]
    covered = protection.cover(assessment.hedge_markets, snapshot, inputs.pending, state.markets, policy, shorts)
    others = cycle_summary.unknown_positions(snapshot, policy)
    return Decision(
        at=now,
        hedges=cycle_summary.hedges(orders.computations, assessment.exposures, others),
        prices=assessment.prices,
        approved=orders.approved,
        refused=tuple(orders.verdicts.refused),
        alarms=(
            *cycle_summary.alarms(
                snapshot, state.held, orders.hedge_targets, inputs.pending, policy.guards.moved_grace
            ),
            *distrust.alarms(assessment, policy),
            *cycle_summary.stray_alarms(others),
            *cycle_summary.band_alarms(orders.computations),
            *cycle_summary.dispute_alarms(inputs.disputes),
            *venue_keys.key_alarms(snapshot),
            *collateral.silence_alarms(settled),
            *assessment.alarms,
            *protective.alarms,
            *(alarm for item in orders.computations for alarm in item.plan.alarms),
            *guards.alarms(orders.verdicts, orders.context),
            *cycle_summary.unhedged_alarms(orders.computations, orders.verdicts, orders.outside, now),
            *cycle_summary.fired_alarms(orders.context.fired, policy.risk.stop.cool_down, now),
            *covered.alarms,
        ),
        state=replace(
            state,
            order_times=tuple(orders.context.order_times),
            requote_times=(*recent(state.requote_times, now), *[now] * orders.requotes),
            turnover=orders.turnover,
            outside=orders.outside,
            arrivals=orders.arrivals,
            markets=position_tracking.expect(state.markets, orders.approved),
        ),
        cancels=orders.cancels,
        top_ups=protective.top_ups,
        stops=covered.actions,
        position_risks=covered.position_risks,
        reduced=tuple(orders.verdicts.reduced),
    )


def _orders(
    snapshot: Snapshot,
    inputs: CycleInputs,
    seen: tuple[Assessment, ProtectiveActions],
    state: State,
    policy: Policy,
) -> _Orders:
    """Plan every underlying's orders, make one per market of them and of what rests, and let the guards judge."""
    (assessment, protective), now = seen, snapshot.observed_at
    alone = [_hedge_target(key, assessment, state, policy, now) for key in assessment.hedge_markets]
    wanted = _bands(alone, policy, assessment.lp_value, state, is_sure=not (assessment.issues or snapshot.unread))
    targets, widths = [item for item, _ in wanted], [band for _, band in wanted]
    turned = turnover.follow(state.turnover, wanted, policy.hedges, inputs, now)
    works = [work(item, band, inputs, state, policy, now) for item, band in wanted]
    planners = [
        partial(_plan, band=band, style=done.style, inputs=(snapshot, state), protective=protective)
        for band, done in zip(widths, works, strict=True)
    ]
    requotes = requotes_left(state, policy.guards.max_orders_per_minute, now)
    reworks = rework_all(list(zip(targets, works, planners, strict=True)), requotes)
    computations = tuple(
        HedgeComputation(item.hedge_target, band, item.plan) for item, band in zip(reworks, widths, strict=True)
    )
    urgent = frozenset(item.underlying for item, done in zip(targets, works, strict=True) if done.is_urgent)
    context = _risk_context(snapshot, inputs, assessment, (state, policy), computations)
    context.urgent = urgent
    context.turnover = turnover.left(turned, [(item.hedge_target, item.band) for item in computations])
    verdicts = guards.check([order for item in computations for order in item.plan.orders], context)
    approved, cancels = with_replaced(verdicts.approved, verdicts.refused, reworks, guards.ORDER_RATE)
    return _Orders(
        hedge_targets=tuple(targets),
        computations=computations,
        context=context,
        verdicts=verdicts,
        approved=approved,
        cancels=cancels,
        requotes=followed(reworks, approved),
        outside={item.underlying: done.outside for item, done in zip(targets, works, strict=True) if done.outside},
        arrivals={key: arrival for done in works for key, arrival in done.style.arrivals.items()},
        turnover=turned,
    )


def _remembered(assessment: Assessment, protective: ProtectiveActions, now: datetime) -> State:
    """Return the state with the ladder's steps, and the run state that they and the losses ask for."""
    bot = assessment.state.bot
    asked = [(item.trigger, item.reason) for item in assessment.broken]
    if protective.freezes is not None:
        asked.append((Trigger.LIMIT, f"margin ladder: {protective.freezes}"))
    for trigger, reason in asked:
        bot = moved(bot, trigger, reason, now) or bot
    return replace(assessment.state, bot=bot, markets=protective.markets, venues=protective.venues)


def _hedge_target(key: Underlying, assessment: Assessment, state: State, policy: Policy, now: datetime) -> HedgeTarget:
    over = loss_limits.is_funding_over(assessment.results.today, assessment.capital, policy.risk.loss)
    modifiers = TargetModifiers(
        state.bot.state is RunState.FLATTENING, policy.risk.loss.funding_keep if over else Decimal(1)
    )
    hedge_markets = assessment.hedge_markets[key]
    held_at_unreachable = assumed(hedge_markets, state, policy, now) if hedge_markets.unreachable else None
    return hedge_target_of(
        key, assessment.exposures.get(key, _NOTHING), policy.hedges[key], hedge_markets, modifiers, held_at_unreachable
    )


def _plan(
    item: HedgeTarget,
    band: Band | None,
    style: ExecutionStyle,
    inputs: tuple[Snapshot, State],
    protective: ProtectiveActions,
) -> Plan:
    snapshot, state = inputs
    is_whole = not snapshot.unread or state.bot.state is RunState.FLATTENING
    wanted = plan(item, band, style) if is_whole else unread(snapshot.unread)
    return with_reductions(wanted, item, protective.reliefs, style.slippage)


def _bands(
    hedge_targets: Sequence[HedgeTarget], policy: Policy, lp_value: Decimal, state: State, *, is_sure: bool
) -> list[tuple[HedgeTarget, Band | None]]:
    """Return each underlying's target beside the others', with the band around it, None where no venue can be read."""
    volatilities = Volatility(state.marks, float(policy.assumed_volatility))
    open_targets = [item for item in hedge_targets if item.hedge_markets.first]
    moving = [
        diffusion(item, market_state, policy, volatilities)
        for item in open_targets
        if (market_state := item.hedge_markets.first)
    ]
    joint = joined(open_targets, moving, volatilities)
    solved = iter(joint_bands(open_targets, joint, policy, lp_value, is_sure=is_sure))
    return [next(solved) if item.hedge_markets.first else (item, None) for item in hedge_targets]


def _risk_context(
    snapshot: Snapshot,
    inputs: CycleInputs,
    assessment: Assessment,
    wanted: tuple[State, Policy],
    computations: Sequence[HedgeComputation],
) -> RiskContext:
    """Gather what the guards look at: shorts as they stand, orders of the last minute, issues."""
    state, policy = wanted
    now, hedge_targets = snapshot.observed_at, [item.hedge_target for item in computations]
    return RiskContext(
        at=now,
        bot=state.bot,
        policy=policy.guards,
        risk=policy.risk,
        venue_caps=policy.venue_caps,
        hedge_markets=assessment.hedge_markets,
        issues=assessment.issues,
        markets=state.markets,
        fired=cycle_summary.fired(inputs, policy),
        capital=assessment.capital,
        spent=assessment.spent,
        protective=frozenset().union(*(item.plan.protective for item in computations)),
        unread=snapshot.unread,
        shorts={item.underlying: item.short_notional for item in hedge_targets},
        venue_shorts=_by_venue(hedge_targets),
        views=_views(snapshot, hedge_targets, policy),
        order_times=recent(state.order_times, now),
        disputes=inputs.disputes,
        addable=_addable(assessment.issues, hedge_targets),
    )


def _addable(issues: Sequence[DataIssue], hedge_targets: Sequence[HedgeTarget]) -> dict[Underlying, Decimal]:
    """Return how much more may be shorted where part of an exposure is not believed: up to the hedge of the rest."""
    doubted: dict[Underlying, Decimal] = {}
    for issue in issues:
        for underlying, amount in (issue.amounts or {}).items():
            doubted[underlying] = doubted.get(underlying, ZERO) + amount
    return {
        item.underlying: (item.drift_min or ZERO) - item.ratio * doubted[item.underlying]
        for item in hedge_targets
        if doubted.get(item.underlying)
    }


def _by_venue(hedge_targets: Sequence[HedgeTarget]) -> dict[VenueId, Decimal]:
    shorts: dict[VenueId, Decimal] = {}
    for item in hedge_targets:
        for market_state in item.hedge_markets.open:
            shorts[market_state.market.venue] = (
                shorts.get(market_state.market.venue, ZERO) + market_state.short_notional
            )
    return shorts


def _views(snapshot: Snapshot, hedge_targets: Sequence[HedgeTarget], policy: Policy) -> dict[VenueId, VenueView]:
    """Return the venues as they would be if all sales in flight filled; what those bind is bound already."""
    views = {view.venue: view for view in snapshot.known_venues}
    for item in hedge_targets:
        for market_state in item.hedge_markets.open:
            if market_state.selling:
                view = views[market_state.market.venue]
                sold = with_short(
                    view,
                    market_state.market.symbol,
                    -market_state.selling,
                    market_state.mark,
                    policy.risk.leverage,
                )
                views[view.venue] = replace(sold, balance=view.balance)
    return views
