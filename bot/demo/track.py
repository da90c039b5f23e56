"""The run as a row of points: what the live view, the plot and the summary of the demo are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from statistics import pvariance
from typing import Final

from bot.core.decision import Hedge
from bot.core.record import CycleRecord
from bot.core.types import ZERO, Underlying
from bot.journal.cycle_summary import ResultFigures

_NOTHING: Final = ResultFigures(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Point:
    """One cycle; running results in USD since the journal began."""

    at: datetime
    block: int
    hedges: Mapping[Underlying, Hedge]
    prices: Mapping[Underlying, Decimal]
    unhedged: Decimal
    hedged: Decimal


@dataclass(slots=True)
class Track:
    """Collects the points of a run, cycle by cycle, with the ledger's results."""

    points: list[Point] = field(default_factory=list)
    unhedged_steps: list[Decimal] = field(default_factory=list)
    hedged_steps: list[Decimal] = field(default_factory=list)
    unpriced: int = 0

    def add(self, record: CycleRecord, result: ResultFigures | None) -> None:
        """Take the next cycle's record and what it came to; one that does not report it is counted and counts for 0."""
        before = self.points[-1] if self.points else None
        if result is None:
            self.unpriced += 1
            result = ResultFigures(before.unhedged, before.hedged - before.unhedged) if before else _NOTHING
        if before:
            self.unhedged_steps.append(result.liquidity - before.unhedged)
            self.hedged_steps.append(result.both - before.hedged)
        self.points.append(
            Point(
                at=record.at,
                block=max(view.block.number for view in record.snapshot.chains),
                hedges={hedge.underlying: hedge for hedge in record.decision.hedges},
                prices=dict(record.decision.prices),
                unhedged=result.liquidity,
                hedged=result.both,
            )
        )

    def swing(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return the lowest and the highest result on the way, without the hedge and with it, USD."""
        found = {"unhedged": [p.unhedged for p in self.points], "hedged": [p.hedged for p in self.points]}
        return {name: (min(results, default=ZERO), max(results, default=ZERO)) for name, results in found.items()}

    def course(self, underlying: Underlying) -> dict[str, Decimal]:
        """Return the first, highest, lowest and last price, USD; empty where none was seen."""
        prices = [point.prices[underlying] for point in self.points if underlying in point.prices]
        if not prices:
            return {}
        return {"first": prices[0], "highest": max(prices), "lowest": min(prices), "last": prices[-1]}

    @property
    def variance_ratio(self) -> float | None:
        """Variance of the hedged value's steps over that of the unhedged ones; None with nothing to compare."""
        if len(self.unhedged_steps) < 2:  # noqa: PLR2004 - a variance needs two
            return None
        unhedged = pvariance(self.unhedged_steps)
        return float(pvariance(self.hedged_steps) / unhedged) if unhedged else None
