"""The whole decision: a pure function of what was seen, what is remembered and what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Final

from bot.core import account, exposure, guards, volatility
from bot.core.account import Reckoning
from bot.core.band import Diffusion, bands
from bot.core.belief import Doubt, doubted_pools, stale_chains, stale_markets
from bot.core.decision import Band, Decision
from bot.core.exposure import Exposure
from bot.core.lanes import Lane, Lanes, in_flight, known_venues, lanes_of
from bot.core.plan import plan
from bot.core.policy import Policy
from bot.core.prices import usd_prices
from bot.core.report import reports
from bot.core.snapshot import PoolPrice, Snapshot
from bot.core.state import MarkHistory, State
from bot.core.target import Aim, aim
from bot.core.types import USD, ZERO, Address, Underlying
from bot.core.volatility import Volatility
from bot.core.working import work

_CONTEXT: Final = Context(prec=28)
_DEEPEST: Final = Decimal(10) ** 30
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


def _decide(snapshot: Snapshot, state: State, policy: Policy) -> Decision:
    lanes = _lanes(snapshot, state, policy)
    marks = {key: item.first.mark for key, item in lanes.items() if item.first}
    doubted = doubted_pools(snapshot.chains, marks, policy.guards.max_pool_mark_deviation)
    held = exposure.follow(state.held, snapshot.chains, doubted, policy.guards.absence_blocks)
    exposures = exposure.net(held.values())
    prices = _prices(marks, exposures, snapshot)
    history = volatility.update(state.marks, marks, policy.hedges, snapshot.taken_at)

    aims = [aim(key, exposures.get(key, _NOTHING), policy.hedges[key], item, state.bot) for key, item in lanes.items()]
    widths = _bands(aims, policy, exposure.value(held.values(), prices), history)
    works = [work(item, band, state, policy, snapshot.taken_at) for item, band in zip(aims, widths, strict=True)]
    reckonings = [
        Reckoning(item, band, plan(item, band, done.manner))
        for item, band, done in zip(aims, widths, works, strict=True)
    ]

    stale = (*stale_chains(snapshot, held.values(), policy.guards), *stale_markets(snapshot, aims, policy.guards))
    doubts = (*doubted.values(), *stale)
    situation = _situation(snapshot.taken_at, state, policy, aims, doubts)
    ruling = guards.check([order for item in reckonings for order in item.plan.orders], situation)

    others = account.strays(snapshot, policy)
    return Decision(
        at=snapshot.taken_at,
        hedges=account.hedges(reckonings, exposures, others, ruling),
        positions=reports(snapshot, prices),
        prices=prices,
        approved=tuple(ruling.approved),
        refused=tuple(ruling.refused),
        alarms=(
            *account.alarms(snapshot, held, aims, state.pending),
            *account.distrust_alarms(doubts, others),
            *(alarm for item in reckonings for alarm in item.plan.alarms),
            *ruling.alarms,
        ),
        state=replace(
            state,
            held=held,
            order_times=tuple(situation.order_times),
            marks=history,
            outside={item.underlying: done.outside for item, done in zip(aims, works, strict=True) if done.outside},
        ),
        cancels=tuple(cancel for done in works for cancel in done.cancels),
    )


def _lanes(snapshot: Snapshot, state: State, policy: Policy) -> dict[Underlying, Lanes]:
    """Gather the markets of every hedged underlying, ordered by name."""
    venues, flights = known_venues(snapshot), in_flight(state.pending)
    return {key: lanes_of(policy.hedges[key], venues, flights) for key in sorted(policy.hedges)}


def _prices(
    marks: Mapping[Underlying, Decimal], exposures: Mapping[Underlying, Exposure], snapshot: Snapshot
) -> dict[Underlying, Decimal]:
    """Give USD prices: the venues' marks, and for what has no market the pools' prices reckoned from the marks."""
    prices = {USD: Decimal(1), **marks}
    pools = [pool for view in snapshot.chains for pool in view.pools]
    traded = (key for pool in pools for key in (pool.underlying0, pool.underlying1))
    if all(key in prices for key in (*exposures, *traded)):
        return prices
    anchors = [PoolPrice(Address(""), key, USD, mark, _DEEPEST) for key, mark in marks.items()]
    found = usd_prices([*anchors, *pools])
    return {**prices, **{key: found[key] for key in sorted(found) if key not in prices}}


def _bands(aims: Sequence[Aim], policy: Policy, lp_value: Decimal, history: MarkHistory) -> list[Band | None]:
    """Give each underlying's band, None where no venue can be read."""
    volatilities = Volatility(history, float(policy.assumed_volatility))
    moving = [_diffusion(item, lane, policy, volatilities) for item in aims if (lane := item.lanes.first)]
    solved = iter(bands(moving, policy, lp_value))
    return [next(solved) if item.lanes.first else None for item in aims]


def _diffusion(item: Aim, lane: Lane, policy: Policy, volatilities: Volatility) -> Diffusion:
    return Diffusion(
        target=float(-item.target),
        slope=float(item.ratio) * volatilities.slope(item.underlying, item.exposure.sensitivity),
        volatility=volatilities.of(item.underlying),
        price=float(lane.mark),
        cost=float(lane.rules.taker_fee + max(lane.ask - lane.bid, ZERO) / (2 * lane.mark)),
        fixed_cost=float(policy.fixed_cost),
        step=lane.smallest(lane.limit_price(Decimal(-1), policy.guards.slippage)),
    )


def _situation(
    now: datetime, state: State, policy: Policy, aims: Iterable[Aim], doubts: tuple[Doubt, ...]
) -> guards.Situation:
    """Gather what the guards look at: shorts as they stand, orders of the last minute, doubts."""
    return guards.Situation(
        at=now,
        bot=state.bot,
        policy=policy.guards,
        lanes={item.underlying: item.lanes for item in aims},
        doubts=doubts,
        shorts={item.underlying: item.short_notional for item in aims},
        order_times=[at for at in state.order_times if now - at < guards.MINUTE],
    )
