"""The prices at which the hedge trades next: where the drift leaves the band if this one price alone moves on.

Pools are taken to follow the market at once; orders in flight, the band, what the target leans by (see
``bot.core.hedge.coupling``) and all other prices are taken to stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.decision import Hedge
from bot.core.errors import SkipCycle
from bot.core.snapshot import LpPosition
from bot.core.types import ZERO, Underlying

_REACHES: Final = (Decimal("1.03"), Decimal("1.2"), Decimal(8))
"""How far the price is followed, step by step: at last a fall to an eighth, a rise to eight times."""
_PRECISION: Final = Decimal("1e-5")
_STEPS: Final = 12
_MOST: Final = 100
"""Positions beyond which nothing is searched: it would hold up the cycle for a line on a screen."""


@dataclass(frozen=True, slots=True)
class NextTrade:
    """Marks at which the hedge trades: it sells more below one, buys back above the other; None: none within reach."""

    sells_below: Decimal | None = None
    buys_above: Decimal | None = None


def next_trade(hedge: Hedge, positions: Sequence[LpPosition]) -> NextTrade:
    """Find the prices at which one underlying's drift leaves its band.

    Where it is outside already, that side's price is the present mark.
    """
    if hedge.mark is None or hedge.drift is None or hedge.band is None or not hedge.target or not hedge.exposure:
        return NextTrade()
    if len(positions) > _MOST:
        return NextTrade()
    share = (hedge.lean - hedge.target) / hedge.exposure
    curves = list(_amounts(positions, hedge.underlying))
    here = sum((amount(Decimal(1)) for amount in curves), ZERO)
    drift, edge = hedge.drift, hedge.band.outer

    def moved(factor: Decimal) -> Decimal:
        return drift + share * (sum((amount(factor) for amount in curves), ZERO) - here)

    below = _crossing(lambda factor: moved(factor) - edge, is_fall=True)
    above = _crossing(lambda factor: -moved(factor) - edge, is_fall=False)
    return NextTrade(below and hedge.mark * below, above and hedge.mark * above)


def _amounts(positions: Sequence[LpPosition], underlying: Underlying) -> Iterator[Callable[[Decimal], Decimal]]:
    """Return what each position holds of an underlying, in its units, by the factor that its USD price moves by."""
    for position in positions:
        sides = position.token0.underlying == underlying, position.token1.underlying == underlying
        if sides[0] != sides[1] and position.curve.liquidity:
            try:
                yield _amount(position, position.curve.price(), is_first=sides[0])
            except SkipCycle:  # the pool has no price that could move
                continue


def _amount(position: LpPosition, price: Decimal, *, is_first: bool) -> Callable[[Decimal], Decimal]:
    curve, token = position.curve, position.token0 if is_first else position.token1

    def at(factor: Decimal) -> Decimal:
        principal = curve.principal_at(price * factor if is_first else price / factor)
        return token.to_units(principal[0 if is_first else 1])

    return at


def _crossing(beyond: Callable[[Decimal], Decimal], *, is_fall: bool) -> Decimal | None:
    """Return the factor nearest to 1, within reach, at which a rising function of the move gets above 0."""
    near, low = Decimal(1), beyond(Decimal(1))
    if low > 0:
        return near
    for reach in _REACHES:
        far = 1 / reach if is_fall else reach
        if (high := beyond(far)) > 0:
            return _between(beyond, (near, low), (far, high))
        near, low = far, high
    return None


def _between(
    beyond: Callable[[Decimal], Decimal], near: tuple[Decimal, Decimal], far: tuple[Decimal, Decimal]
) -> Decimal:
    """Find where a function crosses 0 between two of its points (the Illinois form of regula falsi)."""
    for _ in range(_STEPS):
        place = far[0] - far[1] * (far[0] - near[0]) / (far[1] - near[1])
        value = beyond(place)
        if value > 0:
            far, near = (place, value), (near[0], near[1] / 2)
        else:
            near, far = (place, value), (far[0], far[1] / 2)
        if abs(far[0] - near[0]) < _PRECISION or abs(value) < abs(_PRECISION * far[1]):
            break
    return far[0]
