"""What is counted along a replay, a day at a time: variances, and the thinned rows that charts draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bot.backtest.columns import Floats
from bot.backtest.market import MarketDay
from bot.backtest.replay_world import Lines
from bot.backtest.result import HORIZONS, Horizon, Moments, Series
from bot.core.decision import Decision
from bot.core.types import Underlying


@dataclass(slots=True)
class Seen:
    """What a day's steps saw, one item a step; equity and shorts are those after the step's orders.

    At ``decided`` of them was decided; the others only moved the accounts on.
    """

    steps: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    shorts: list[dict[Underlying, float]] = field(default_factory=list)
    bands: list[dict[Underlying, float]] = field(default_factory=list)
    liquidations: list[dict[Underlying, float]] = field(default_factory=list)
    """Marks at which the nearest short of each underlying is liquidated, USD."""
    decided: int = 0
    idle: int | None = None
    """The first row at which nothing was done."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """A day's accounts by row: USD, base units; ``place`` is the last step at or before each row.

    ``distance`` is the smallest rise of a mark that liquidates a short, as a fraction; infinite without a short.
    """

    equity: Floats
    shorts: Mapping[Underlying, Floats]
    distance: Floats
    place: npt.NDArray[np.intp]


@dataclass(slots=True)
class Tally:
    """What is counted on the way; changes are those of ``Result``."""

    series: Series
    hedged: Moments = field(default_factory=Moments)
    unhedged: Moments = field(default_factory=Moments)
    adrift: Moments = field(default_factory=Moments)
    steps: int = 0
    rows: int = 0
    refused: int = 0
    worst: float | None = None
    value: float | None = None
    total: float = 0.0
    net: dict[Underlying, tuple[float, float]] = field(default_factory=dict)
    """Value, value with equity, and (exposure + short, mark) at the last row that was counted."""
    opened: int | None = None
    """When the hedge was first in place, seconds since 1970."""
    horizons: dict[str, Horizon] = field(default_factory=lambda: {name: Horizon() for name in HORIZONS})
    guards: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)
    """Orders that each guard stopped or cut; when each alarm was first raised, seconds since 1970."""

    def take(self, day: MarketDay, found: Lines, seen: Seen) -> None:
        """Add a day."""
        self.steps += seen.decided
        self.rows += len(day)
        rows = _rows(found, seen)
        first = 0 if self.value is not None else seen.idle
        if first is not None:  # from the first decision on that found the hedge in place
            self.opened = day.times[first] if self.opened is None else self.opened
            total = found.value + rows.equity
            for name, span in HORIZONS.items():
                whole = first + np.flatnonzero(np.array(day.times[first:]) % span == 0)
                self.horizons[name].add(found.value[whole], total[whole])
            self._count(found.value[first:], total[first:])
            self.adrift.add(self._moves(found, rows, first))
        nearest = float(rows.distance.min())
        self.worst = nearest if self.worst is None else min(nearest, self.worst)
        self._draw(day, found, rows, seen)

    def judge(self, decision: Decision, seconds: int) -> None:
        """Count what the guards did at a row, and note the alarms that are raised first."""
        self.refused += len(decision.refused)
        stopped = [*(item.guard for item in decision.refused), *(item.guard for item in decision.reduced)]
        for guard in stopped:
            self.guards[guard] = self.guards.get(guard, 0) + 1
        for alarm in decision.alarms:
            self.alarms.setdefault(alarm.key, seconds)

    def _count(self, value: Floats, total: Floats) -> None:
        if self.value is not None:
            value, total = np.concatenate(([self.value], value)), np.concatenate(([self.total], total))
        self.value, self.total = float(value[-1]), float(total[-1])
        self.unhedged.add(np.diff(value))
        self.hedged.add(np.diff(total))

    def _moves(self, found: Lines, rows: _Rows, first: int) -> Floats:
        """Return what the net exposure that each row ended with gained in the next one."""
        gained: Floats = np.zeros(1)
        for name, marks in found.marks.items():
            held, price = (found.exposure[name] + rows.shorts[name])[first:], marks[first:]
            if name in self.net:
                last_net, last_price = self.net[name]
                held, price = np.concatenate(([last_net], held)), np.concatenate(([last_price], price))
            self.net[name] = float(held[-1]), float(price[-1])
            gained = gained + held[:-1] * np.diff(price)
        return gained

    def _draw(self, day: MarketDay, found: Lines, rows: _Rows, seen: Seen) -> None:
        series, drawn = self.series, slice((-(self.rows - len(day))) % self.series.every, len(day), self.series.every)
        series.at += day.times[drawn]
        series.value += found.value[drawn].tolist()
        series.hold += found.hold[drawn].tolist()
        series.equity += rows.equity[drawn].tolist()
        series.distance += rows.distance[drawn].tolist()
        for name, marks in found.marks.items():
            bands = [seen.bands[step].get(name, 0.0) for step in rows.place[drawn].tolist()]
            columns = (series.marks, marks[drawn]), (series.exposure, found.exposure[name][drawn])
            for column, values in (*columns, (series.short, rows.shorts[name][drawn])):
                column.setdefault(name, []).extend(values.tolist())
            series.band.setdefault(name, []).extend(bands)


def _rows(found: Lines, seen: Seen) -> _Rows:
    """Carry the accounts from the steps to all rows: between two steps shorts only gain or lose with the mark.

    A short is liquidated at the same mark then: nothing else moves what stands behind it.
    """
    steps = np.array(seen.steps)
    place = np.searchsorted(steps, np.arange(len(found.value)), "right") - 1
    equity = np.array(seen.equity)[place]
    shorts: dict[Underlying, Floats] = {}
    for name, marks in found.marks.items():
        shorts[name] = np.array([short[name] for short in seen.shorts])[place]
        equity = equity + shorts[name] * (marks - marks[steps][place])
    distance = np.full(len(place), np.inf)
    for name, marks in found.marks.items():
        prices = np.array([prices.get(name, np.inf) for prices in seen.liquidations])[place]
        distance = np.minimum(distance, np.maximum(prices / marks - 1, 0.0))
    return _Rows(equity, shorts, distance, place)
