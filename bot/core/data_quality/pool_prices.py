"""Pools against the marks over time: a price that steps away from its own recent average is not believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Final

from bot.core.data_quality.staleness import POOL_GUARD, DataIssue, add_legs, fair_price, pool_prices
from bot.core.decision import Alarm, Severity
from bot.core.lp.exposure import MATTERS
from bot.core.policy import GuardPolicy
from bot.core.snapshot import ChainView, LpPosition, PoolPrice
from bot.core.state import Held, PoolWatch
from bot.core.types import USD, ZERO, ChainName, PoolKey, PositionId, Underlying

HALF_LIFE: Final = timedelta(minutes=10)
"""Half-life of the average of pool price / mark."""
_LASTING: Final = timedelta(minutes=30)
"""A deviation that lasts longer is no manipulation of some blocks any more."""
UNBELIEVED: Final = "unbelieved"
_SHOWN: Final = 3
"""Positions that an alarm about strangers' gifts describes; it counts the others."""
_HALF_LIFE_SECONDS: Final = HALF_LIFE.total_seconds()
_ONE: Final = Decimal(1)
_DIGITS: Final = 12
_TWELVE: Final = Context(prec=_DIGITS)

Watches = Mapping[PoolKey, PoolWatch]


def watch_pools(
    before: Watches, views: Iterable[ChainView], marks: Mapping[Underlying, Decimal], policy: GuardPolicy
) -> tuple[dict[PoolKey, PoolWatch], dict[PoolKey, DataIssue]]:
    """Compare every pool with the marks, with its own recent average of price / mark, and with the observation before.

    Comparing the ratio and not the price itself lets a pool follow a market that really moves. The average takes a new
    ratio in only as far as it is believable, so that a skewed pool hardly moves it. A pool of one underlying (a staked
    token and its base) is compared with 1; one without a mark to compare with is believed and not remembered.
    """
    seen, anchors = set[ChainName](), {**marks, USD: _ONE}
    issues: dict[PoolKey, DataIssue] = {}
    after: dict[PoolKey, PoolWatch] = {}
    for view in views:
        seen.add(view.chain)
        for pool in pool_prices(view):
            fair = fair_price(pool, anchors)
            if fair is None:
                continue
            key, ratio = (view.chain, pool.pool), pool.price / fair
            basis, old = _TWELVE.plus(ratio), before.get(key)
            issue = _doubt(view, pool, (ratio, basis), old, policy)
            if issue:
                issues[key] = issue
            after[key] = _next(old, basis, view.block.timestamp, policy, is_doubted=issue is not None)
    unseen = {key: item for key, item in before.items() if key[0] not in seen}
    return {**unseen, **after}, issues


def _doubt(
    view: ChainView, pool: PoolPrice, ratios: tuple[Decimal, Decimal], old: PoolWatch | None, policy: GuardPolicy
) -> DataIssue | None:
    """Return why a pool's price is not believed, None where it is; ``ratios`` are pool price / mark, exact and kept."""
    ratio, basis = ratios
    checks = [(ratio - 1, policy.max_pool_mark_deviation, "the marks")]
    if old is not None:
        checks.append((basis / old.average - 1, policy.max_pool_average_deviation, "its own recent average"))
        checks.append((basis / old.basis - 1, policy.max_pool_step, "where it was a look ago"))
    for deviation, limit, what in checks:
        if abs(deviation) > limit:
            reason = f"pool {pool.pool} on {view.chain} prices {pool.underlying0} {deviation:+.2%} off {what}"
            key = f"pool:{view.chain}:{pool.pool}"
            return DataIssue(key, POOL_GUARD, reason, (pool.underlying0, pool.underlying1))
    return None


def _next(old: PoolWatch | None, basis: Decimal, at: datetime, policy: GuardPolicy, *, is_doubted: bool) -> PoolWatch:
    since = (old.doubted_since if old and old.doubted_since else at) if is_doubted else None
    if old is None:
        limit = policy.max_pool_mark_deviation
        return PoolWatch(at, basis, min(max(basis, 1 - limit), 1 + limit), since)
    elapsed = max((at - old.at).total_seconds(), 0.0)
    weight = Decimal(f"{1 - 2 ** (-elapsed / _HALF_LIFE_SECONDS):.{_DIGITS}g}") if elapsed else ZERO
    reach = old.average * policy.max_pool_average_deviation
    seen = min(max(basis, old.average - reach), old.average + reach)
    return PoolWatch(max(at, old.at), basis, _TWELVE.plus(old.average + weight * (seen - old.average)), since)


def weighed(
    issues: Mapping[PoolKey, DataIssue], views: Iterable[ChainView], held: Mapping[PositionId, Held]
) -> tuple[DataIssue, ...]:
    """Weigh each doubted pool by what its positions were last believed to hold, never by the pool's own reading.

    One in which lies only what never was believed weighs nothing: whoever made it may be a stranger, and
    ``unbelieved_alarm`` tells of it.
    """
    if not issues:
        return ()
    amounts: dict[PoolKey, dict[Underlying, Decimal]] = {key: {} for key in issues}
    lies, believed = set[PoolKey](), set[PoolKey]()
    for view in views:
        for position in view.positions:
            key = view.chain, position.pool
            lies.add(key)
            if key in amounts and position.id in held:
                believed.add(key)
                add_legs(amounts[key], held[position.id])
    return tuple(
        replace(issue, amounts=amounts[key]) for key, issue in issues.items() if key in believed or key not in lies
    )


def unbelieved_alarms(
    issues: Mapping[PoolKey, DataIssue],
    views: Iterable[ChainView],
    held: Mapping[PositionId, Held],
    marks: Mapping[Underlying, Decimal],
) -> tuple[Alarm, ...]:
    """Return alarms about positions in doubted pools that were never believed: they count for nothing.

    One alarm for a chain describes those that claim most at the marks, since anybody may add as many as they like.
    """
    if not issues:
        return ()
    prices, found = {**marks, USD: _ONE}, []
    for view in views:
        new = [item for item in view.positions if (view.chain, item.pool) in issues and item.id not in held]
        if not new:
            continue
        new.sort(key=lambda item: -sum(amount * prices.get(key, ZERO) for key, amount in _claims(item)))
        words = [
            f"{item.id} is not hedged: it claims "
            f"{' and '.join(f'{amount:.6g} {key}' for key, amount in _claims(item))}, "
            f"but {issues[view.chain, item.pool].reason}"
            for item in new[:_SHOWN]
        ]
        others = [f"and {len(new) - _SHOWN} more like these"] if len(new) > _SHOWN else []
        found.append(Alarm(f"{UNBELIEVED}:{view.chain}", Severity.WARNING, "; ".join([*words, *others])))
    return tuple(found)


def _claims(position: LpPosition) -> list[tuple[Underlying, Decimal]]:
    """Return what a position claims to hold."""
    amounts = position.amounts
    return [
        (position.token0.underlying, position.token0.to_units(amounts.total0)),
        (position.token1.underlying, position.token1.to_units(amounts.total1)),
    ]


def par_alarms(
    watches: Watches, views: Iterable[ChainView], values: Callable[[], Mapping[PoolKey, Decimal]], policy: GuardPolicy
) -> tuple[Alarm, ...]:
    """Return alarms about dollar tokens that have been off par for long: what a pool of theirs says of everything else.

    ``values`` are the parts of all liquidity's value, from 0 to 1, that lie in the pools with positions. Where that is
    next to nothing the pool may be a stranger's, who says there what he likes.
    """
    if all(watch.doubted_since is None for watch in watches.values()):
        return ()
    found, parts = [], values()
    for view in views:
        for pool in pool_prices(view):
            watch = watches.get((view.chain, pool.pool))
            if parts.get((view.chain, pool.pool), _ONE) < MATTERS:
                continue
            if watch is None or watch.doubted_since is None or USD not in {pool.underlying0, pool.underlying1}:
                continue
            implied = 1 / watch.basis if pool.underlying1 == USD else watch.basis
            if view.block.timestamp - watch.doubted_since >= _LASTING and abs(implied - 1) > policy.max_depeg:
                message = (
                    f"the dollar token of pool {pool.pool} on {view.chain} seems to stand at {implied:.3f}: what it is "
                    "worth is wrong in every report, its exposures are kept as last believed, and nothing is added"
                )
                found.append(Alarm(f"par:{view.chain}:{pool.pool}", Severity.CRITICAL, message))
    return tuple(found)
