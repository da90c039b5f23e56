"""Pool minutes from CSV files in the format of demeter-fetch, checked row by row.

Columns: timestamp, netAmount0, netAmount1, closeTick, openTick, lowestTick, highestTick, inAmount0, inAmount1,
currentLiquidity. A row's time is the beginning of its minute, UTC. Empty ticks mean that no swap has set a price on
that day yet: the close before is carried on, and that is reported.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bot.backtest.columns import Row, Tape, tape_of
from bot.backtest.findings import DataError, Finding, Kind, gap
from bot.core.amm.tick_math import MAX_TICK, MIN_TICK

COLUMNS: Final = (
    "timestamp",
    "netAmount0",
    "netAmount1",
    "closeTick",
    "openTick",
    "lowestTick",
    "highestTick",
    "inAmount0",
    "inAmount1",
    "currentLiquidity",
)
_LOG_TICK: Final = math.log(1.0001)
_SWAPPED: Final = math.log(100.0)
"""A row whose own trades price the pool a hundred times off its tick has its tokens the wrong way round."""
_LEAP: Final = round(math.log(10.0) / _LOG_TICK)
"""Ticks of a tenfold move: within one row that is a missing value written as 0, not a market."""


@dataclass(slots=True)
class PoolReader:
    """Reads the files of a pool in order; ``findings`` fills while it reads.

    Attributes:
        files: CSV files, in order of time.
        interval: what one row spans.
        max_gap: a hole up to this long is reported and jumped over; a longer one is fatal.
        start, end: rows that end outside of this time are left out before anything else.
    """

    files: Sequence[Path]
    interval: timedelta
    max_gap: timedelta | None = None
    start: datetime | None = None
    end: datetime | None = None
    findings: list[Finding] = field(default_factory=list)
    _last: datetime | None = None
    _close: int | None = None
    _liquidity: int = 0
    _votes: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, interval: timedelta, max_gap: timedelta | None = None) -> PoolReader:
        """Take one CSV file, or all of a folder in the order of their names.

        Raises:
            DataError: there is no such file.
        """
        files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise DataError([Finding(Kind.COVERAGE, str(path), "no CSV file of pool minutes is here")])
        return cls(files, interval, max_gap)

    def tapes(self) -> Iterator[Tape]:
        """Return each file's rows.

        Raises:
            DataError: a file is malformed beyond its rows (no header, not readable).
        """
        for file in self.files:
            rows = list(self._file(file))
            if rows:
                yield tape_of(rows)
        if self._votes and sorted(self._votes)[len(self._votes) // 2] > _SWAPPED:
            message = "the amounts price the pool at the inverse of its ticks: token0 and token1 are swapped"
            self.findings.append(Finding(Kind.TOKEN_ORDER, str(self.files[0]), message))

    def _file(self, file: Path) -> Iterator[Row]:
        try:
            lines = csv.reader(file.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError([Finding(Kind.COVERAGE, str(file), f"can't be read: {error}")]) from error
        header = next(lines, [])
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise DataError([Finding(Kind.BAD_VALUE, str(file), f"no column {', '.join(missing)}")])
        places = [header.index(name) for name in COLUMNS]
        carried = widened = 0
        for number, line in enumerate(lines, start=2):
            where = f"{file}:{number}"
            cells = [line[place] if place < len(line) else "" for place in places]
            is_empty = not cells[3]
            row = self._row(where, cells)
            if row is not None:
                carried += is_empty
                widened += not row.low <= row.close <= row.high
                yield replace(row, low=min(row.low, row.close), high=max(row.high, row.close))
        if widened:
            self._note(Kind.BAD_VALUE, str(file), f"{widened} rows close outside of their lowest and highest tick")
        if carried:
            self._note(Kind.CARRIED, str(file), f"{carried} rows without a swap yet that day carry the close before")

    def _row(self, where: str, cells: list[str]) -> Row | None:
        try:
            at = self._time(where, cells[0])
            ticks = [int(float(cell)) for cell in (cells[3], cells[5], cells[6])] if cells[3] else None
            net0, net1, in0, in1 = (_amount(cells[place]) for place in (1, 2, 7, 8))
            liquidity = _amount(cells[9]) if cells[9] else self._liquidity
        except ValueError as error:
            self._bad(Kind.BAD_VALUE, where, f"is no row of pool minutes ({error})")
            return None
        if at is None:
            return None
        if ticks is None:
            if self._close is None:
                self._note(Kind.NO_PRICE_YET, where, "no swap has set a price yet: the row is left out")
                return None
            ticks = [self._close] * 3
        close, low, high = ticks
        if not self._is_priced(where, close, low, high):
            return None
        if min(in0, in1, liquidity) < 0 or (liquidity == 0 and (in0 or in1)):
            self._bad(Kind.BAD_VALUE, where, "gross amounts and liquidity can't be negative, nor swaps be without any")
            return None
        if net0 and net1:
            self._votes.append(abs(math.log(abs(net1 / net0)) - close * _LOG_TICK))
        self._liquidity = liquidity
        return Row(int((at + self.interval).timestamp()), close, low, high, in0, in1, liquidity)

    def _is_priced(self, where: str, close: int, low: int, high: int) -> bool:
        if not (MIN_TICK < low <= high < MAX_TICK and MIN_TICK < close < MAX_TICK):
            self._bad(Kind.BAD_PRICE, where, f"ticks {low} to {high} with the close {close} are no prices of a pool")
            return False
        before, self._close = close if self._close is None else self._close, close
        if max(high, close, before) - min(low, close, before) > _LEAP:
            message = f"from tick {before} by {low} to {high} to the close {close} is no move of a price within a row"
            self._bad(Kind.BAD_PRICE, where, message)
            return False
        return True

    def _time(self, where: str, text: str) -> datetime | None:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        elif at.utcoffset():
            self._note(Kind.TIME_ZONE, where, f"{text} was turned to UTC")
        at = at.astimezone(UTC)
        ends = at + self.interval
        if (self.start is not None and ends <= self.start) or (self.end is not None and ends > self.end):
            return None
        before, self._last = self._last, at
        if before is None:
            return at
        if at <= before:
            kind = Kind.DUPLICATE if at == before else Kind.UNSORTED
            self._bad(kind, where, f"{at:%Y-%m-%d %H:%M} UTC comes after {before:%Y-%m-%d %H:%M}")
            self._last = before
            return None
        if (hole := gap(where, before + self.interval, at, self.max_gap)) is not None:
            self.findings.append(hole)
        return at

    def _bad(self, kind: Kind, where: str, message: str) -> None:
        self.findings.append(Finding(kind, where, message))

    def _note(self, kind: Kind, where: str, message: str) -> None:
        self.findings.append(Finding(kind, where, message, fatal=False))


def _amount(text: str) -> int:
    return int(text) if text else 0
