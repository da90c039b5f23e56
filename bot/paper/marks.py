"""Sources of the paper exchange's prices: the pools themselves, or a script."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, Protocol

from bot.core.errors import ConfigError, Retryable
from bot.core.lp.prices import usd_prices
from bot.core.snapshot import ChainView
from bot.core.types import Underlying
from bot.paper.engine.rules import MarkUpdate


@dataclass(frozen=True, slots=True)
class MarkPoint:
    """What is in force from ``at`` on, by underlying, USD; each update says what time it is from."""

    at: datetime
    marks: Mapping[Underlying, MarkUpdate]


class MarkSource(Protocol):
    """Returns the prices that the paper exchange marks with."""

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Return the prices after ``since`` up to ``now``, in order of time; the last point is at ``now``.

        Without ``since`` it gives that last point alone. Every point prices every underlying that is asked for.

        Raises:
            Retryable: a price is missing or too old.
        """


class PoolMarks:
    """Marks from the pools' own prices, USD = 1; fed with every believed chain view."""

    def __init__(self, max_age: timedelta = timedelta(minutes=5)) -> None:
        self._max_age = max_age
        self._seen: dict[Underlying, MarkUpdate] | None = None

    def chain_seen(self, views: Sequence[ChainView]) -> None:
        """Update with the views of this cycle; the prices are as old as the oldest block among them."""
        if views:
            as_of = min(view.block.timestamp for view in views)
            prices = usd_prices(pool for view in views for pool in view.pools)
            self._seen = {one: MarkUpdate(price, price, as_of=as_of) for one, price in prices.items()}

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:  # noqa: ARG002 - the pools have no past
        """Return the prices of the last views, at ``now``.

        Raises:
            Retryable: no view yet, a view too old, or an underlying that no pool connects with USD.
        """
        if self._seen is None:
            raise Retryable("paper marks: no pool has been read yet")
        return [_point(now, self._seen, underlyings, self._max_age, "no pool connects it with USD")]


class ScriptMarks:
    """Marks from a CSV file, in order of time, that another process may append to while we run.

    Columns: ``time`` (ISO 8601 with an offset), ``underlying``, ``price`` (USD), and where wanted ``index``, ``last``
    (USD) and ``funding_rate`` (of the next settlement), which may be empty. The line in force is the last one at or
    before now; the file is read again when now is past its end. What lies before ``since`` is forgotten, as it is not
    asked for again, and a script may go on for months.

    Raises:
        ConfigError: the file is missing, or a line can't be read.
    """

    def __init__(self, file: Path, max_age: timedelta = timedelta(minutes=15)) -> None:
        self._file = file
        self._max_age = max_age
        self._passed: dict[Underlying, MarkUpdate] = {}
        self._passed_at: datetime | None = None
        self._rows: list[_Row] = []
        self._end: datetime | None = None
        self._load()

    @property
    def waiting(self) -> int:
        """How many lines are held in memory."""
        return len(self._rows)

    def _load(self) -> None:
        rows, end = list[_Row](), None
        for row in _read(self._file):
            end = row.at
            if self._passed_at is None or end > self._passed_at:
                rows.append(row)
        self._rows, self._end = rows, end

    def _forget(self, since: datetime) -> None:
        """Keep of the rows up to a time nothing but the prices in force."""
        count = bisect_right(self._rows, since, key=lambda row: row.at)
        self._passed |= {row.underlying: row.mark for row in self._rows[:count]}
        del self._rows[:count]
        self._passed_at = since if self._passed_at is None else max(since, self._passed_at)

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Return every scripted price after ``since`` up to ``now``, and what is in force at ``now``.

        Raises:
            Retryable: the script has no price of an underlying yet, or an old one, or can't be read any more.
        """
        if self._end is None or self._end < now:
            try:
                self._load()
            except ConfigError as error:  # it was valid at the start: another process is writing it now
                raise Retryable(f"paper marks: {error}") from error
        if since is not None:
            self._forget(since)
        marks = dict(self._passed)
        points: list[MarkPoint] = []
        for row in self._rows:
            if row.at > now:
                break
            marks[row.underlying] = row.mark
            if since is not None and since < row.at < now and all(one in marks for one in underlyings):
                if points and points[-1].at == row.at:
                    points.pop()
                points.append(MarkPoint(row.at, {one: marks[one] for one in underlyings}))
        points.append(_point(now, marks, underlyings, self._max_age, f"{self._file} has none before {now}"))
        return points


def _point(
    now: datetime,
    marks: Mapping[Underlying, MarkUpdate],
    underlyings: Sequence[Underlying],
    max_age: timedelta,
    why_missing: str,
) -> MarkPoint:
    missing = [underlying for underlying in underlyings if underlying not in marks]
    if missing:
        raise Retryable(f"paper marks: no price of {', '.join(missing)}: {why_missing}")
    for underlying in underlyings:
        as_of = marks[underlying].as_of
        if as_of is not None and now - as_of > max_age:
            raise Retryable(f"paper marks: the price of {underlying} is from {as_of}, more than {max_age} old")
    return MarkPoint(now, {underlying: marks[underlying] for underlying in underlyings})


class _Row(NamedTuple):
    at: datetime
    underlying: Underlying
    mark: MarkUpdate


def _read(file: Path) -> Iterator[_Row]:
    """Read a script line by line: it may be long."""
    try:
        with file.open(encoding="utf-8", newline="") as text:
            yield from _rows(file, csv.reader(text))
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", source=str(file)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"is no CSV file in UTF-8: {error}", source=str(file)) from error


def _rows(file: Path, lines: Iterator[list[str]]) -> Iterator[_Row]:
    header = [cell.strip() for cell in next(lines, [])]
    if header[:3] != ["time", "underlying", "price"] or not set(header[3:]) <= {"index", "last", "funding_rate"}:
        right = "the first line must be time,underlying,price and where wanted index,last,funding_rate"
        raise ConfigError(right, source=str(file))
    before: datetime | None = None
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        row = _row(file, number, header, line)
        if before is not None and row.at < before:
            raise ConfigError("times must not go backwards", source=str(file), key=f"row {number}")
        before = row.at
        yield row


def _row(file: Path, number: int, header: list[str], line: list[str]) -> _Row:
    def wrong(message: str) -> ConfigError:
        return ConfigError(message, source=str(file), key=f"row {number}")

    try:
        cells = {name: cell.strip() for name, cell in zip(header, line, strict=True)}
        at = datetime.fromisoformat(cells["time"])
        numbers = {name: Decimal(cell) for name, cell in cells.items() if name not in {"time", "underlying"} and cell}
        price = numbers["price"]
    except (ValueError, KeyError, InvalidOperation) as error:
        raise wrong(f"must be {','.join(header)}, such as 2026-01-01T00:00:00Z,ETH,2000") from error
    if at.tzinfo is None:
        raise wrong("the time needs an offset, such as Z")
    prices = [value for name, value in numbers.items() if name != "funding_rate"]
    if not all(value.is_finite() for value in numbers.values()) or min(prices) <= 0:
        raise wrong("prices must be numbers above 0, rates must be numbers")
    at = at.astimezone(UTC)
    mark = MarkUpdate(price, numbers.get("index", price), numbers.get("last"), numbers.get("funding_rate"), at)
    return _Row(at, Underlying(cells["underlying"]), mark)
