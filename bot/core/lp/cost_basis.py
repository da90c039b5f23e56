"""How a position's entry amounts follow its liquidity."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

from bot.core.snapshot import Entry


def follow_liquidity(entry: Entry, liquidity: int, principal: tuple[int, int]) -> Entry:
    """Carry entry amounts over to a changed liquidity.

    A withdrawal takes its share of the deposit with it; an addition brings, at the present price, its share of the
    present principal. Exact where the chain's events say more is the reader's work; this is the rule without them.

    Args:
        entry: the entry amounts (raw units) of ``entry.liquidity``.
        liquidity: the position's liquidity now.
        principal: its principal now, raw units of token0 and token1.
    """
    before = entry.liquidity
    if before in {liquidity, 0}:
        return entry
    if liquidity < before:
        amount0, amount1, root = (part * liquidity // before for part in (entry.amount0, entry.amount1, entry.root))
    else:
        added = liquidity - before
        amount0 = entry.amount0 + principal[0] * added // liquidity
        amount1 = entry.amount1 + principal[1] * added // liquidity
        root = entry.root + isqrt(principal[0] * principal[1]) * added // liquidity
    return replace(entry, amount0=amount0, amount1=amount1, root=root, liquidity=liquidity)
