"""The running result since the start: what the liquidity made of itself, and with its hedge."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.pnl.cycle_change import change
from bot.core.record import CycleRecord
from bot.core.types import ZERO


@dataclass(frozen=True, slots=True)
class Result:
    """Sums over the cycles since the start, USD; ``unpriced`` counts the steps that could not be reckoned."""

    unhedged: Decimal = ZERO
    hedge: Decimal = ZERO
    unpriced: int = 0

    @property
    def hedged(self) -> Decimal:
        """The result of liquidity and hedge together."""
        return self.unhedged + self.hedge


class Results:
    """Adds up the change of each cycle against the one before."""

    def __init__(self) -> None:
        self._before: CycleRecord | None = None
        self.total = Result()

    def publish(self, record: CycleRecord) -> None:
        """Take a cycle; a step in which a price or a venue is unknown adds nothing and is counted."""
        before, self._before = self._before, record
        if before is None:
            return
        step = change((before.snapshot, before.decision), (record.snapshot, record.decision))
        total = self.total
        if step is None:
            self.total = Result(total.unhedged, total.hedge, total.unpriced + 1)
        else:
            self.total = Result(total.unhedged + step.unhedged, total.hedge + step.hedge, total.unpriced)
