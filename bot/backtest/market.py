"""The market of a scenario: pools and perpetuals side by side, a UTC day at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from bot.backtest.columns import DAY, Ints, PoolSource, Tape, TapeSource, by_day, moment, part, tape_of, within
from bot.backtest.findings import DataError, Finding, Kind, gap, require_usable
from bot.backtest.generate import Generated
from bot.backtest.perp_data import PerpFile, PerpSeries, compare, read_perp
from bot.backtest.pool import Own, PoolDay, PoolFacts, PoolTrack, facts_of, open_position
from bot.backtest.pool_data import PoolReader
from bot.backtest.scenario import PoolSpec, Scenario
from bot.core.types import Underlying

_LEAST: Final = 1e-10
"""USD below which, and the inverse above which, no price of a token is believed that no perpetual confirms."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Funding rates in force: the last one at or before a time counts for the next settlement."""

    times: Ints
    rates: Sequence[Decimal]

    def at(self, seconds: int) -> Decimal | None:
        """Return the rate of the next settlement after a time, None where the data has none."""
        place = int(np.searchsorted(self.times, seconds, "right"))
        return self.rates[place] if place < len(self.rates) else None


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A day: the rows' times, each pool with its index at every row, each underlying's mark at every row.

    Attributes:
        times: seconds since 1970, rising.
        pools: the pools along the day.
        index: for each pool, which of its indices stands at each row.
        marks: USD marks by underlying.
        mark_times: by underlying, when each mark was true; None where marks come from the pool itself.
    """

    times: list[int]
    pools: Sequence[PoolDay]
    index: Sequence[Ints]
    marks: Mapping[Underlying, list[Decimal]]
    mark_times: Mapping[Underlying, Ints | None]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Market:
    """The market that a replay runs on.

    ``start`` and ``end`` (seconds since 1970) bound the time that every pool and perpetual covers; ``rows`` is how many
    rows there are about, for a progress bar.
    """

    facts: Sequence[PoolFacts]
    own: Sequence[Sequence[Own]]
    sources: Sequence[PoolSource]
    first: Sequence[Tape]
    perps: Mapping[Underlying, PerpSeries]
    findings: tuple[Finding, ...]
    interval: timedelta
    start: int
    end: int
    rows: int

    @property
    def underlyings(self) -> list[Underlying]:
        """What the pools hold besides dollars, ordered by name."""
        return sorted({facts.underlying for facts in self.facts})

    def rates(self, underlying: Underlying) -> Rates | None:
        """Return an underlying's recorded funding."""
        perp = self.perps.get(underlying)
        return Rates(perp.funding_times, perp.funding) if perp is not None and len(perp.funding) else None

    def days(self) -> Iterator[MarketDay]:
        """Return the days in order; a pool without rows on a day stands still."""
        tracks = [
            PoolTrack(facts, own, int(first.close[0]), int(first.times[0]))
            for facts, own, first in zip(self.facts, self.own, self.first, strict=True)
        ]
        for tapes in _together(self.sources):
            pools = [track.day(tape) for track, tape in zip(tracks, tapes, strict=True)]
            times = np.unique(np.concatenate([tape.times for tape in tapes]))
            times = times[(times >= self.start) & (times <= self.end)]
            if len(times):
                yield self._day(pools, times)

    def _day(self, pools: Sequence[PoolDay], times: Ints) -> MarketDay:
        index = [np.searchsorted(pool.times, times, "right") - 1 for pool in pools]
        marks: dict[Underlying, list[Decimal]] = {}
        mark_times: dict[Underlying, Ints | None] = {}
        for number, facts in enumerate(self.facts):
            if facts.underlying in marks:
                continue
            perp = self.perps.get(facts.underlying)
            if perp is None:
                ticks = pools[number].ticks[index[number]].tolist()
                prices = {tick: facts.price(tick) for tick in set(ticks)}
                marks[facts.underlying] = [prices[tick] for tick in ticks]
                mark_times[facts.underlying] = None
            else:
                places = np.searchsorted(perp.times, times, "right") - 1
                marks[facts.underlying] = perp.closes(places)
                mark_times[facts.underlying] = perp.times[places]
        return MarketDay(times.tolist(), pools, index, marks, mark_times)


def _together(sources: Sequence[PoolSource]) -> Iterator[list[Tape]]:
    """Return the sources' tapes of each day; an empty one where a source has none."""
    streams = [source.days() for source in sources]
    heads = [next(stream, None) for stream in streams]
    while any(head is not None for head in heads):
        day = min(int(head.times[0] - 1) // DAY for head in heads if head is not None)
        tapes = []
        for number, head in enumerate(heads):
            if head is not None and int(head.times[0] - 1) // DAY == day:
                tapes.append(head)
                heads[number] = next(streams[number], None)
            else:
                tapes.append(_EMPTY)
        yield tapes


_AFTER: Final = 300
"""Seconds for which a perpetual's last candle is still used; decide() itself takes older marks for stale."""
_EMPTY: Final = tape_of(())


def open_market(scenario: Scenario) -> Market:
    """Read and check all of a scenario's data.

    Raises:
        DataError: something in it must not be used as it is.
        ConfigError: a position can't be opened.
    """
    findings: list[Finding] = []
    facts = [facts_of(spec, number) for number, spec in enumerate(scenario.pools)]
    perps = _perps(scenario, findings)
    sources = [_source(scenario, spec, one, findings) for spec, one in zip(scenario.pools, facts, strict=True)]
    require_usable(findings)
    for spec, one in zip(scenario.pools, facts, strict=True):
        if spec.model is not None:
            perps.setdefault(one.underlying, Generated(spec.model, one).perp())
    tapes = [tuple(source.days()) if isinstance(source, TapeSource) else () for source in sources]
    for spec, one, days in zip(scenario.pools, facts, tapes, strict=True):
        if not days:
            continue
        times, ticks = (np.concatenate([getattr(day, name) for day in days]) for name in ("times", "close"))
        if one.underlying in perps:
            findings += compare(f"perp {one.underlying}", perps[one.underlying], times, one.prices(ticks))
        elif not _LEAST < (price := float(np.median(one.prices(ticks)))) < 1 / _LEAST:
            message = (
                f"{one.underlying} would cost {price:.3g} USD; token0 and token1 are swapped, or their decimals wrong"
            )
            findings.append(Finding(Kind.TOKEN_ORDER, str(spec.path), message))
    require_usable(findings)
    start, end = _covered(tapes, perps, findings)
    sources = [
        TapeSource(tuple(day for tape in days for day in by_day(_from(tape, start)))) if days else source
        for source, days in zip(sources, tapes, strict=True)
    ]
    first = [next(source.days()) for source in sources]
    own = [
        [
            open_position(one, position, spec.tick_spacing, int(head.close[0]), number)
            for number, position in enumerate(spec.positions)
        ]
        for spec, one, head in zip(scenario.pools, facts, first, strict=True)
    ]
    rows = max(
        sum(len(day) for day in days) if days else int(spec.model.days) * 1440 if spec.model else 0
        for spec, days in zip(scenario.pools, tapes, strict=True)
    )
    interval = min(spec.interval for spec in scenario.pools)
    start = max(start, *(int(head.times[0]) for head in first))
    return Market(facts, own, sources, first, perps, tuple(findings), interval, start, end, rows)


def _covered(
    tapes: Sequence[Sequence[Tape]], perps: Mapping[Underlying, PerpSeries], findings: list[Finding]
) -> tuple[int, int]:
    """Return the time that all recorded data covers, and tell what of a pool's is left out for want of marks.

    Raises:
        DataError: nothing is covered.
    """
    start, end = 0, 2**62
    recorded = [(int(days[0].times[0]), int(days[-1].times[-1])) for days in tapes if days]
    for name, perp in perps.items():
        first, last = int(perp.times[0]), int(perp.times[-1])
        for began, ended in recorded:
            if began < first or ended > last + _AFTER:
                message = "rows of a pool before its first or after its last candle are left out"
                findings.append(Finding(Kind.COVERAGE, f"perp {name}", message, fatal=False))
        start, end = max(start, first), min(end, last + _AFTER)
    start = max([start, *(began for began, _ in recorded)])
    if start > min([end, *(ended for _, ended in recorded)]):
        raise DataError([Finding(Kind.COVERAGE, "scenario", "pools and perpetuals have no time in common")])
    return start, end


def _from(tape: Tape, start: int) -> Tape:
    return part(tape, int(np.searchsorted(tape.times, start, "left")), len(tape))


def _perps(scenario: Scenario, findings: list[Finding]) -> dict[Underlying, PerpSeries]:
    found = {}
    for name, spec in scenario.perps.items():
        series, remarks = read_perp(PerpFile(spec.path, spec.interval, spec.timezone, spec.funding, spec.max_gap))
        findings += remarks
        found[name] = series
    return found


def _source(scenario: Scenario, spec: PoolSpec, facts: PoolFacts, findings: list[Finding]) -> PoolSource:
    if spec.model is not None:
        return Generated(spec.model, facts)
    assert spec.path is not None  # noqa: S101 - the scenario gives one or the other; tells the type checker
    cut = [within(tape, scenario.start, scenario.end) for tape in _read(spec.path, spec, scenario, findings)]
    days = tuple(day for tape in cut for day in by_day(tape))
    if not days:
        raise DataError([*findings, Finding(Kind.COVERAGE, str(spec.path), "no row lies in the scenario's time")])
    return TapeSource(days)


def _read(path: Path, spec: PoolSpec, scenario: Scenario, findings: list[Finding]) -> list[Tape]:
    if path.suffix == ".parquet":
        from bot.backtest.store import read_tape  # noqa: PLC0415 - only Parquet needs the heavy library

        tape = read_tape(path)
        ends = [moment(seconds) for seconds in within(tape, scenario.start, scenario.end).times.tolist()]
        holes = (gap(str(path), one, other - spec.interval, spec.max_gap) for one, other in pairwise(ends))
        findings += filter(None, holes)
        return [tape]
    reader = PoolReader.of(path, spec.interval, spec.max_gap)
    reader.start, reader.end = scenario.start, scenario.end
    tapes = list(reader.tapes())
    findings += reader.findings
    return tapes
