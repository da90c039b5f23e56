"""Hedging with costs: Whalley and Wilmott (1997): the band goes as c^(1/3), what it costs as c^(2/3).

Nothing of it is taken from the band's formula: a constant product is hedged along simulated paths with many widths, and
the best width is the one at which cost and risk together come to the least. Looks at intervals find the drift beyond
its edge, so that a width acts as a wider one: by 0.5826 of the drift's deviation in between (Broadie, Glasserman, Kou).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bot.core.hedge.band import OVERSHOOT, Diffusion, optimum
from tests.evidence.paths import Floats
from tests.evidence.tables import Table

COSTS: Final = (1e-4, 2e-4, 4e-4, 8e-4, 16e-4)
EXPONENTS: Final = {"band": 1 / 3, "cost": 2 / 3}
TOLERANCE: Final = 0.05
"""Of either exponent."""
FAR: Final = 0.10
"""How far, relative, the bot's own band may be from the best one that was found."""
_SIGMA, _PRICE, _X, _YEARS = 0.7, 2000.0, 25.0, 0.1
_RISK: Final = 50 / (2 * _X * _PRICE)


def hedged(widths: Floats, costs: Floats, paths: int, steps: int) -> tuple[Floats, Floats]:
    """Return cost and tracking variance a year of each pair of width (base units) and cost, along the same paths."""
    draw, dt = np.random.default_rng(3), _YEARS / steps
    price, drift = np.full(paths, _PRICE), np.zeros((len(widths), paths))
    spent, squares = np.zeros(len(widths)), np.zeros(len(widths))
    edge = widths[:, None]
    for _ in range(steps):
        moved = price * np.exp(_SIGMA * np.sqrt(dt) * draw.standard_normal(paths) - _SIGMA**2 * dt / 2)
        squares += np.square(drift * (moved - price)).mean(axis=1)
        drift = drift + _X * np.sqrt(_PRICE) * (1 / np.sqrt(moved) - 1 / np.sqrt(price))
        kept = np.clip(drift, -edge, edge)
        spent += costs * (np.abs(drift - kept) * moved).mean(axis=1)
        drift, price = kept, moved
    return spent / _YEARS, squares / _YEARS


def table(quick: bool) -> Table:  # noqa: FBT001 - as the command has it
    """Find the best band for each cost by simulation, and fit the exponents."""
    own = np.array([optimum(Diffusion(_X, _X / 2, _SIGMA, _PRICE, c, 0.0, 0), _RISK)[0] for c in COSTS])  # type: ignore[arg-type]
    factors = np.geomspace(0.5, 2.0, 13)
    steps = 8_000 if quick else 40_000
    widths, costs = np.outer(own, factors).ravel(), np.repeat(COSTS, len(factors))
    spent, squares = hedged(widths, costs, 48 if quick else 400, steps)
    beyond = OVERSHOOT * _X / 2 * _SIGMA * (_YEARS / steps) ** 0.5
    total = (spent + _RISK / 2 * squares).reshape(len(COSTS), -1)
    best = np.array([np.exp(_lowest(np.log(factors), row)) for row in total]) * own
    paid = np.array(
        [np.interp(b, w, s) for b, w, s in zip(best, np.outer(own, factors), spent.reshape(total.shape), strict=True)]
    )
    best += beyond
    found = {
        "band": float(np.polyfit(np.log(COSTS), np.log(best), 1)[0]),
        "cost": float(np.polyfit(np.log(COSTS), np.log(paid), 1)[0]),
    }
    rows = [
        (f"exponent of the {name}", f"{EXPONENTS[name]:.3f}", f"{value:.3f}", f"{value - EXPONENTS[name]:+.3f}")
        for name, value in found.items()
    ]
    rows += [
        (
            f"best band at c = {c:.2%}, share of the exposure",
            f"{mine / _X:.3%}",
            f"{b / _X:.3%}",
            f"{b / mine - 1:+.1%}",
        )
        for c, b, mine in zip(COSTS, best.tolist(), own.tolist(), strict=True)
    ]
    holds = all(abs(value - EXPONENTS[name]) <= TOLERANCE for name, value in found.items())
    holds = holds and bool((np.abs(best / own - 1) <= FAR).all())
    heads = ("figure", "paper (a band: as the bot solves it)", "measured", "off")
    note = f"V2 at volatility 70%, risk aversion 50. Tolerances: exponents ± {TOLERANCE}, each band {FAR:.0%}."
    return Table("Whalley and Wilmott: hedging with costs (1997)", heads, rows, holds, note)


def _lowest(at: Floats, values: Floats) -> float:
    """Return where a parabola through all values is the lowest."""
    square, slope, _ = np.polyfit(at, values, 2)
    return float(-slope / (2 * square))
