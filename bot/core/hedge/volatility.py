"""Covariance of the marks' log returns, learned from the marks that decisions saw. Floats inside only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.state import MarkHistory
from bot.core.types import USD, Underlying

YEAR: Final = timedelta(days=365).total_seconds()
HALF_LIFE: Final = timedelta(days=1).total_seconds()
MIN_WEIGHT: Final = timedelta(hours=6).total_seconds()
"""Seconds of (decayed) history from which on the estimate is used."""
MAX_STEP: Final = timedelta(minutes=5).total_seconds()
"""The most that one return may count, so that two marks a day apart don't pass for a day of history."""
ASSUMED_CORRELATION: Final = 0.8
"""Between two volatile tokens, as long as their marks' history is short: what most of them have had for years."""
MOST_CORRELATION: Final = 0.98
"""Estimates beyond it are taken for it, since what is left would be of the size of their own error."""
SPACINGS: Final = 16
"""Looks over which the time between them is averaged."""


def pair(a: Underlying, b: Underlying) -> tuple[Underlying, Underlying]:
    """Return the key of a covariance."""
    return (a, b) if a <= b else (b, a)


def update(
    history: MarkHistory, marks: Mapping[Underlying, Decimal], expected: Iterable[Underlying], at: datetime
) -> MarkHistory:
    """Update with the marks at ``at``.

    The estimate is C <- (w W C + g r r'/dt) / (w W + g) with W <- w W + g, where w = 2^(-dt/half-life) is the decay and
    g = min(dt, MAX_STEP) is what the return r over dt seconds counts: unbiased at any spacing of the marks. Time that
    does not advance changes nothing. While a known underlying shows no mark the update waits (its next return spans
    the gap); a new underlying starts the estimate again, since one weight serves all pairs.

    Args:
        history: the estimate so far.
        marks: USD marks now.
        expected: the underlyings that the policy knows; others are dropped.
        at: the time of the marks.
    """
    tracked = sorted(set(expected) & {key for key, price in marks.items() if price > 0})
    last = {key: history.last[key] for key in expected if key in history.last}
    if any(key not in tracked for key in last):
        return history
    now = {key: marks[key] for key in tracked}
    if history.last_at is None or any(key not in last for key in tracked):
        is_older = history.last_at is not None and at <= history.last_at
        return history if is_older else MarkHistory(last_at=at, last=now)
    dt = (at - history.last_at).total_seconds()
    if dt <= 0:
        return history
    returns = {key: math.log(float(now[key]) / float(last[key])) for key in tracked}
    kept = history.weight * 2 ** (-dt / HALF_LIFE)
    counted = min(dt, MAX_STEP)
    weight = kept + counted
    spacing = spaced(history.spacing, counted)
    covariance = {
        pair(a, b): (kept * history.covariance.get(pair(a, b), 0.0) + counted * returns[a] * returns[b] / dt) / weight
        for index, a in enumerate(tracked)
        for b in tracked[index:]
    }
    return MarkHistory(last_at=at, last=now, covariance=covariance, weight=weight, spacing=spacing)


def spaced(before: float, seconds: float) -> float:
    """Return the recent mean of the time between two observations, one more of them counted."""
    return before + (seconds - before) / SPACINGS if before else seconds


@dataclass(frozen=True, slots=True)
class Volatility:
    """What is known of the marks' yearly volatility: the history where it is long enough, else the assumption."""

    history: MarkHistory
    assumed: float

    def _estimate(self, a: Underlying, b: Underlying) -> float | None:
        if self.history.weight < MIN_WEIGHT:
            return None
        per_second = self.history.covariance.get(pair(a, b))
        return None if per_second is None else per_second * YEAR

    def of(self, underlying: Underlying) -> float:
        """Return the yearly volatility of an underlying's mark."""
        variance = self._estimate(underlying, underlying)
        return math.sqrt(variance) if variance else self.assumed

    def is_estimated(self, underlying: Underlying) -> bool:
        """Whether the marks' own history tells it."""
        return bool(self._estimate(underlying, underlying))

    def variance_between(self, a: Underlying, b: Underlying) -> float:
        """Return the yearly variance of the ratio of two prices; USD stands still.

        Where the covariance of two underlyings is not known they are taken as independent.
        """
        if a == b:
            return 0.0
        own = sum(self.of(key) ** 2 for key in (a, b) if key != USD)
        shared = self._estimate(a, b) if USD not in (a, b) else None
        return max(own - 2 * (shared or 0.0), 0.0)

    def correlation(self, a: Underlying, b: Underlying) -> float:
        """Return the correlation of two underlyings' log returns; where it is not known, what most tokens have."""
        if a == b:
            return 1.0
        shared = self._estimate(a, b)
        if shared is None or not (self.is_estimated(a) and self.is_estimated(b)):
            return ASSUMED_CORRELATION
        return max(-MOST_CORRELATION, min(shared / (self.of(a) * self.of(b)), MOST_CORRELATION))

    def shared(self, one: Mapping[Underlying, Decimal], other: Mapping[Underlying, Decimal]) -> float:
        """Return the yearly covariance of two amounts that move by so much with the logarithms of prices."""
        left = [(key, float(slope) * self.of(key)) for key, slope in one.items() if slope]
        right = left if one is other else [(key, float(slope) * self.of(key)) for key, slope in other.items() if slope]
        return sum(moved * too * (1.0 if a == b else self.correlation(a, b)) for a, moved in left for b, too in right)

    def slope(self, underlying: Underlying, vector: Mapping[Underlying, Decimal]) -> float:
        """Return s/sigma: the volatility of an amount in units of its own underlying's volatility.

        ``vector`` holds d(amount)/d(ln price) by underlying; s^2 = v' Sigma v. The result is |Gamma| P where only the
        underlying's own price moves the amount, whatever the volatility.
        """
        own = abs(float(vector.get(underlying, 0)))
        if not any(slope for key, slope in vector.items() if key != underlying):
            return own
        return math.sqrt(max(self.shared(vector, vector), 0.0)) / self.of(underlying)
