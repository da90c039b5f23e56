"""Simulated markets, hedged row by row: decide() itself, and beside it the centre of the band and a timer.

Many paths run side by side. A path begins at ``PRICE`` with a perfect hedge; where a price leaves the range, the hedge
is set right for the last time and the path begins anew, as in ``tests.frontier.chain``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tests.frontier.chain import Score
from tests.frontier.live import PRICE, VALUE, Floats, Live, Setting

YEAR = 365 * 86_400
_PRICES = 61
_NEAR = 1e-3
"""Share of the band's width within which decide() is asked, though it may not act yet."""


class Kind(StrEnum):
    """How the price moves."""

    GBM = "GBM"
    JUMPS = "jumps"
    HESTON = "stochastic volatility"


@dataclass(frozen=True, slots=True)
class Market:
    """Prices seen every ``seconds``; ``volatility`` is the yearly one of the whole, jumps included."""

    kind: Kind = Kind.GBM
    volatility: float = 0.8
    seconds: float = 60.0
    paths: int = 200
    rows: int = 20_000
    seed: int = 1

    def moves(self) -> Floats:
        """Return the log returns, a row a line; the price is a martingale, but for the jumps' skew."""
        rng = np.random.default_rng(self.seed)
        dt, size = self.seconds / YEAR, (self.rows, self.paths)
        normal = rng.standard_normal(size)
        match self.kind:
            case Kind.GBM:
                variance = np.full(size, self.volatility**2)
            case Kind.JUMPS:  # 50 a year of 6% make a part of the variance
                variance = np.full(size, self.volatility**2 - 50 * 0.06**2)
                jumps = rng.poisson(50 * dt, size)
                normal = normal + rng.standard_normal(size) * 0.06 * np.sqrt(jumps / (variance * dt))
            case Kind.HESTON:
                variance = self._variance(rng.standard_normal(size), dt)
        found: Floats = normal * np.sqrt(variance * dt) - variance * dt / 2
        return found

    def _variance(self, normal: Floats, dt: float) -> Floats:
        """A square-root process that returns within two and a half months and swings by half of itself."""
        home, reversion, swing = self.volatility**2, 5.0, 1.2
        level = np.full(normal.shape[1], home)
        found = np.empty_like(normal)
        for row, shock in enumerate(normal):
            found[row] = np.maximum(level, 1e-6)
            level = level + reversion * (home - found[row]) * dt + swing * np.sqrt(found[row] * dt) * shock
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """Trading cost and tracking variance a year of each path, fractions of the value; trades of all."""

    cost: Floats
    variance: Floats
    trades: int

    def objective(self, aversion: float) -> tuple[float, float]:
        """Return what is minimised, with its standard error."""
        each = self.cost + aversion / 2 * self.variance
        return float(each.mean()), float(each.std() / math.sqrt(len(each)))

    def score(self, a_year: float) -> Score:
        """Return both as a score of steps of which there are ``a_year``."""
        return Score(float(self.cost.mean()) / a_year, float(self.variance.mean()) / a_year)


Trade = Callable[[int, Floats, Floats, Floats], Floats]
"""From row, prices, amounts held and hedges to what every path trades; nan where it begins anew."""


def play(setting: Setting, market: Market, trade: Trade) -> Outcome:
    """Hedge every path along the market."""
    low, high = setting.edges()
    start = np.full(market.paths, math.log(PRICE))
    begin = setting.amounts(np.exp(start))[0]
    logs, held, hedge = start.copy(), begin.copy(), -begin
    cost, variance, count = np.zeros(market.paths), np.zeros(market.paths), 0
    for row, moves in enumerate(market.moves()):
        before, drift = np.exp(logs), held + hedge
        logs = logs + moves
        left = (logs <= low) | (logs >= high)
        logs = np.clip(logs, low, high)
        prices = np.exp(logs)
        held, stable = setting.amounts(prices)
        value = held * prices + stable
        variance += (drift * (prices - before) / value) ** 2
        traded = np.where(left, -(held + hedge), trade(row, prices, held, hedge))
        paid = setting.cost * np.abs(traded) * prices + setting.fixed * VALUE * ((traded != 0) & ~left)
        cost += paid / value
        count += int((traded != 0).sum())
        hedge = hedge + traded
        logs, held, hedge = np.where(left, start, logs), np.where(left, begin, held), np.where(left, -begin, hedge)
    years = market.rows * market.seconds / YEAR
    return Outcome(cost / years, variance / years, count)


@dataclass(frozen=True, slots=True)
class Bands:
    """The band that decide() has at every price, interpolated: it says when to ask, never what to do."""

    logs: Floats
    outer: Floats

    @classmethod
    def of(cls, live: Live) -> Bands:
        """Ask at prices all over the range."""
        low, high = live.setting.edges()
        reach = 1.5 if math.isinf(low) else 0.0
        middle = math.log(PRICE)
        logs = np.linspace(max(low + 1e-6, middle - reach or low), min(high - 1e-6, middle + reach or high), _PRICES)
        return cls(logs, np.array([live.edge(math.exp(log))[0] for log in logs.tolist()]))

    def at(self, prices: Floats) -> Floats:
        """Return the outer edge at prices."""
        return np.interp(np.log(prices), self.logs, self.outer)


def by_decide(live: Live, bands: Bands) -> Trade:
    """Trade as decide() orders; it is asked wherever the drift comes near its band."""

    def trade(row: int, prices: Floats, held: Floats, hedge: Floats) -> Floats:
        del row
        traded = np.zeros_like(prices)
        for path in np.flatnonzero(np.abs(held + hedge) > bands.at(prices) * (1 - _NEAR)):
            traded[path] = live.traded(float(prices[path]), float(hedge[path]))
        return traded

    return trade


def to_centre(bands: Bands, width: float) -> Trade:
    """Trade the whole drift away where it is beyond ``width`` times decide()'s band."""

    def trade(row: int, prices: Floats, held: Floats, hedge: Floats) -> Floats:
        del row
        return np.where(np.abs(held + hedge) > width * bands.at(prices), -(held + hedge), 0.0)

    return trade


def by_timer(rows: int) -> Trade:
    """Trade the whole drift away every so many rows."""

    def trade(row: int, prices: Floats, held: Floats, hedge: Floats) -> Floats:
        del prices
        return -(held + hedge) if (row + 1) % rows == 0 else np.zeros_like(hedge)

    return trade
