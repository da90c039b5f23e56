"""What a replay came to: orders, attribution, figures; as data, and as the rows that reports draw."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from bot.backtest.columns import YEAR, Floats
from bot.backtest.findings import Finding
from bot.backtest.journal import Order
from bot.core.pnl.attribution import Attribution
from bot.core.types import Underlying


@dataclass(slots=True)
class Moments:
    """Sums of changes, enough for a variance, without keeping them."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, changes: Floats) -> None:
        """Take more changes in."""
        self.count += len(changes)
        self.total += float(changes.sum())
        self.squares += float(np.square(changes).sum())

    @property
    def variance(self) -> float:
        """The variance of one change."""
        return self.squares / self.count - (self.total / self.count) ** 2 if self.count else 0.0


@dataclass(slots=True)
class Series:
    """A line a row, thinned to every ``every``-th row: what charts draw. USD values, base units."""

    every: int = 1
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    hold: list[float] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    marks: dict[Underlying, list[float]] = field(default_factory=dict)
    exposure: dict[Underlying, list[float]] = field(default_factory=dict)
    short: dict[Underlying, list[float]] = field(default_factory=dict)
    band: dict[Underlying, list[float]] = field(default_factory=dict)
    distance: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """A finished replay.

    Attributes:
        orders: every order, in order of time, with what became of it.
        total: the attribution of the whole time; ``days`` by UTC day.
        start_value: worth of all positions at the start, USD; ``end_value`` at the end.
        start_equity: the venues' equity at the start, USD; ``end_equity`` at the end.
        hedged, unhedged: changes from row to row, USD, from the first decision on that found the hedge in place;
            ``adrift`` what of the hedged ones the exposure left by the hedge at the row before makes.
        worst_distance: the nearest that liquidation was at a decision, fraction of the mark; None: never short.
        assumptions: what was taken for granted, in words.
        ratios: the hedge ratios.
    """

    start: datetime
    end: datetime
    rows: int
    steps: int
    orders: Sequence[Order]
    total: Attribution
    days: Mapping[date, Attribution]
    start_value: Decimal
    end_value: Decimal
    start_equity: Decimal
    end_equity: Decimal
    hold_value: Decimal
    hedged: Moments
    unhedged: Moments
    adrift: Moments
    turnover: Decimal
    worst_distance: float | None
    liquidations: int
    refused: int
    series: Series
    findings: Sequence[Finding]
    assumptions: Sequence[str]
    ratios: Mapping[Underlying, Decimal]

    @property
    def years(self) -> float:
        """How long it was."""
        return (self.end - self.start).total_seconds() / YEAR

    @property
    def variance_ratio(self) -> float:
        """Variance of the hedged changes over that of the unhedged ones."""
        return self.hedged.variance / self.unhedged.variance if self.unhedged.variance else 0.0

    @property
    def tracking_error(self) -> float:
        """Yearly deviation of the hedged value, fraction of the LP value at the start."""
        return self._yearly(self.hedged)

    @property
    def tracking_error_adrift(self) -> float:
        """What of the tracking error the drift within the band makes, the only part that a band is solved for.

        The rest (the squares of both parts add up to the whole's) is the liquidity's curvature from row to row, a
        basis that moves, and fees.
        """
        return self._yearly(self.adrift)

    def _yearly(self, changes: Moments) -> float:
        if not self.years:
            return 0.0
        return math.sqrt(changes.variance * changes.count / self.years) / float(self.start_value)

    @property
    def costs(self) -> Decimal:
        """What trading cost, USD, above 0 where it did."""
        hedge = self.total.hedge
        return -(hedge.trading_fees + hedge.slippage + hedge.liquidation_fees)

    @property
    def cost_a_year(self) -> float:
        """The same a year, fraction of the LP value at the start; as it is where no time passed."""
        return float(self.costs) / float(self.start_value) / (self.years or 1.0)

    def order_lines(self) -> str:
        """Return the orders as JSON lines: the same replay gives the same bytes."""
        return "".join(json.dumps(order_data(order)) + "\n" for order in self.orders)

    def as_data(self) -> dict[str, Any]:
        """Return the summary: amounts in USD as strings, fractions as numbers."""
        return {
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "rows": self.rows,
            "decisions": self.steps,
            "value": {
                "start": str(self.start_value),
                "end": str(self.end_value),
                "deposit_held": str(self.hold_value),
                "equity_start": str(self.start_equity),
                "equity_end": str(self.end_equity),
            },
            "attribution": self.total.as_data(),
            "by_day": {day.isoformat(): item.as_data() for day, item in self.days.items()},
            "variance_ratio": self.variance_ratio,
            "tracking_error_a_year": self.tracking_error,
            "tracking_error_adrift_a_year": self.tracking_error_adrift,
            "cost_a_year": self.cost_a_year,
            "lvr_usd": float(self.total.liquidity.lvr),
            "turnover_usd": str(self.turnover),
            "orders": len(self.orders),
            "refused": self.refused,
            "liquidations": self.liquidations,
            "nearest_liquidation": self.worst_distance,
            "findings": [finding.words for finding in self.findings],
            "assumptions": list(self.assumptions),
        }


def order_data(order: Order) -> dict[str, Any]:
    """Return an order as JSON values."""
    request = order.intent.request
    return {
        "at": order.intent.created_at.isoformat(),
        "id": order.intent.client_id,
        "venue": request.venue,
        "symbol": request.symbol,
        "quantity": str(request.quantity),
        "kind": request.kind.value,
        "time_in_force": request.time_in_force.value,
        "reduce_only": request.reduce_only,
        "price": None if request.price is None else str(request.price),
        "trigger": None if request.trigger is None else str(request.trigger),
        "reason": request.reason,
        "status": order.status,
        "filled": str(order.filled),
        "average": None if order.average is None else str(order.average),
    }
