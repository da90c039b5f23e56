"""Rows that a replay may skip: the decision can't act there, so that orders and alarms stay those of every row.

No second engine: the rows of a day are taken in cells, within which the same positions are in range, and the core says
how narrow the band is there at least (``bot.core.hedge.band_bounds``); a row whose drift comes near it is stepped. So
is one whose mark comes to where a short asks for anything (``bot.core.risk.calm``), and each up to where a limit on
losses may be passed. What decide() carries along is brought forward: the history of the marks row by row with the same
arithmetic, the pools' by its own function; held positions and results only ever count the difference to the last
observation.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol

import numpy as np

from bot.backtest.band_cells import Bools, Cells
from bot.backtest.columns import moment
from bot.backtest.journal import MemoryJournal
from bot.backtest.market import MarketDay
from bot.backtest.replay_venue import SimVenue
from bot.backtest.replay_world import World
from bot.core.booked import Gains
from bot.core.cycle_summary import band_alarm
from bot.core.data_quality import pool_prices
from bot.core.decision import Decision
from bot.core.hedge.volatility import HALF_LIFE, MAX_STEP, pair, spaced
from bot.core.inputs import CycleInputs
from bot.core.policy import Policy
from bot.core.risk import loss_limits
from bot.core.risk.calm import calm_below
from bot.core.run_state import RunState
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import MarketWatch, MarkHistory, Rung, State
from bot.core.types import Underlying

_LEAST_ROWS: Final = 48
"""Rows of a day below which preparing it costs more than stepping."""
_CLOSE: Final = 1e-9
"""Share of the exposure by which what is worked out in floats may be off."""


class Replayed(Protocol):
    """The replay whose rows are left out: what the next decision would be made from."""

    venues: tuple[SimVenue, ...]
    world: World
    journal: MemoryJournal
    state: State

    @property
    def alarms(self) -> Mapping[str, int]:
        """Keys of the alarms that were raised, with the time of the first row that raised each, seconds since 1970."""

    @property
    def inputs(self) -> CycleInputs:
        """The present state of journal and book."""

    def pass_over(self, day: MarketDay, row: int) -> None:
        """Advance the venues to a row at which nothing is decided."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Knows whether a replay can leave out rows: one hedged underlying, which all pools hold."""

    replay: Replayed
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

    def __init__(self, replay: Replayed, policy: Policy, day: MarketDay, base: int) -> None:
        self._replay, self._policy, self._day, self._base = replay, policy, day, base
        (self._underlying,) = day.marks
        self._prices = np.array([float(mark) for mark in day.marks[self._underlying]])
        self._history = _histories(replay.state.marks, self._underlying, day.times, self._prices.tolist())
        self._forced, self._settled = self._forced_rows()
        rules = [
            rules
            for venue in replay.venues
            for rules in venue.engine.rules.symbols.values()
            if rules.market.underlying == self._underlying
        ]
        self._cells = Cells(day, policy, self._underlying, np.array(self._history), rules)

    def skip(self, row: int, decision: Decision) -> int:
        """Return the next row to step after ``row``, where this was just decided; what is left out has no effect.

        Once no order works, the look after one that was sent would do nothing but forget it: that is done here. Rows
        at which nothing but funding is settled are passed over.
        """
        replay, at = self._replay, row
        if replay.journal.works or row == len(self._day) - 1 or not _is_done(decision, replay.inputs):
            return row + 1
        move = min(self._next_move(row), self._forced[bisect_right(self._forced, row)])
        while at + 1 < move:
            views = [venue.view(with_ledger=True) for venue in replay.venues]
            settled = self._settled[bisect_right(self._settled, at)]
            quiet = min(move, self._next_mark(at, views), settled + 1)
            if self._loses((row, at, quiet), views, decision):
                break
            end = self._follow_pools(at + 1, quiet)
            if end > at + 1:
                replay.state = replace(replay.state, outside={}, arrivals={}, marks=self._history_at(end - 1))
            if end <= settled:
                return end
            replay.pass_over(self._day, settled)
            at = settled
        return at + 1

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

    def _next_move(self, row: int) -> int:
        """Return the first row after ``row`` whose drift comes near the band, or whose band may be told of first."""
        cells, size, first = self._cells, self._size, row + 1
        near = np.abs(cells.wanted[first:] + size) > cells.narrowest[first:] - _CLOSE * abs(size)
        if band_alarm(self._underlying) not in self._replay.alarms:
            near |= cells.is_wide[first:]
        return first + _first(near)

    def _next_mark(self, row: int, views: Iterable[VenueView]) -> int:
        """Return the first row after ``row`` at whose mark a short needs action."""
        markets, risk = self._replay.state.markets, self._policy.risk
        most = float(min(calm_below(view, markets, risk) for view in views))
        return row + 1 + _first(self._prices[row + 1 :] > most * (1 - _CLOSE))

    def _loses(self, rows: tuple[int, int, int], views: Sequence[VenueView], decision: Decision) -> bool:
        """Whether a limit on losses or spending may be passed: at the worst rows for the hedge, and for both.

        Args:
            rows: the one that was decided at, the one that the venues stand at, and the one before which is asked for.
            views: the venues.
            decision: what was decided.
        """
        (decided, at, end), limits = rows, self._policy.risk.loss
        replay, booked, snapshot = self._replay, self._replay.inputs.booked, Snapshot(decision.at, (), tuple(views))
        results = loss_limits.results_of(booked, snapshot, replay.state.held, decision.prices)
        results = results if replay.state.accepted is None else results.without(replay.state.accepted)
        value = self._cells.value[at:end] - self._cells.value[decided]
        hedge = self._size * (self._prices[at:end] - self._prices[at])
        funds = loss_limits.capital(booked, snapshot, Decimal(float(self._cells.value[decided])))
        for worst in {int(hedge.argmin()), int((hedge + value).argmin())}:
            gained = Gains(Decimal(float(hedge[worst])), Decimal(float(value[worst])))
            left = (funds + gained.hedge + gained.liquidity) * (1 - Decimal(_CLOSE))
            there = replace(results, today=results.today.plus(gained), life=results.life.plus(gained))
            if loss_limits.breaches(there, left, limits) or loss_limits.spent(there, left, limits):
                return True
        return False

    @property
    def _size(self) -> float:
        """What is short, signed base units."""
        accounts = (venue.engine.account for venue in self._replay.venues)
        return sum(float(position.size) for account in accounts for position in account.positions.values())

    def _history_at(self, row: int) -> MarkHistory:
        covariance, weight, spacing = self._history[row]
        name = self._underlying
        mark = self._day.marks[name][row]
        return MarkHistory(moment(self._day.times[row]), {name: mark}, {pair(name, name): covariance}, weight, spacing)

    def _forced_rows(self) -> tuple[list[int], list[int]]:
        """Return the rows that are always stepped, a day's last and stale ones, and those at which funding falls due.

        A candle that is older than its own length is stale (see ``World.updates``). The last row bounds both.
        """
        times, true_at = self._day.times, self._day.mark_times[self._underlying]
        forced, settled = {len(times) - 1}, {len(times) - 1}
        if true_at is not None:
            age = np.array(times) - true_at
            forced.update(np.flatnonzero(age > self._replay.world.market.perps[self._underlying].interval).tolist())
        for venue in self._replay.venues:
            for symbol, state in venue.engine.account.funding.items():
                interval = int(venue.engine.rules.symbols[symbol].funding_interval.total_seconds())
                for due in range(int(state.next_at.timestamp()), times[-1] + 1, interval):
                    before = max(bisect_right(times, due) - 1, 0)
                    settled |= {before} if times[before] == due else {before, min(before + 1, len(times) - 1)}
        return sorted(forced), sorted(settled)


def is_active(decision: Decision) -> bool:
    """Whether a decision asks for anything at all, or would, were it not refused."""
    return bool(decision.approved or decision.refused or decision.cancels or decision.stops or decision.top_ups)


def _is_done(decision: Decision, inputs: CycleInputs) -> bool:
    """Whether all that a decision asked for was sent, and the next look has nothing to see but that."""
    is_stopped = decision.refused or decision.reduced or decision.cancels or decision.top_ups
    is_sent = bool(decision.approved or decision.stops)
    state = replace(decision.state, outside={}) if is_sent else decision.state
    return not is_stopped and is_at_rest(inputs, state)


def is_at_rest(inputs: CycleInputs, state: State) -> bool:
    """Whether nothing that a decision rests on waits for time or for another observation: then only prices can act.

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


def _first(found: Bools) -> int:
    """Return the place of the first True, the length where there is none."""
    place = int(found.argmax()) if len(found) else 0
    return place if len(found) and found[place] else len(found)


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
