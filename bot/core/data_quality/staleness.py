"""Staleness: which reads of a snapshot can't support added risk, because they are old or contradict the marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.hedge.markets import HedgeMarkets
from bot.core.policy import GuardPolicy
from bot.core.snapshot import ChainView, LpPosition, PoolPrice, Snapshot
from bot.core.state import Held
from bot.core.types import ZERO, PositionId, Underlying

POOL_GUARD: Final = "pool price"
"""The guard that does not believe a pool."""


@dataclass(frozen=True, slots=True)
class DataIssue:
    """A reason to add no risk in some underlyings; ``key`` is stable while it lasts.

    ``amounts`` tell how much of each underlying hangs on what is not believed, base units: only so much of the hedge is
    held back. None holds back every add.
    """

    key: str
    guard: str
    reason: str
    underlyings: tuple[Underlying, ...]
    amounts: Mapping[Underlying, Decimal] | None = None


def pool_prices(view: ChainView) -> Iterable[PoolPrice]:
    """Return the pools' prices, from a position's own curve where the view lists no price of its pool."""
    yield from view.pools
    listed = {pool.pool for pool in view.pools}
    for position in view.positions:
        if position.pool not in listed:
            listed.add(position.pool)
            yield _price_of(position)


def _price_of(position: LpPosition) -> PoolPrice:
    token0, token1 = position.token0, position.token1
    price = position.curve.price() * token1.to_units(1) / token0.to_units(1)
    return PoolPrice(position.pool, token0.underlying, token1.underlying, price, Decimal(0))


def fair_price(pool: PoolPrice, anchors: Mapping[Underlying, Decimal]) -> Decimal | None:
    """Return what the marks say that the pool should show; 1 for a pool of one underlying, None without a mark."""
    if pool.underlying0 == pool.underlying1:
        return Decimal(1)
    price0, price1 = anchors.get(pool.underlying0), anchors.get(pool.underlying1)
    return None if price0 is None or price1 is None else price0 / price1


def stale_chains(snapshot: Snapshot, held: Iterable[Held], policy: GuardPolicy) -> tuple[DataIssue, ...]:
    """Find the chains with positions whose block is older than the policy allows, or that were not read at all."""
    held = tuple(held)
    stamps = {view.chain: view.block.timestamp for view in snapshot.chains}
    issues = []
    for chain in dict.fromkeys([item.chain for item in held]):
        reason = _age(f"chain {chain}", stamps.get(chain), snapshot.observed_at, policy)
        if reason is not None:
            found: dict[Underlying, Decimal] = {}
            for item in held:
                if item.chain == chain:
                    add_legs(found, item)
            issues.append(DataIssue(f"stale:{chain}", "stale snapshot", reason, tuple(found), found))
    return tuple(issues)


def unread_positions(views: Iterable[ChainView], held: Mapping[PositionId, Held]) -> tuple[DataIssue, ...]:
    """Find the positions that are there and can't be counted now, though they were once: they are kept as believed."""
    issues = []
    for view in views:
        for item in view.left_out:
            if (old := held.get(item.position)) is not None:
                amounts: dict[Underlying, Decimal] = {}
                add_legs(amounts, old)
                key = f"unread:{item.position}"
                issues.append(DataIssue(key, "unread position", item.reason, tuple(amounts), amounts))
    return tuple(issues)


def add_legs(amounts: dict[Underlying, Decimal], item: Held) -> None:
    """Add what a held position has of each underlying to ``amounts``, base units."""
    for leg in (*item.legs, *item.rewards):
        amounts[leg.underlying] = amounts.get(leg.underlying, ZERO) + leg.amount


def stale_markets(
    snapshot: Snapshot, hedge_markets: Mapping[Underlying, HedgeMarkets], policy: GuardPolicy
) -> tuple[DataIssue, ...]:
    """Find the markets whose account, mark or book is older than the policy allows."""
    issues = []
    for underlying, item in hedge_markets.items():
        for market_state in item.open:
            name = f"{market_state.market.venue}:{market_state.market.symbol}"
            reason = _age(name, market_state.as_of, snapshot.observed_at, policy)
            if reason is not None:
                issues.append(DataIssue(f"stale:{name}", "stale snapshot", reason, (underlying,)))
    return tuple(issues)


def _age(what: str, read_at: datetime | None, now: datetime, policy: GuardPolicy) -> str | None:
    if read_at is None:
        return f"{what} was not read this time"
    age, most = (now - read_at).total_seconds(), policy.max_snapshot_age.total_seconds()
    if abs(age) <= most:
        return None
    if age < 0:
        return f"{what} is of a time {-age:.0f} s ahead of this machine's clock, above {most:.0f} s"
    return f"{what} was read {age:.0f} s ago, above {most:.0f} s"
