"""Assessment: what a snapshot and the bot's memory mean, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.data_quality import pool_prices, position_tracking
from bot.core.data_quality.staleness import DataIssue, stale_chains, stale_markets, unread_positions
from bot.core.decision import Alarm
from bot.core.hedge import volatility
from bot.core.hedge.markets import Flight, HedgeMarkets, hedge_markets_of, in_flight, known_venues
from bot.core.inputs import CycleInputs
from bot.core.lp import exposure
from bot.core.lp.exposure import Exposure
from bot.core.lp.prices import usd_prices
from bot.core.policy import Policy
from bot.core.risk import loss_limits
from bot.core.snapshot import PoolPrice, Snapshot
from bot.core.state import Accepted, State, VenueWatch
from bot.core.types import USD, ZERO, MarketKey, PoolId, Underlying

_DEEPEST: Final = Decimal(10) ** 30


@dataclass(frozen=True, slots=True)
class Assessment:
    """The interpreted observation; ``state`` is already updated with it.

    Attributes:
        hedge_markets: the markets of every hedged underlying.
        exposures: what the liquidity holds of each underlying.
        prices: USD by underlying.
        lp_value: the liquidity's value, USD, at the venues' marks (the last ones, where a venue is silent).
        capital: ``lp_value`` and the venues' equity, as far as it is known.
        results: what was gained today, and since the operator last resumed the bot.
        issues: what is not believed.
        broken: the loss limits that are passed.
        spent: the limits on spending that are passed: no more is spent on adding.
        alarms: what an operator should know of all that.
    """

    hedge_markets: Mapping[Underlying, HedgeMarkets]
    exposures: Mapping[Underlying, Exposure]
    prices: Mapping[Underlying, Decimal]
    lp_value: Decimal
    capital: Decimal
    results: loss_limits.Results
    issues: tuple[DataIssue, ...]
    broken: tuple[loss_limits.Breach, ...]
    spent: tuple[loss_limits.Overspend, ...]
    alarms: tuple[Alarm, ...]
    state: State


def assess(snapshot: Snapshot, inputs: CycleInputs, state: State, policy: Policy) -> Assessment:
    """Interpret a snapshot."""
    now, guards = snapshot.observed_at, policy.guards
    flights = in_flight(inputs.pending)
    hedge_markets = _markets_by_underlying(snapshot, flights, policy)
    marks = {key: item.first.mark for key, item in hedge_markets.items() if item.first}
    watched_pools, doubted = pool_prices.watch_pools(state.pools, snapshot.chains, marks, guards)
    held = exposure.update_held(state.held, snapshot.chains, doubted, guards, hedge_rewards=policy.hedge_rewards)
    exposures = exposure.net(held.values())
    prices = _prices(marks, exposures, snapshot)
    stale = (*stale_chains(snapshot, held.values(), guards), *stale_markets(snapshot, hedge_markets, guards))
    venues, silences = position_tracking.follow_venues(state.venues, snapshot, policy.risk.takeover)
    markets, jumps = position_tracking.follow_markets(
        state.markets, snapshot.known_venues, flights, inputs.fired, now, policy.risk.settle_time
    )
    # what only a pool prices may be worth anything, if a stranger trades there: it widens no band and raises no limit
    marked = {USD: Decimal(1), **state.marks.last, **marks}
    lp_value = exposure.value(held.values(), marked)
    all_results = loss_limits.results_of(inputs.booked, snapshot, held, prices)
    accepted = state.accepted or Accepted(all_results.day, all_results.today, all_results.life)
    results = all_results.without(accepted)
    capital = loss_limits.capital(inputs.booked, snapshot, lp_value)
    broken = loss_limits.breaches(results, capital, policy.risk.loss)
    unread = loss_limits.unread_ledgers(inputs.booked, snapshot)
    spent = loss_limits.spent(results, capital, policy.risk.loss)
    off_par = pool_prices.par_alarms(
        watched_pools, snapshot.chains, lambda: exposure.parts_of_pools(snapshot.chains, held, marked), guards
    )
    unbelieved = pool_prices.unbelieved_alarms(doubted, snapshot.chains, held, marked)
    return Assessment(
        hedge_markets=hedge_markets,
        exposures=exposures,
        prices=prices,
        lp_value=lp_value,
        capital=capital,
        results=results,
        issues=(*pool_prices.weighed(doubted, snapshot.chains, held), *unread_positions(snapshot.chains, held), *stale),
        broken=broken,
        spent=spent,
        alarms=(*silences, *jumps, *off_par, *unbelieved, *loss_limits.alarms(spent, broken), *unread),
        state=replace(
            state,
            held=held,
            marks=volatility.update(state.marks, marks, policy.hedges, now),
            markets=markets,
            venues=venues,
            pools=watched_pools,
            accepted=accepted,
        ),
    )


def _markets_by_underlying(
    snapshot: Snapshot, flights: Mapping[MarketKey, Flight], policy: Policy
) -> dict[Underlying, HedgeMarkets]:
    """Gather the markets of every hedged underlying, ordered by name."""
    venues = known_venues(snapshot)
    return {key: hedge_markets_of(policy.hedges[key], venues, flights) for key in sorted(policy.hedges)}


def assumed(hedge_markets: HedgeMarkets, state: State, policy: Policy, now: datetime) -> Decimal | None:
    """Return what silent venues are taken to hold: what was last seen there, once all of them are silent for long.

    None as long as one of them may come back soon, or was never seen: then nothing is taken over from them.
    """
    total = ZERO
    for market in hedge_markets.unreachable:
        since = state.venues.get(market.venue, VenueWatch()).down_since
        last = position_tracking.last_seen(state.markets, (market.venue, market.symbol))
        if since is None or now - since < policy.risk.takeover or last is None:
            return None
        total += last
    return total


def _prices(
    marks: Mapping[Underlying, Decimal], exposures: Mapping[Underlying, Exposure], snapshot: Snapshot
) -> dict[Underlying, Decimal]:
    """Return USD prices: the venues' marks, and for what has no market the pools' prices computed from the marks."""
    prices = {USD: Decimal(1), **marks}
    found_pools = [pool for view in snapshot.chains for pool in view.pools]
    traded = (key for pool in found_pools for key in (pool.underlying0, pool.underlying1))
    if all(key in prices for key in (*exposures, *traded)):
        return prices
    anchors = [PoolPrice(PoolId(""), key, USD, mark, _DEEPEST) for key, mark in marks.items()]
    found = usd_prices([*anchors, *found_pools])
    return {**prices, **{key: found[key] for key in sorted(found) if key not in prices}}
