"""Pools against the marks over time: a price that steps away from its own recent average is not believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Final

from bot.core.data_quality.staleness import DataIssue, add_legs, fair_price, pool_prices
from bot.core.decision import Alarm, Severity
from bot.core.policy import GuardPolicy
from bot.core.snapshot import ChainView, PoolPrice
from bot.core.state import Held, PoolWatch
from bot.core.types import USD, ZERO, ChainName, PoolKey, PositionId, Underlying

HALF_LIFE: Final = timedelta(minutes=10)
"""How fast the average of pool price / mark forgets."""
LASTING: Final = timedelta(minutes=30)
"""A deviation that lasts longer is no manipulation of some blocks any more."""
_HALF_LIFE_SECONDS: Final = HALF_LIFE.total_seconds()
_ONE: Final = Decimal(1)
_DIGITS: Final = 12
_TWELVE: Final = Context(prec=_DIGITS)

Watches = Mapping[PoolKey, PoolWatch]


def watch_pools(
    before: Watches, views: Iterable[ChainView], marks: Mapping[Underlying, Decimal], policy: GuardPolicy
) -> tuple[dict[PoolKey, PoolWatch], dict[PoolKey, DataIssue]]:
    """Compare every pool with the marks, with its own recent average of price / mark, and with the look before.

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
    """Say why a pool's price is not believed, None where it is; ``ratios`` are that over the marks', exact and kept."""
    ratio, basis = ratios
    checks = [(ratio - 1, policy.max_pool_mark_deviation, "the marks")]
    if old is not None:
        checks.append((basis / old.average - 1, policy.max_pool_average_deviation, "its own recent average"))
        checks.append((basis / old.basis - 1, policy.max_pool_step, "where it was a look ago"))
    for deviation, limit, what in checks:
        if abs(deviation) > limit:
            reason = f"pool {pool.pool} on {view.chain} prices {pool.underlying0} {deviation:+.2%} off {what}"
            key = f"pool:{view.chain}:{pool.pool}"
            return DataIssue(key, "pool price", reason, (pool.underlying0, pool.underlying1))
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
    """Weigh each doubted pool by what its positions were last believed to hold, never by the pool's own reading."""
    if not issues:
        return ()
    amounts: dict[PoolKey, dict[Underlying, Decimal]] = {key: {} for key in issues}
    for view in views:
        for position in view.positions:
            key = view.chain, position.pool
            if key in amounts and position.id in held:
                add_legs(amounts[key], held[position.id])
    return tuple(replace(issue, amounts=amounts[key]) for key, issue in issues.items())


def unbelieved_alarms(
    issues: Mapping[PoolKey, DataIssue], views: Iterable[ChainView], held: Mapping[PositionId, Held]
) -> tuple[Alarm, ...]:
    """Tell of positions in doubted pools that were never believed: they count for nothing, whoever put them there."""
    if not issues:
        return ()
    found = []
    for view in views:
        for position in view.positions:
            issue = issues.get((view.chain, position.pool))
            if issue is None or position.id in held:
                continue
            tokens, amounts = (position.token0, position.token1), position.amounts
            claims = " and ".join(
                f"{token.to_units(amount):.6g} {token.underlying}"
                for token, amount in zip(tokens, (amounts.total0, amounts.total1), strict=True)
            )
            message = f"{position.id} is not hedged: it claims {claims}, but {issue.reason}"
            found.append(Alarm(f"unbelieved:{position.id}", Severity.WARNING, message))
    return tuple(found)


def par_alarms(watches: Watches, views: Iterable[ChainView], policy: GuardPolicy) -> tuple[Alarm, ...]:
    """Tell of dollar tokens that have been off par for long: what a pool of theirs says of everything else."""
    if all(watch.doubted_since is None for watch in watches.values()):
        return ()
    found = []
    for view in views:
        for pool in pool_prices(view):
            watch = watches.get((view.chain, pool.pool))
            if watch is None or watch.doubted_since is None or USD not in {pool.underlying0, pool.underlying1}:
                continue
            implied = 1 / watch.basis if pool.underlying1 == USD else watch.basis
            if view.block.timestamp - watch.doubted_since >= LASTING and abs(implied - 1) > policy.max_depeg:
                message = (
                    f"the dollar token of pool {pool.pool} on {view.chain} seems to stand at {implied:.3f}: what it is "
                    "worth is wrong in every report, its exposures are kept as last believed, and nothing is added"
                )
                found.append(Alarm(f"par:{view.chain}:{pool.pool}", Severity.CRITICAL, message))
    return tuple(found)
