"""Rows that can be left out: those at which the decision can't act, so that the orders are those of every row.

No second engine: the band along a day comes from decide() itself, asked at a few rows and interpolated between them,
less a margin; a row whose drift comes near it is stepped. What else could act (the venue's liquidation, stops, limits)
is asked for too: before rows are left out, decide() and a fork of the paper exchange are tried at the highest and the
lowest mark among them. What decide() carries along is brought forward: the history of the marks row by row with the
same arithmetic, the pools' by its own function; held positions and results only ever count the difference to the last
look.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.backtest.columns import Floats, moment
from bot.backtest.market import MarketDay
from bot.backtest.replay_venue import SimVenue
from bot.core.data_quality import pool_prices
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.hedge.band import OVERSHOOT
from bot.core.hedge.volatility import HALF_LIFE, MAX_STEP, MIN_WEIGHT, YEAR, pair, spaced
from bot.core.inputs import CycleInputs
from bot.core.policy import Policy, TrackingBudget
from bot.core.run_state import RunState
from bot.core.state import MarketWatch, MarkHistory, Rung, State
from bot.core.types import Underlying

if TYPE_CHECKING:
    from bot.backtest.engine import Replay

_MARGIN: Final = 1e-3
"""Share of the band within which a row is stepped: the interpolation errs by far less."""
_MARGIN_OF_BUDGET: Final = 2e-2
_SAMPLES: Final = 7
_LEAST_ROWS: Final = 48
"""Rows of one kind (the same positions in range) below which asking for the band costs more than stepping."""
_WORTH: Final = 3
"""Windows of so few rows are stepped: trying their extremes takes as long."""
_ALWAYS: Final = -1.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """Knows whether a replay can leave out rows: one hedged underlying, which all pools hold."""

    replay: Replay
    policy: Policy

    def day(self, day: MarketDay, base: int) -> QuietDay | None:
        """Prepare a day whose first row has just been stepped; None where every row has to be stepped.

        Args:
            day: the day.
            base: the number of rows before it.
        """
        if len(self.policy.hedges) != 1 or len(day.marks) != 1 or len(day) <= _LEAST_ROWS:
            return None
        return QuietDay(self.replay, self.policy, day, base)


class QuietDay:
    """One day of a replay, prepared."""

    def __init__(self, replay: Replay, policy: Policy, day: MarketDay, base: int) -> None:
        self._replay, self._policy, self._day, self._base = replay, policy, day, base
        (self._underlying,) = day.marks
        self._prices = np.array([float(mark) for mark in day.marks[self._underlying]])
        self._history = _histories(replay.state.marks, self._underlying, day.times, self._prices.tolist())
        self._forced = self._forced_rows()
        ratio = float(policy.hedges[self._underlying].ratio)
        self._wanted = ratio * self._exposures()
        margin = _MARGIN_OF_BUDGET if isinstance(policy.band, TrackingBudget) else _MARGIN
        self._bands = self._band_lines() * (1 - margin)

    def skip(self, row: int, decision: Decision) -> int:
        """Return the next row to step after ``row``, where this was just decided; what is left out has no effect."""
        replay = self._replay
        if _is_busy(decision, replay.inputs) or replay.journal.works or row == len(self._day) - 1:
            return row + 1
        end = min(self._next_act(row), self._forced[bisect_right(self._forced, row)])
        if end - row > _WORTH:
            end = self._quiet_until(row + 1, end)
        if end - row <= _WORTH:
            return row + 1
        end = self._follow_pools(row + 1, end)
        if end > row + 1:
            replay.state = replace(replay.state, marks=self._history_at(end - 1))
        return end

    def _follow_pools(self, first: int, end: int) -> int:
        """Bring what is remembered of the pools forward; return the first row at which one of them is doubted.

        Where the mark is the pool's own price, its ratio to the mark stays what it is.
        """
        if self._day.mark_times[self._underlying] is None:
            return end
        replay = self._replay
        for row in range(first, end):
            marks = {self._underlying: self._day.marks[self._underlying][row]}
            view = replay.world.prices(self._day, row, self._base + row + 1)
            watches, doubted = pool_prices.watch_pools(replay.state.pools, (view,), marks, self._policy.guards)
            if doubted:
                return row
            replay.state = replace(replay.state, pools=watches)
        return end

    def _next_act(self, row: int) -> int:
        """Return the first row after ``row`` whose drift comes near the band."""
        size = sum(
            float(position.size)
            for venue in self._replay.venues
            for position in venue.engine.account.positions.values()
        )
        near = np.abs(self._wanted[row + 1 :] + size) > self._bands[row + 1 :]
        place = int(near.argmax()) if len(near) else 0
        return row + 1 + place if len(near) and near[place] else len(self._day)

    def _quiet_until(self, first: int, end: int) -> int:
        """Return how far nothing acts from ``first`` on, up to ``end``: all the way, or by doubling and halving.

        The rows with the lowest and the highest mark of a window are tried for all of it.
        """
        tried: dict[int, bool] = {}

        def is_quiet(until: int) -> bool:
            window = self._prices[first:until]
            extremes = {first + int(window.argmin()), first + int(window.argmax())}
            for row in extremes - tried.keys():
                tried[row] = self._acts(row)
            return not any(tried[row] for row in extremes)

        if is_quiet(end):
            return end
        low, size = first, 2 * _WORTH
        while first + size < end and is_quiet(first + size):
            low, size = first + size, 2 * size
        high = min(first + size, end)
        while high - low > _WORTH:
            middle = (low + high) // 2
            low, high = (middle, high) if is_quiet(middle) else (low, middle)
        return low

    def _acts(self, row: int) -> bool:
        decision, happened = self._ask(row)
        return happened or _is_busy(decision, self._replay.inputs)

    def _ask(self, row: int) -> tuple[Decision, bool]:
        """Return what would be decided at a row if nothing happened until then, and whether the venue acts."""
        replay = self._replay
        venues = [SimVenue(venue.engine.fork()) for venue in replay.venues]
        now = moment(self._day.times[row])
        happened = [venue.advance(now, replay.world.updates(self._day, row, venue)) for venue in venues]
        snapshot = replay.world.snapshot(self._day, row, self._base + row + 1, venues)
        state = replace(replay.state, marks=self._history_at(row - 1))
        return decide(snapshot, replay.inputs, state, self._policy), any(happened)

    def _history_at(self, row: int) -> MarkHistory:
        covariance, weight, spacing = self._history[row]
        name = self._underlying
        mark = self._day.marks[name][row]
        return MarkHistory(moment(self._day.times[row]), {name: mark}, {pair(name, name): covariance}, weight, spacing)

    def _forced_rows(self) -> list[int]:
        """Return the rows that are always stepped: the last two of the day, and the last one before each settlement.

        A day's results are counted from midnight, which the last row shows already.
        """
        times = self._day.times
        rows = {len(times) - 2, len(times) - 1}
        for venue in self._replay.venues:
            for symbol, state in venue.engine.account.funding.items():
                interval = int(venue.engine.rules.symbols[symbol].funding_interval.total_seconds())
                for due in range(int(state.next_at.timestamp()), times[-1] + 1, interval):
                    rows.add(max(bisect_right(times, due) - 1, 0))
        return sorted(rows)

    def _exposures(self) -> Floats:
        found = np.zeros(len(self._day))
        for pool, index in zip(self._day.pools, self._day.index, strict=True):
            for place in range(len(pool.own)):
                found += pool.amounts(place)[0][index]
        return found

    def _band_lines(self) -> Floats:
        """Return the band's outer edge at every row, interpolated; ``_ALWAYS`` where the row has to be stepped.

        A band from a tracking-error budget knows the volatility: what goes about as 1/volatility is the deviation of
        the drift that it leaves (``Diffusion.tracking_variance`` with r = b). Any other one does not know it.
        """
        found = np.full(len(self._day), _ALWAYS)
        kinds, (scale, stride) = self._kinds(), self._diffusions()
        for kind in np.unique(kinds):
            rows = np.flatnonzero(kinds == kind)
            if len(rows) < _LEAST_ROWS:
                continue
            order = rows[np.argsort(self._prices[rows], kind="stable")]
            asked = order[np.unique(np.linspace(0, len(order) - 1, _SAMPLES).astype(np.int64))]
            outer = [self._outer(int(row)) for row in asked]
            if None in outer:
                continue
            acting = np.array(outer, dtype=np.float64) + OVERSHOOT * stride[asked]
            left = acting**2 - 0.75 * stride[asked] ** 2
            if left.min() > 0:  # else nearly every row acts
                left = np.interp(self._prices[rows], self._prices[asked], np.sqrt(left) * scale[asked]) / scale[rows]
                found[rows] = np.hypot(left, math.sqrt(0.75) * stride[rows]) - OVERSHOOT * stride[rows]
        return found

    def _diffusions(self) -> tuple[Floats, Floats]:
        """Return the volatility that the band at each row rests on, and the drift's stride; 1 and 0 where on none."""
        if not isinstance(self._policy.band, TrackingBudget):
            return np.ones(len(self._day)), np.zeros(len(self._day))
        covariance, weight, spacing = np.array(self._history).T
        known = (weight >= MIN_WEIGHT) & (covariance > 0)
        sigma = np.where(known, np.sqrt(np.maximum(covariance, 0) * YEAR), float(self._policy.assumed_volatility))
        ratio, slope = float(self._policy.hedges[self._underlying].ratio), np.zeros(len(self._day))
        for pool, index in zip(self._day.pools, self._day.index, strict=True):
            for place in range(len(pool.own)):
                slope += pool.slopes(place)[index]
        return sigma, ratio * slope * sigma * np.sqrt(spacing / YEAR)

    def _outer(self, row: int) -> float | None:
        decision, _ = self._ask(max(row, 1))
        band = next(hedge.band for hedge in decision.hedges if hedge.underlying == self._underlying)
        return None if band is None else float(band.outer)

    def _kinds(self) -> np.typing.NDArray[np.int64]:
        """Number the rows by which positions are in range."""
        kinds = np.zeros(len(self._day), dtype=np.int64)
        for pool, index in zip(self._day.pools, self._day.index, strict=True):
            for place in range(len(pool.own)):
                kinds = 2 * kinds + pool.in_range(place)[index]
        return kinds


def is_active(decision: Decision) -> bool:
    """Whether a decision asks for anything at all, or would, were it not refused."""
    return bool(decision.approved or decision.refused or decision.cancels or decision.stops or decision.top_ups)


def _is_busy(decision: Decision, inputs: CycleInputs) -> bool:
    """Whether a decision asks for anything, or leaves something behind that the next look has to see."""
    return is_active(decision) or not is_at_rest(inputs, decision.state)


def is_at_rest(inputs: CycleInputs, state: State) -> bool:
    """Whether nothing that a decision rests on waits for time or for another look: then only prices can act.

    Times of orders are left aside, since a minute later they count no more; so are what is held and what was won.
    """
    return (
        state.bot.state is RunState.RUNNING
        and not (state.outside or inputs.fired or inputs.disputes)
        and all(_is_still(watch) for watch in state.markets.values())
    )


def _is_still(watch: MarketWatch) -> bool:
    """Whether a position is what it was expected to be, under a verified stop and far from the margin's steps."""
    is_expected = watch.low == watch.position == watch.high and watch.unsettled is None
    return is_expected and watch.bare_since is None and watch.rung.height < Rung.TOP_UP.height


def _histories(
    start: MarkHistory, name: Underlying, times: Sequence[int], prices: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Return (covariance, weight, spacing) after each row, as volatility.update() leaves them; row 0 is ``start``."""
    covariance, weight, spacing = start.covariance.get(pair(name, name), 0.0), start.weight, start.spacing
    found = [(covariance, weight, spacing)]
    log, span, kept_share, counted = math.log, -1, 1.0, 0.0
    before, at = prices[0], times[0]
    for price, now in zip(prices[1:], times[1:], strict=True):
        if now - at != span:
            span = now - at
            kept_share, counted = 2 ** (-float(span) / HALF_LIFE), min(float(span), MAX_STEP)
        change = log(price / before)
        kept = weight * kept_share
        weight = kept + counted
        covariance = (kept * covariance + counted * change * change / span) / weight
        spacing = spaced(spacing, counted)
        found.append((covariance, weight, spacing))
        before, at = price, now
    return found
