"""Exact optima, and exact scores of any band, by dynamic programming on a binomial price; no formula of bot/core/band.

The price goes up or down by a small step, a martingale: geometric Brownian motion that is looked at every
``(step / volatility)^2`` years. A state is (price, hedge), the hedge told by how many steps away from the price it
would be perfect. The score of a policy is its expected trading cost and the variance of its tracking error, as
fractions of the positions' value, until the price leaves the range and the hedge is set right for the last time (for
ever where there is no range). Volatility only scales time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.frontier.live import PRICE, VALUE, Floats, Setting

Ints = np.typing.NDArray[np.int64]
_SWEEPS = 60
_CLOSE = 1e-7


@dataclass(frozen=True, slots=True)
class Score:
    """Trading cost and tracking variance a step, fractions of value."""

    cost: float
    variance: float

    def objective(self, aversion: float) -> float:
        """Return what is minimised: cost + a/2 x variance."""
        return self.cost + aversion / 2 * self.variance

    def eta(self, best: Score, aversion: float) -> float:
        """Return the cost over that of the cheapest policy with the same tracking error.

        Along the frontier d ln(cost)/d ln(error) = -a x variance/cost; -1, so cost x error is constant, without fixed
        costs.
        """
        slope = aversion * best.variance / best.cost
        return self.cost / best.cost * math.exp(slope / 2 * math.log(self.variance / best.variance))


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy on a grid: after trading each state's hedge is ``share`` of the way from ``low`` to the next one."""

    low: Ints
    share: Floats
    paid: Floats

    def after(self, values: Floats) -> Floats:
        """Return each state the value of where it goes."""
        first = np.take_along_axis(values, self.low, axis=-1)
        second = np.take_along_axis(values, np.minimum(self.low + 1, values.shape[-1] - 1), axis=-1)
        return np.where(self.share > 0, first + self.share * (second - first), first)


class Grid:
    """The states of a setting, price by hedge; one price stands for all where there are no edges."""

    def __init__(self, setting: Setting, step: float, reach: int) -> None:
        self.setting, self.reach = setting, reach
        low, high = setting.edges()
        self.is_endless = math.isinf(low)
        count = 2 if self.is_endless else round((high - low) / step)
        self.step = step if self.is_endless else (high - low) / count
        start = math.log(PRICE)
        self.logs = np.array([start]) if self.is_endless else low + self.step * np.arange(1, count)
        self.prices = np.exp(self.logs)
        self.held, stable = setting.amounts(self.prices)
        value = self.held * self.prices + stable
        offsets = self.step * np.arange(-reach, reach + 1)
        hedged, _ = setting.amounts(np.exp(self.logs[:, None] + offsets[None, :]))
        self.allowed = hedged >= 0  # decide() goes short only
        self.drift = self.held[:, None] - hedged
        up, down = math.exp(self.step), math.exp(-self.step)
        self.up = (1 - down) / (up - down)
        square = self.up * (up - 1) ** 2 + (1 - self.up) * (1 - down) ** 2
        self.variance = (self.drift * self.prices[:, None] / value[:, None]) ** 2 * square
        self.cost = setting.cost * self.drift * (self.prices / value)[:, None]
        self.fixed = (setting.fixed * VALUE / value)[:, None]
        ends = np.exp(self.logs[[0, -1]] + self.step * np.array([-1, 1]))
        held, stable = setting.amounts(ends)
        hedged, _ = setting.amounts(ends[:, None] * np.exp(offsets)[None, :])
        self.closing = setting.cost * np.abs(held[:, None] - hedged) * (ends / (held * ends + stable))[:, None]

    def ahead(self, values: Floats, at_end: Floats, beyond: float) -> Floats:
        """Return the expectation over the next step.

        Args:
            values: of all states.
            at_end: of the two ends, by hedge.
            beyond: of hedges too far off to be followed.
        """
        if self.is_endless:
            padded = np.concatenate(([beyond], values[0], [beyond]))[None, :]
            ahead: Floats = self.up * padded[:, :-2] + (1 - self.up) * padded[:, 2:]
            return ahead
        padded = np.full((len(self.prices) + 2, 2 * self.reach + 3), beyond)
        padded[1:-1, 1:-1] = values
        padded[0, 1:-1], padded[-1, 1:-1] = at_end
        found: Floats = self.up * padded[2:, :-2] + (1 - self.up) * padded[:-2, 2:]
        return found

    def best(self, aversion: float) -> Rule:
        """Return the optimal policy."""
        running = np.where(self.allowed, aversion / 2 * self.variance, math.inf)

        def sweep(values: Floats) -> Floats:
            stay = running + self.ahead(values, self.closing, math.inf)
            down = np.minimum.accumulate(stay - self.cost, axis=1) + self.cost
            up = np.minimum.accumulate((stay + self.cost)[:, ::-1], axis=1)[:, ::-1] - self.cost
            found: Floats = np.minimum(stay, self.fixed + np.minimum(down, up))
            return found

        stay = running + self.ahead(self._settled(sweep), self.closing, math.inf)
        targets = np.empty(stay.shape, dtype=np.int64)
        for row, values in enumerate(stay):
            trades = np.abs(self.cost[row][:, None] - self.cost[row][None, :]) + self.fixed[row]
            np.fill_diagonal(trades, 0)
            targets[row] = np.argmin(trades + values[None, :], axis=1)
        return self.rule(targets.astype(np.float64))

    def rule(self, targets: Floats) -> Rule:
        """Make a policy out of each state's hedge after trading, told by (fractional) place."""
        low = np.floor(targets).astype(np.int64)
        share = targets - low
        own = np.broadcast_to(np.arange(targets.shape[1]), targets.shape)
        whole = Rule(low, share, np.zeros_like(targets))
        paid = np.where(targets == own, 0, np.abs(whole.after(self.cost) - self.cost) + self.fixed)
        return Rule(low, share, paid)

    def banded(self, outer: Floats, above: Floats, below: Floats) -> Rule:
        """Make a policy out of bands by price: beyond ``outer`` trade back to drifts ``above`` and -``below``."""
        places = np.arange(self.drift.shape[1], dtype=np.float64)
        targets = np.tile(places, (len(self.drift), 1))
        for row, drifts in enumerate(self.drift):
            most = float(np.flatnonzero(self.allowed[row])[-1])
            ends = np.interp([above[row], -below[row]], drifts, places)
            targets[row] = np.where(drifts > outer[row], min(ends[0], most), targets[row])
            targets[row] = np.where(drifts < -outer[row], ends[1], targets[row])
        assert (targets[:, 0] > 0).all()
        assert (targets[:, -1] < places[-1]).all()
        return self.rule(targets)

    def score(self, rule: Rule) -> Score:
        """Score a policy."""
        nothing, free = np.zeros_like(self.drift), np.zeros_like(self.closing)
        cost = self._total(rule, nothing, rule.paid, self.closing)
        variance = self._total(rule, self.variance, nothing, free)
        steps = 1.0 if self.is_endless else self._total(rule, np.ones_like(self.drift), nothing, free)
        return Score(cost / steps, variance / steps)

    def _total(self, rule: Rule, running: Floats, paid: Floats, at_end: Floats) -> float:
        def sweep(values: Floats) -> Floats:
            return paid + rule.after(running + self.ahead(values, at_end, 0.0))

        values = self._settled(sweep)
        if self.is_endless:
            return float((sweep(values) - values)[0, self.reach])
        return float(values[np.abs(self.logs - math.log(PRICE)).argmin(), self.reach])

    def _settled(self, sweep: Callable[[Floats], Floats]) -> Floats:
        """Repeat a sweep until values stand still, or grow alike; what is slow, along the price, is solved at once."""
        values = np.zeros_like(self.drift)
        near = np.abs(np.arange(-self.reach, self.reach + 1)) <= self.reach // 4
        count = len(self.prices)
        walk = np.eye(count) - np.diag(np.full(count - 1, self.up), 1) - np.diag(np.full(count - 1, 1 - self.up), -1)
        while True:
            for _ in range(_SWEEPS):
                values = (values + sweep(values)) / 2  # half steps, since a binomial walk goes round in twos
            change = sweep(values) - values
            if self.is_endless:
                if np.ptp(change) < _CLOSE * np.abs(change).max():
                    return values
                values = values - values[0, self.reach]
                continue
            if np.abs(change).max() < _CLOSE * np.abs(values).max():
                return values
            values = values + np.linalg.solve(walk, change[:, near].mean(axis=1))[:, None]
