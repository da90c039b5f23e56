"""Holdings of a position over time: whether they jumped in a way that the market alone can't explain."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.errors import SkipCycle
from bot.core.snapshot import LpPosition, Token

STEP: Final = Decimal("0.1")
"""Growth and shrinkage beyond this, since they were last confirmed, are confirmed before anything rests on them."""
_STILL: Final = 40
"""A total that moved by less than its 40th part needs no closer look."""
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Seen:
    """A position as it was last believed; ``growth`` is its growth since it was last confirmed, as a factor."""

    position: LpPosition
    growth: Decimal = _ONE


def carried_on(before: Seen, after: LpPosition) -> Seen | None:
    """Return what is believed after another observation; None where the position jumped.

    What it holds is compared with what it held before, valued at the pool's present price, so that a move of the
    market is no growth; small growth adds up until it is confirmed.
    """
    old = before.position
    if _is_scaled(old.token0, after.token0) or _is_scaled(old.token1, after.token1):
        return None
    if after.curve.liquidity == old.curve.liquidity and _is_still(old, after):
        return before
    growth = _growth(old, after)
    if growth is None or abs(before.growth * growth - 1) > STEP:
        return None
    return Seen(after, before.growth * growth)


def _is_scaled(old: Token, new: Token) -> bool:
    """Return whether a token's units changed, as no token's do."""
    if old is new or old == new:
        return False
    return old.decimals != new.decimals or old.underlying != new.underlying or abs(new.rate / old.rate - 1) > STEP


def _is_still(old: LpPosition, new: LpPosition) -> bool:
    pairs = (old.amounts.total0, new.amounts.total0), (old.amounts.total1, new.amounts.total1)
    return all(abs(after - before) * _STILL <= before for before, after in pairs)


def _growth(old: LpPosition, new: LpPosition) -> Decimal | None:
    """Return what is held over what the old position would hold now, at the pool's present price; None: unknown."""
    try:
        price = new.curve.price()
        principal0, principal1 = old.curve.principal_at(price)
    except (SkipCycle, ValueError):
        return None
    was = (principal0 + old.amounts.fees0) * price + principal1 + old.amounts.fees1
    now = new.amounts.total0 * price + new.amounts.total1
    return now / was if was > 0 else None
