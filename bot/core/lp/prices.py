"""Dollar prices of underlyings from pools alone: a walk over the graph whose edges are pools, from USD outwards."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.snapshot import PoolPrice
from bot.core.types import USD, Underlying


def usd_prices(pools: Iterable[PoolPrice]) -> dict[Underlying, Decimal]:
    """Return the USD price of every underlying that pools connect with USD, USD itself (1) included.

    Where several routes lead to an underlying, the one whose shallowest pool is deepest in USD is believed (the widest
    path), so that a dust pool never prices anything that a real pool prices too; equal routes are distinguished by the
    pool's address. Pools without depth or price are passed over: what nobody can trade on says nothing. An underlying
    that is not connected is missing in the answer, never 0.
    """
    edges = [pool for pool in pools if pool.price > 0 and pool.depth > 0]
    prices = {USD: Decimal(1)}
    width = {USD: Decimal("Infinity")}
    while True:
        routes = [route for pool in edges if (route := _route(pool, prices, width)) is not None]
        if not routes:
            return prices
        best_width, _, found, price = min(routes, key=lambda route: (-route[0], route[1]))
        prices[found] = price
        width[found] = best_width


def _route(
    pool: PoolPrice, prices: dict[Underlying, Decimal], width: dict[Underlying, Decimal]
) -> tuple[Decimal, str, Underlying, Decimal] | None:
    """Return (width, pool, underlying, price) if the pool leads from a priced underlying to an unpriced one."""
    known0, known1 = pool.underlying0 in prices, pool.underlying1 in prices
    if known0 == known1:
        return None
    if known0:
        known, found = pool.underlying0, pool.underlying1
        price = price1 = prices[known] / pool.price
    else:
        known, found = pool.underlying1, pool.underlying0
        price1 = prices[known]
        price = price1 * pool.price
    return min(width[known], pool.depth * price1), str(pool.pool), found, price
