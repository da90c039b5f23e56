"""Bands beside each other: what one underlying's drift has to do with the others' (see ``bot.core.hedge.coupling``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.core.decision import Band
from bot.core.hedge.band import Diffusion, bands, to_decimal
from bot.core.hedge.coupling import Leg, couplings
from bot.core.hedge.target import HedgeTarget
from bot.core.hedge.volatility import Volatility
from bot.core.policy import FixedWidth, Policy

_ROUNDS: Final = 8
"""In which drifts that are traded at once are brought to where they end together."""


@dataclass(frozen=True, slots=True)
class Joint:
    """Several underlyings' diffusions, leaning on each other.

    ``leans`` says, by place, by how many units of its drift each one's band moves for a unit of another's.
    """

    diffusions: tuple[Diffusion, ...]
    leans: tuple[tuple[float, ...], ...]


def joined(items: Sequence[HedgeTarget], diffusions: Sequence[Diffusion], volatilities: Volatility) -> Joint:
    """Say how much each one's band leans on the others' drifts, and how wide that makes it."""
    moving = [place for place, one in enumerate(diffusions) if one.slope > 0 and one.target > 0]
    found, leans = list(diffusions), [[0.0] * len(diffusions) for _ in diffusions]
    if len(moving) < 2:  # noqa: PLR2004 - one alone has no other
        return Joint(tuple(found), tuple(map(tuple, leans)))
    vectors = [items[place].exposure.sensitivity for place in moving]
    deviations = [found[place].slope * found[place].volatility / float(items[place].ratio) for place in moving]
    drifts = _symmetric(
        len(moving),
        lambda one, other: volatilities.shared(vectors[one], vectors[other]) / (deviations[one] * deviations[other]),
    )
    keys = [items[place].underlying for place in moving]
    prices = _symmetric(len(moving), lambda one, other: volatilities.correlation(keys[one], keys[other]))
    for place, coupling in zip(moving, couplings([_leg(found[at]) for at in moving], prices, drifts), strict=True):
        one, step = diffusions[place], diffusions[place].step
        for at, lean in zip(moving, coupling.leans, strict=True):
            leans[place][at] = lean * diffusions[at].price / one.price
            step += to_decimal(abs(leans[place][at])) * diffusions[at].step  # the others end in whole lots, too
        found[place] = replace(one, slope=one.slope * coupling.deviation, coupling=coupling.width, step=step)
    return Joint(tuple(found), tuple(map(tuple, leans)))


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


def joint_bands(
    items: Sequence[HedgeTarget], joint: Joint, policy: Policy, lp_value: Decimal, *, is_sure: bool = True
) -> list[tuple[HedgeTarget, Band]]:
    """Return each underlying's target, leaning on the others' drifts, and the band around it.

    A drift that is not known is not leaned on, and one beyond its band only as if it were traded back: what can't be
    hedged in its own market is not hedged in another one. No target leans past flat, none does around which a plain
    width was asked for, and none while anything is doubted (``is_sure``): who adds to one short for another one's sake
    has to know both.
    """
    found = bands(joint.diffusions, policy, lp_value)
    if isinstance(policy.band, FixedWidth) or not is_sure or not any(map(any, joint.leans)):
        return list(zip(items, found, strict=True))
    return [
        (item.leaning(min(to_decimal(middle), -item.target)), _along(band, one.step) if along else band)
        for item, band, one, (middle, along) in zip(
            items, found, joint.diffusions, _middles(items, joint, found), strict=True
        )
    ]


def _along(band: Band, step: Decimal) -> Band:
    """Return the band of a drift that is traded along: from its inner edge on, since the others' trades count on it."""
    return replace(band, outer=min(band.outer, band.inner + step))


def _middles(items: Sequence[HedgeTarget], joint: Joint, found: Sequence[Band]) -> list[tuple[float, bool]]:
    """Return the drifts around which the bands lie once all trades are done, and which drifts are traded along."""
    now = [0.0 if item.drift is None else float(item.drift) for item in items]
    edges = [(float(band.outer), float(band.inner)) for band in found]
    ends, middles, trades = list(now), [0.0] * len(now), [False] * len(now)
    for _ in range(_ROUNDS):
        before = tuple(ends)
        for place, (outer, inner) in enumerate(edges):
            middle = -sum(lean * end for lean, end in zip(joint.leans[place], ends, strict=True) if lean)
            off = now[place] - middle
            trades[place] = trades[place] or abs(off) > outer
            back = middle + math.copysign(inner, off)
            middles[place], ends[place] = middle, back if trades[place] and abs(off) > inner else now[place]
        if before == tuple(ends):
            break
    return [
        (middle, traded and abs(drift - middle) <= outer)
        for middle, traded, drift, (outer, _) in zip(middles, trades, now, edges, strict=True)
    ]
