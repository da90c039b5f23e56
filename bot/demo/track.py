"""The run as a row of points: what the live view, the plot and the summary of the demo are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from statistics import pvariance

from bot.core.decision import Decision, Hedge
from bot.core.pnl.cycle_change import change
from bot.core.record import CycleRecord
from bot.core.snapshot import Snapshot
from bot.core.types import ZERO, Underlying


@dataclass(frozen=True, slots=True)
class Point:
    """One cycle; running results in USD since the first one."""

    at: datetime
    block: int
    hedges: Mapping[Underlying, Hedge]
    prices: Mapping[Underlying, Decimal]
    unhedged: Decimal
    hedged: Decimal


@dataclass(slots=True)
class Track:
    """Collects the points of a run, cycle by cycle."""

    points: list[Point] = field(default_factory=list)
    unhedged_steps: list[Decimal] = field(default_factory=list)
    hedged_steps: list[Decimal] = field(default_factory=list)
    unpriced: int = 0
    _last: tuple[Snapshot, Decision] | None = None

    def add(self, record: CycleRecord) -> None:
        """Take the next cycle's record; a step that can't be priced is counted and left out of the result."""
        now = record.snapshot, record.decision
        step = change(self._last, now) if self._last else None
        if self._last and step is None:
            self.unpriced += 1
        if step:
            self.unhedged_steps.append(step.unhedged)
            self.hedged_steps.append(step.hedged)
        before = self.points[-1] if self.points else None
        self.points.append(
            Point(
                at=record.at,
                block=max(view.block.number for view in record.snapshot.chains),
                hedges={hedge.underlying: hedge for hedge in record.decision.hedges},
                prices=dict(record.decision.prices),
                unhedged=(before.unhedged if before else ZERO) + (step.unhedged if step else ZERO),
                hedged=(before.hedged if before else ZERO) + (step.hedged if step else ZERO),
            )
        )
        self._last = now

    @property
    def variance_ratio(self) -> float | None:
        """Variance of the hedged value's steps over that of the unhedged ones; None with nothing to compare."""
        if len(self.unhedged_steps) < 2:  # noqa: PLR2004 - a variance needs two
            return None
        unhedged = pvariance(self.unhedged_steps)
        return float(pvariance(self.hedged_steps) / unhedged) if unhedged else None
