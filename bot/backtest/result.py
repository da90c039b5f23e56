"""The result of a replay: orders, attribution, figures; as data, and as the rows that reports draw."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from bot.backtest.columns import DAY, YEAR, Floats, moment
from bot.backtest.findings import Finding
from bot.backtest.journal import Order
from bot.core.analysis.pool_result import PoolResult, Span
from bot.core.orders import Fill, OrderKind, OrderRequest, TimeInForce
from bot.core.pnl.attribution import Attribution
from bot.core.types import ClientOrderId, Underlying


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


_FEWEST: Final = 2
HORIZONS: Final = {"1min": 60, "1h": 3600, "1d": DAY}
"""Spans over which the variance of changes is told, seconds."""


@dataclass(slots=True)
class Horizon:
    """Changes of value over one span, without the hedge and with it, USD; ``last`` is where the next one begins."""

    unhedged: Moments = field(default_factory=Moments)
    hedged: Moments = field(default_factory=Moments)
    last: tuple[float, float] | None = None

    def add(self, value: Floats, total: Floats) -> None:
        """Take in the values at the whole spans of a day."""
        if not len(value):
            return
        if self.last is not None:
            value, total = np.concatenate(([self.last[0]], value)), np.concatenate(([self.last[1]], total))
        self.last = float(value[-1]), float(total[-1])
        self.unhedged.add(np.diff(value))
        self.hedged.add(np.diff(total))

    @property
    def ratio(self) -> float | None:
        """Variance of the hedged changes over that of the unhedged ones; None where there are fewer than two."""
        if self.unhedged.count < _FEWEST or not self.unhedged.variance:
            return None
        return self.hedged.variance / self.unhedged.variance


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
        opening: what opening the hedge cost, USD, above 0: until it was first in place.
        funding: what all shorts would have received at the low and the high end, USD.
        horizons: changes over longer spans.
        guards: how many orders each guard stopped or cut; ``alarms`` when each one was first raised, seconds
            since 1970.
        fills: our trades by order.
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
    opening: Decimal
    funding: Span
    horizons: Mapping[str, Horizon]
    guards: Mapping[str, int]
    alarms: Mapping[str, int]
    fills: Mapping[ClientOrderId, Sequence[Fill]]

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

    @property
    def rebalancing_a_year(self) -> float:
        """The same without the opening of the hedge: what the band answers for."""
        return float(self.costs - self.opening) / float(self.start_value) / (self.years or 1.0)

    @property
    def pool_result(self) -> PoolResult:
        """Whether the pool paid, hedged."""
        total, liquidity = self.total, self.total.liquidity
        return PoolResult(
            value=self.start_value,
            years=Decimal(str(self.years)),
            fees=liquidity.fees,
            lvr=liquidity.lvr,
            cost=self.costs,
            opening=self.opening,
            funding=self.funding,
            left_open=total.total - (liquidity.fees - liquidity.lvr - self.costs + total.hedge.funding),
            rests_on=self.assumptions,
        )

    def order_lines(self) -> str:
        """Return the orders as JSON lines: the same replay gives the same bytes."""
        lines = (order_data(order, self.fills.get(order.intent.client_id, ())) for order in self.orders)
        return "".join(json.dumps(line) + "\n" for line in lines)

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
            "variance_ratios": {name: one.ratio for name, one in self.horizons.items()},
            "cost_a_year": self.cost_a_year,
            "rebalancing_cost_a_year": self.rebalancing_a_year,
            "opening_cost_usd": str(self.opening),
            "unhedged_result_usd": str(self.total.liquidity.total),
            "pays": self.pool_result.as_data(),
            "lvr_usd": float(self.total.liquidity.lvr),
            "turnover_usd": str(self.turnover),
            "orders": len(self.orders),
            "refused": self.refused,
            "liquidations": self.liquidations,
            "nearest_liquidation": self.worst_distance,
            "guards": dict(sorted(self.guards.items())),
            "alarms": {key: moment(at).isoformat() for key, at in sorted(self.alarms.items())},
            "findings": [finding.words for finding in self.findings],
            "assumptions": list(self.assumptions),
        }


def order_data(order: Order, fills: Sequence[Fill] = ()) -> dict[str, Any]:
    """Return an order as JSON values, with its trades."""
    request = order.intent.request
    return {
        "at": order.intent.created_at.isoformat(),
        "id": order.intent.client_id,
        "venue": request.venue,
        "symbol": request.symbol,
        "quantity": str(request.quantity),
        "kind": request.kind.value,
        "time_in_force": request.time_in_force.value,
        "style": _style(request),
        "reduce_only": request.reduce_only,
        "price": None if request.price is None else str(request.price),
        "trigger": None if request.trigger is None else str(request.trigger),
        "wanted_at_mark": None if request.mark is None else str(request.mark),
        "reason": request.reason,
        "status": order.status,
        "filled": str(order.filled),
        "average": None if order.average is None else str(order.average),
        "fee_usd": str(sum((fill.fee for fill in fills), Decimal(0))),
        "fills": [
            {
                "at": fill.at.isoformat(),
                "quantity": str(fill.quantity),
                "price": str(fill.price),
                "fee_usd": str(fill.fee),
                "maker": fill.is_maker,
            }
            for fill in fills
        ],
    }


def _style(request: OrderRequest) -> str:
    """Return how an order meets the book: a resting stop, a maker's post, or a taker's."""
    if request.kind is OrderKind.STOP_MARKET:
        return "stop"
    return "maker" if request.time_in_force is TimeInForce.POST_ONLY else "taker"
