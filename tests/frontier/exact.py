"""decide() against the exact optimum of the same market, setting by setting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.frontier.chain import Grid, Rule, Score
from tests.frontier.live import PRICE, Floats, Holding, Live, Setting

V2 = (Holding(None),)
_WINDOW = 2.6
"""How far off a hedge may be, in widths of the band."""


def v3(width: float) -> tuple[Holding]:
    """Return a range of ± ``width``."""
    return (Holding(width),)


@dataclass(frozen=True, slots=True)
class Case:
    """A setting with decide()'s own bands on a grid, the optimum beside it."""

    setting: Setting
    grid: Grid
    bands: Floats
    live: Score
    best: Score

    @property
    def ratio(self) -> float:
        """J/J*."""
        aversion = self.setting.aversion
        return self.live.objective(aversion) / self.best.objective(aversion)

    @property
    def eta(self) -> float:
        """Cost x tracking error over the frontier's."""
        return self.live.eta(self.best, self.setting.aversion)

    def centred(self, width: float) -> Score:
        """Score a policy that trades back to the centre of ``width`` times decide()'s band."""
        outer, nothing = width * self.bands[:, 0], np.zeros(len(self.bands))
        return self.grid.score(self.grid.banded(outer, nothing, nothing))


def case(setting: Setting, looks: int, step: float = 0.0) -> Case:
    """Compare on a grid.

    Args:
        setting: what is hedged at what cost.
        looks: how many steps of the price the band is wide at most.
        step: the step at least, of ln(price).
    """
    live = Live.of(setting)
    wide = live.edge(PRICE)[0] / setting.slope
    step = max(step, wide / looks)
    grid = Grid(setting, step, max(int(_WINDOW * wide / step), 6))
    bands = np.array([live.edge(price) for price in grid.prices.tolist()])
    rule: Rule = grid.banded(bands[:, 0], bands[:, 1], bands[:, 2])
    return Case(setting, grid, bands, grid.score(rule), grid.score(grid.best(setting.aversion)))
