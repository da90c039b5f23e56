"""A day's rows in cells, and how wide the band is in each: between which bounds lies what the band rests on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.backtest.columns import Floats
from bot.backtest.market import MarketDay
from bot.backtest.pool import PoolDay
from bot.core.cycle_summary import WIDE
from bot.core.hedge.band import Diffusion
from bot.core.hedge.band_bounds import Bounds, narrowest, widest
from bot.core.hedge.target import STRIDES
from bot.core.hedge.volatility import MIN_WEIGHT, YEAR
from bot.core.policy import Policy
from bot.core.types import Underlying
from bot.paper.engine.rules import SymbolRules

_ROWS: Final = 32
"""Rows of a cell at most: the band hardly changes within half an hour of minutes."""
_SLACK: Final = 1e-9
"""Share by which floats that are worked out here may differ from those of decide()."""

_PRICE: Final = 3
_VALUE: Final = 6
"""Places of columns."""

Bools = npt.NDArray[np.bool_]


class Cells:
    """What a day's decisions rest on, as far as rows alone tell it.

    Attributes:
        wanted: what is to be short at every row, base units.
        value: what the positions are worth at every row, USD.
        narrowest: how wide the band is at least, base units.
        is_wide: whether the band may be so wide that it is told of.
    """

    def __init__(
        self, day: MarketDay, policy: Policy, underlying: Underlying, history: Floats, rules: Sequence[SymbolRules]
    ) -> None:
        """Take a day.

        Args:
            day: the rows.
            policy: the settings.
            underlying: the one that is hedged.
            history: (covariance, weight, spacing) of the marks at every row.
            rules: those of the underlying's markets.
        """
        self._policy, self._rules = policy, rules
        ratio = float(policy.hedges[underlying].ratio)
        held = [
            _Held(pool, place, index, ratio)
            for pool, index in zip(day.pools, day.index, strict=True)
            for place in range(len(pool.own))
        ]
        price = np.array([float(mark) for mark in day.marks[underlying]])
        self.wanted: Floats = sum((one.amount for one in held), np.zeros(len(day)))
        self.value: Floats = sum((one.volatile * price + one.stable for one in held), np.zeros(len(day)))
        slope: Floats = sum((one.slope for one in held), np.zeros(len(day)))
        covariance, weight, spacing = history.T
        known = (weight >= MIN_WEIGHT) & (covariance > 0)
        sigma = np.where(known, np.sqrt(np.maximum(covariance, 0) * YEAR), float(policy.assumed_volatility))
        stride = STRIDES * sigma * np.sqrt(spacing / YEAR)
        near: Floats = sum((one.near(stride) for one in held), np.zeros(len(day)))
        whole = np.where(slope > 0, slope, 1.0)
        shares = [np.cbrt(one.slope / whole) ** 2 for one in held]
        edges = _edges([one.in_range for one in held], len(day))
        columns = [self.wanted, slope, sigma, price, spacing / YEAR, near, self.value, *shares]
        least, greatest = (
            np.array([extreme.reduceat(column, edges) for column in columns]).T * (1 + slack)
            for extreme, slack in ((np.minimum, -_SLACK), (np.maximum, _SLACK))
        )
        terms, halves = self._terms(float(price.min()), float(price.max())), [one.half for one in held]

        def bounds(low: Floats, high: Floats) -> Bounds:
            ends = (self._diffusion(row.tolist(), halves, *term) for row, term in zip((low, high), terms, strict=True))
            return Bounds(next(ends), next(ends), float(low[_VALUE]), float(high[_VALUE]))

        def may_be_wide(one: Bounds) -> bool:
            return one.greatest.target > 0 and widest(one, policy) >= float(WIDE) * one.least.target

        cells = [bounds(low, high) for low, high in zip(least, greatest, strict=True)]
        may_any = may_be_wide(bounds(least.min(axis=0), greatest.max(axis=0)))
        lengths = np.diff([*edges, len(day)])
        self.narrowest: Floats = np.repeat([narrowest(one, policy) for one in cells], lengths)
        self.is_wide: Bools = np.repeat(np.array([may_any and may_be_wide(one) for one in cells]), lengths)

    def _terms(self, low: float, high: float) -> tuple[tuple[float, Decimal], tuple[float, Decimal]]:
        """Return the least and the greatest cost of trading and smallest trade while prices stay within bounds."""
        cheap, dear = Decimal(high) * (1 + Decimal(_SLACK)), Decimal(low) * (1 - self._policy.guards.slippage)
        least, greatest = [], []
        for rules in self._rules:
            market, half_spread = rules.market, rules.depth.half_spread
            cost, tick = market.taker_fee + half_spread, market.tick / Decimal(low)  # the touch is rounded outwards
            worst = max(dear * (1 - half_spread) - 2 * market.tick, market.tick)
            least.append((float(cost) * (1 - _SLACK), market.smallest(cheap)))
            greatest.append((float(cost + tick) * (1 + _SLACK), market.smallest(worst)))
        costs, steps = zip(*least, strict=True)
        most, longest = zip(*greatest, strict=True)
        return (min(costs), min(steps)), (max(most), max(longest))

    def _diffusion(self, row: list[float], halves: Sequence[float], cost: float, step: Decimal) -> Diffusion:
        target, slope, volatility, price, interval, near, _, *shares = row
        return Diffusion(
            target=max(target, 0.0),
            slope=slope,
            volatility=volatility,
            price=price,
            cost=cost,
            fixed_cost=float(self._policy.fixed_cost),
            step=step,
            interval=interval,
            least=float(self._policy.least_trade),
            free=0.0,
            ranges=tuple((share, half) for share, half in zip(shares, halves, strict=True) if share),
            near=near,
        )


class _Held:
    """A position along a day's rows: amounts in base units and USD, the hedge's part of them where so said."""

    def __init__(self, pool: PoolDay, place: int, index: npt.NDArray[np.int64], ratio: float) -> None:
        self.volatile, self.stable = (amounts[index] for amounts in pool.amounts(place))
        self.amount, self.slope = ratio * self.volatile, ratio * pool.slopes(place)[index]
        self.in_range = pool.in_range(place)[index]
        self.half = ratio * pool.half_span(place)
        self._reach = pool.reach(place)[index]

    def near(self, stride: Floats) -> Floats:
        """Return half the range's amount where the price is outside, and so near that it may step through all of it."""
        found: Floats = np.where(~self.in_range & (self._reach <= stride), self.half, 0.0)
        return found


def _edges(in_range: Sequence[Bools], rows: int) -> list[int]:
    """Return the first rows of the cells: some rows on, or where a range is entered or left."""
    turns = {int(row) + 1 for one in in_range for row in np.flatnonzero(one[1:] != one[:-1])}
    return sorted(turns | set(range(0, rows, _ROWS)))
