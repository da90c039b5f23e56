"""Bands beside each other: what one underlying's drift has to do with the others' (see ``bot.core.hedge.coupling``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.decision import Band
from bot.core.hedge.band import Diffusion, bands
from bot.core.hedge.coupling import Leg, factors
from bot.core.hedge.target import HedgeTarget
from bot.core.hedge.volatility import Volatility
from bot.core.policy import Policy

_TOGETHER: Final = 0.5
"""Correlation from which on drifts move so much together that one trades when the other does."""


@dataclass(frozen=True, slots=True)
class Joint:
    """Several underlyings' diffusions with their couplings, and which others each one's drift moves with, by place."""

    diffusions: tuple[Diffusion, ...]
    partners: tuple[frozenset[int], ...]


def joined(items: Sequence[HedgeTarget], diffusions: Sequence[Diffusion], volatilities: Volatility) -> Joint:
    """Say by how much the others change each one's best band."""
    moving = [place for place, one in enumerate(diffusions) if one.slope > 0 and one.target > 0]
    found, partners = list(diffusions), [frozenset[int]()] * len(diffusions)
    if len(moving) < 2:  # noqa: PLR2004 - one alone has no other
        return Joint(tuple(found), tuple(partners))
    vectors = [items[place].exposure.sensitivity for place in moving]
    deviations = [found[place].slope * found[place].volatility / float(items[place].ratio) for place in moving]
    drifts = _symmetric(
        len(moving),
        lambda one, other: volatilities.shared(vectors[one], vectors[other]) / (deviations[one] * deviations[other]),
    )
    keys = [items[place].underlying for place in moving]
    prices = _symmetric(len(moving), lambda one, other: volatilities.correlation(keys[one], keys[other]))
    for place, factor, row in zip(
        moving, factors([_leg(found[at]) for at in moving], prices, drifts), drifts, strict=True
    ):
        found[place] = replace(found[place], coupling=factor)
        partners[place] = frozenset(at for at, r in zip(moving, row, strict=True) if at != place and abs(r) > _TOGETHER)
    return Joint(tuple(found), tuple(partners))


def _symmetric(size: int, entry: Callable[[int, int], float]) -> list[list[float]]:
    """Return a matrix of correlations from its entries below the diagonal."""
    found = [[1.0] * size for _ in range(size)]
    for one in range(size):
        for other in range(one):
            found[one][other] = found[other][one] = entry(one, other)
    return found


def _leg(diffusion: Diffusion) -> Leg:
    deviation = diffusion.slope * diffusion.volatility * diffusion.price
    return Leg(deviation, diffusion.volatility, diffusion.cost)


def joint_bands(items: Sequence[HedgeTarget], joint: Joint, policy: Policy, lp_value: Decimal) -> list[Band]:
    """Return each underlying's band; where a drift trades, those that move with it do so from their inner edges on.

    Else two drifts that one pool moves would get out of step: each would reach its edge at another time, and errors
    that cancel while both are open would not.
    """
    found = bands(joint.diffusions, policy, lp_value)
    trading = {place for place, (item, band) in enumerate(zip(items, found, strict=True)) if _trades(item, band)}
    for place, item in enumerate(items):
        if place not in trading and joint.partners[place] & trading:
            nearer = replace(found[place], outer=found[place].inner + joint.diffusions[place].step)
            found[place] = nearer if _trades(item, nearer) else found[place]
    return found


def _trades(item: HedgeTarget, band: Band) -> bool:
    """Whether the drift is beyond the outer edge for sure."""
    return (item.drift_min is not None and item.drift_min > band.outer) or item.drift_max < -band.outer
