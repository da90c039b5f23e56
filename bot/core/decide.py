"""The whole decision: a pure function of what was seen, what is remembered and what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Final

from bot.core import cycle_summary
from bot.core.assess import Seen, assumed, see
from bot.core.cycle_summary import Reckoning
from bot.core.data_quality import position_tracking
from bot.core.decision import Approved, Band, Decision
from bot.core.hedge.band import bands
from bot.core.hedge.execution_style import work
from bot.core.hedge.markets import MarketKey
from bot.core.hedge.plan import Manner, Plan, plan, relieved, unread
from bot.core.hedge.target import Aim, Stance, aim, diffusion
from bot.core.hedge.volatility import Volatility
from bot.core.lp.exposure import Exposure
from bot.core.orders import OrderRequest
from bot.core.pnl.position_report import reports
from bot.core.policy import Policy
from bot.core.risk import guards, loss_limits, margin_ladder, protection
from bot.core.risk.context import Situation, with_short
from bot.core.risk.protection import Rescue
from bot.core.run_state import RunState, Trigger, moved
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import State
from bot.core.types import ZERO, Underlying, VenueId

_CONTEXT: Final = Context(prec=28)
_NOTHING: Final = Exposure(ZERO, {})


def decide(snapshot: Snapshot, state: State, policy: Policy) -> Decision:
    """Decide one cycle. The same inputs give the same answer, to the byte, whatever the caller's decimal context.

    Args:
        snapshot: the world, validated; a venue that could not be read is marked so.
        state: what the last decision handed on, with the intents that are unresolved now.
        policy: the settings.
    """
    with localcontext(_CONTEXT):
        return _decide(snapshot, state, policy)


def settle(
    decision: Decision, before: State, fresh: Snapshot, filled: Mapping[str, Decimal], policy: Policy
) -> Decision:
    """Decide about the stops again after this cycle's orders went out (see ``protection.settle``)."""
    with localcontext(_CONTEXT):
        return protection.settle(decision, before, fresh, filled, policy)


def _decide(snapshot: Snapshot, state: State, policy: Policy) -> Decision:
    seen = see(snapshot, state, policy)
    rescued = protection.rescue(snapshot, seen.state.markets, seen.state.venues, policy)
    state = _remembered(seen, rescued, snapshot.taken_at)

    aims = [_aim(key, seen, state, policy, snapshot.taken_at) for key in seen.lanes]
    widths = _bands(aims, policy, seen.lp_value, state)
    works = [work(item, band, state, policy, snapshot.taken_at) for item, band in zip(aims, widths, strict=True)]
    reckonings = [
        Reckoning(item, band, _plan(item, band, done.manner, (snapshot, state), rescued))
        for item, band, done in zip(aims, widths, works, strict=True)
    ]
    situation = _situation(snapshot, seen, state, policy, reckonings)
    ruling = guards.check([order for item in reckonings for order in item.plan.orders], situation)
    shorts = [item.standing for item in rescued.climbs]
    covered = protection.cover(seen.lanes, snapshot, state.pending, state.markets, policy, shorts)

    others = cycle_summary.strays(snapshot, policy)
    outside = {item.underlying: done.outside for item, done in zip(aims, works, strict=True) if done.outside}
    return Decision(
        at=snapshot.taken_at,
        hedges=cycle_summary.hedges(reckonings, seen.exposures, others, ruling),
        positions=reports(snapshot, seen.prices),
        prices=seen.prices,
        approved=tuple(ruling.approved),
        refused=tuple(ruling.refused),
        alarms=(
            *cycle_summary.alarms(snapshot, state.held, aims, state.pending),
            *cycle_summary.distrust_alarms(seen.doubts, others),
            *cycle_summary.dispute_alarms(state.disputes),
            *seen.alarms,
            *rescued.alarms,
            *(alarm for item in reckonings for alarm in item.plan.alarms),
            *guards.alarms(ruling, situation),
            *cycle_summary.unhedged_alarms(reckonings, ruling, outside, snapshot.taken_at),
            *cycle_summary.fired_alarms(situation.fired, policy.risk.stop.cool_down, snapshot.taken_at),
            *covered.alarms,
        ),
        state=replace(
            state,
            order_times=tuple(situation.order_times),
            outside=outside,
            markets=position_tracking.expect(covered.markets, _traded(ruling.approved)),
        ),
        cancels=tuple(cancel for done in works for cancel in done.cancels),
        top_ups=rescued.top_ups,
        stops=covered.actions,
        standings=covered.standings,
    )


def _remembered(seen: Seen, rescued: Rescue, now: datetime) -> State:
    """Give the state with the ladder's steps, and the run state that they and the losses ask for."""
    markets = margin_ladder.watched(seen.state.markets, rescued.climbs)
    bot = seen.state.bot
    asked = [(item.trigger, item.reason) for item in seen.broken]
    if rescued.freezes is not None:
        asked.append((Trigger.LIMIT, f"margin ladder: {rescued.freezes}"))
    for trigger, reason in asked:
        bot = moved(bot, trigger, reason, now) or bot
    return replace(seen.state, bot=bot, markets=markets, venues=rescued.venues)


def _aim(key: Underlying, seen: Seen, state: State, policy: Policy, now: datetime) -> Aim:
    over = loss_limits.is_funding_over(state.money, seen.capital, policy.risk.loss)
    stance = Stance(state.bot, policy.risk.loss.funding_keep if over else Decimal(1))
    lanes = seen.lanes[key]
    held_in_the_dark = assumed(lanes, state, policy, now) if lanes.dark else None
    return aim(key, seen.exposures.get(key, _NOTHING), policy.hedges[key], lanes, stance, held_in_the_dark)


def _plan(item: Aim, band: Band | None, manner: Manner, seen: tuple[Snapshot, State], rescued: Rescue) -> Plan:
    snapshot, state = seen
    is_whole = not snapshot.unread or state.bot.state is RunState.FLATTENING
    wanted = plan(item, band, manner) if is_whole else unread(snapshot.unread)
    return relieved(wanted, item, rescued.reliefs, manner.slippage)


def _bands(aims: Sequence[Aim], policy: Policy, lp_value: Decimal, state: State) -> list[Band | None]:
    """Give each underlying's band, None where no venue can be read."""
    volatilities = Volatility(state.marks, float(policy.assumed_volatility))
    moving = [diffusion(item, lane, policy, volatilities) for item in aims if (lane := item.lanes.first)]
    solved = iter(bands(moving, policy, lp_value))
    return [next(solved) if item.lanes.first else None for item in aims]


def _situation(
    snapshot: Snapshot, seen: Seen, state: State, policy: Policy, reckonings: Sequence[Reckoning]
) -> Situation:
    """Gather what the guards look at: shorts as they stand, orders of the last minute, doubts."""
    now, aims = snapshot.taken_at, [item.aim for item in reckonings]
    return Situation(
        at=now,
        bot=state.bot,
        policy=policy.guards,
        risk=policy.risk,
        venue_caps=policy.venue_caps,
        lanes=seen.lanes,
        doubts=seen.doubts,
        markets=state.markets,
        fired=cycle_summary.fired(state, policy),
        capital=seen.capital,
        spent=seen.spent,
        protective=frozenset().union(*(item.plan.protective for item in reckonings)),
        unread=snapshot.unread,
        shorts={item.underlying: item.short_notional for item in aims},
        venue_shorts=_by_venue(aims),
        views=_views(snapshot, aims, policy),
        order_times=[at for at in state.order_times if now - at < guards.MINUTE],
        disputes=state.disputes,
    )


def _by_venue(aims: Sequence[Aim]) -> dict[VenueId, Decimal]:
    shorts: dict[VenueId, Decimal] = {}
    for item in aims:
        for lane in item.lanes.open:
            shorts[lane.market.venue] = shorts.get(lane.market.venue, ZERO) + lane.short_notional
    return shorts


def _views(snapshot: Snapshot, aims: Sequence[Aim], policy: Policy) -> dict[VenueId, VenueView]:
    """Give the venues as they would be if all sales in flight filled; what those bind is bound already."""
    views = {view.venue: view for view in snapshot.known_venues}
    for item in aims:
        for lane in item.lanes.open:
            if lane.flight.selling:
                view = views[lane.market.venue]
                sold = with_short(view, lane.market.symbol, -lane.flight.selling, lane.mark, policy.risk.leverage)
                views[view.venue] = replace(sold, balance=view.balance)
    return views


def _traded(approved: Sequence[Approved]) -> dict[MarketKey, tuple[Decimal, Decimal]]:
    traded: dict[MarketKey, tuple[Decimal, Decimal]] = {}
    for item in approved:
        order: OrderRequest = item.order
        sold, bought = traded.get((order.venue, order.symbol), (ZERO, ZERO))
        traded[order.venue, order.symbol] = sold + min(order.quantity, ZERO), bought + max(order.quantity, ZERO)
    return traded
