"""One UTC day of one pool, as columns; and where such days come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY: Final = 86_400
YEAR: Final = 365 * DAY


@dataclass(frozen=True, slots=True)
class Tape:
    """Rows of a pool in order of time.

    Attributes:
        times: when each row is known: the end of what it spans, seconds since 1970 UTC.
        close, low, high: ticks; a row without a swap carries the close before it.
        in0, in1: gross amounts swapped in, raw units; the fee is charged on these.
        liquidity: the pool's in-range liquidity without the positions of the backtest.
        fee0, fee1: what the swaps left with the liquidity providers, raw units; None where only the pool's fee is told.
    """

    times: Ints
    close: Ints
    low: Ints
    high: Ints
    in0: list[int]
    in1: list[int]
    liquidity: list[int]
    fee0: list[int] | None = None
    fee1: list[int] | None = None

    def __len__(self) -> int:
        return len(self.in0)


class PoolSource(Protocol):
    """Returns a pool's days in order of time; may be iterated again."""

    def days(self) -> Iterator[Tape]:
        """Return the days, one for each UTC day that has rows."""


@dataclass(frozen=True, slots=True)
class TapeSource:
    """Tapes that are in memory already."""

    tapes: tuple[Tape, ...]

    def days(self) -> Iterator[Tape]:
        """Return them."""
        return iter(self.tapes)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is read."""

    at: int
    close: int
    low: int
    high: int
    in0: int
    in1: int
    liquidity: int
    fee0: int | None = None
    fee1: int | None = None


def tape_of(rows: Iterable[Row]) -> Tape:
    """Turn rows into columns."""
    found = list(rows)
    return Tape(
        times=np.array([row.at for row in found], dtype=np.int64),
        close=np.array([row.close for row in found], dtype=np.int64),
        low=np.array([row.low for row in found], dtype=np.int64),
        high=np.array([row.high for row in found], dtype=np.int64),
        in0=[row.in0 for row in found],
        in1=[row.in1 for row in found],
        liquidity=[row.liquidity for row in found],
        fee0=_whole(row.fee0 for row in found),
        fee1=_whole(row.fee1 for row in found),
    )


def _whole(values: Iterable[int | None]) -> list[int] | None:
    """Return a column, None where a value of it is missing."""
    found = list(values)
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else None


def part(tape: Tape, first: int, last: int) -> Tape:
    """Return the rows from index ``first`` up to but without ``last``."""
    cut = slice(first, last)
    return Tape(
        tape.times[cut],
        tape.close[cut],
        tape.low[cut],
        tape.high[cut],
        tape.in0[cut],
        tape.in1[cut],
        tape.liquidity[cut],
        None if tape.fee0 is None else tape.fee0[cut],
        None if tape.fee1 is None else tape.fee1[cut],
    )


def by_day(tape: Tape) -> list[Tape]:
    """Cut a tape at UTC midnight; a row that ends at midnight belongs to the day before."""
    if not len(tape):
        return []
    day = (tape.times - 1) // DAY
    edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(tape)]
    return [part(tape, first, last) for first, last in pairwise(edges)]


def within(tape: Tape, start: datetime | None, end: datetime | None) -> Tape:
    """Return the rows that are known after ``start`` and not after ``end``."""
    first = 0 if start is None else int(np.searchsorted(tape.times, int(start.timestamp()), "right"))
    last = len(tape) if end is None else int(np.searchsorted(tape.times, int(end.timestamp()), "right"))
    return part(tape, first, max(first, last))


def moment(seconds: int) -> datetime:
    """Return the aware time of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
