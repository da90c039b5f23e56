"""Where the paper exchange gets its prices: from the pools themselves, or from a script."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from bot.core.errors import ConfigError, Retryable
from bot.core.prices import usd_prices
from bot.core.snapshot import ChainView
from bot.core.types import Underlying


@dataclass(frozen=True, slots=True)
class MarkPoint:
    """The USD prices of underlyings that are in force from ``at`` on; they were true at ``as_of``."""

    at: datetime
    as_of: datetime
    prices: Mapping[Underlying, Decimal]


class MarkSource(Protocol):
    """Gives the prices that the paper exchange marks with."""

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Give the prices after ``since`` up to ``now``, in order of time; the last point is at ``now``.

        Without ``since`` it gives that last point alone. Every point prices every underlying that is asked for.

        Raises:
            Retryable: a price is missing or too old.
        """


class PoolMarks:
    """Marks from the pools' own prices, USD = 1; fed with every believed chain view."""

    def __init__(self, max_age: timedelta = timedelta(minutes=5)) -> None:
        self._max_age = max_age
        self._seen: tuple[datetime, Mapping[Underlying, Decimal]] | None = None

    def chain_seen(self, views: Sequence[ChainView]) -> None:
        """Take the views of this cycle; the prices are as old as the oldest block among them."""
        if views:
            prices = usd_prices(pool for view in views for pool in view.pools)
            self._seen = (min(view.block.timestamp for view in views), prices)

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:  # noqa: ARG002 - the pools have no past
        """Give the prices of the last views, at ``now``.

        Raises:
            Retryable: no view yet, a view too old, or an underlying that no pool connects with USD.
        """
        if self._seen is None:
            raise Retryable("paper marks: no pool has been read yet")
        as_of, prices = self._seen
        return [_point(now, as_of, prices, underlyings, self._max_age, "no pool connects it with USD")]


class ScriptMarks:
    """Marks from a CSV file ``time,underlying,price`` (ISO 8601 with offset; USD), in order of time.

    The price in force is the last one at or before now. The file is read again when now is past its end, so another
    process may append to it.

    Raises:
        ConfigError: the file is missing, or a line can't be read.
    """

    def __init__(self, file: Path, max_age: timedelta = timedelta(minutes=15)) -> None:
        self._file = file
        self._max_age = max_age
        self._rows = _read(file)

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Give every scripted price after ``since`` up to ``now``, and what is in force at ``now``.

        Raises:
            Retryable: the script has no price of an underlying yet, or an old one, or can't be read any more.
        """
        if not self._rows or self._rows[-1][0] < now:
            try:
                self._rows = _read(self._file)
            except ConfigError as error:  # it was right when we started: somebody is writing it at this moment
                raise Retryable(f"paper marks: {error}") from error
        prices: dict[Underlying, Decimal] = {}
        times: dict[Underlying, datetime] = {}
        points: list[MarkPoint] = []
        for at, underlying, price in self._rows:
            if at > now:
                break
            prices[underlying], times[underlying] = price, at
            if since is not None and since < at < now and all(one in prices for one in underlyings):
                if points and points[-1].at == at:
                    points.pop()
                points.append(MarkPoint(at, at, {one: prices[one] for one in underlyings}))
        oldest = min((times[one] for one in underlyings if one in times), default=now)
        points.append(_point(now, oldest, prices, underlyings, self._max_age, f"{self._file} has none before {now}"))
        return points


def _point(
    now: datetime,
    as_of: datetime,
    prices: Mapping[Underlying, Decimal],
    underlyings: Sequence[Underlying],
    max_age: timedelta,
    why_missing: str,
) -> MarkPoint:
    missing = [underlying for underlying in underlyings if underlying not in prices]
    if missing:
        raise Retryable(f"paper marks: no price of {', '.join(missing)}: {why_missing}")
    if now - as_of > max_age:
        raise Retryable(f"paper marks: the price is from {as_of}, more than {max_age} old")
    return MarkPoint(now, min(as_of, now), {underlying: prices[underlying] for underlying in underlyings})


def _read(file: Path) -> list[tuple[datetime, Underlying, Decimal]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", source=str(file)) from error
    lines = list(csv.reader(text.splitlines()))
    if not lines or [cell.strip() for cell in lines[0]] != ["time", "underlying", "price"]:
        raise ConfigError("the first line must be time,underlying,price", source=str(file))
    rows = [_row(file, number, line) for number, line in enumerate(lines[1:], start=2) if line]
    for number, (before, row) in enumerate(pairwise(rows), start=3):
        if row[0] < before[0]:
            raise ConfigError("times must not go backwards", source=str(file), key=f"row {number}")
    return rows


def _row(file: Path, number: int, line: list[str]) -> tuple[datetime, Underlying, Decimal]:
    try:
        time, underlying, price = (cell.strip() for cell in line)
        row = datetime.fromisoformat(time), Underlying(underlying), Decimal(price)
    except (ValueError, InvalidOperation) as error:
        raise ConfigError(
            "must be time,underlying,price, such as 2026-01-01T00:00:00Z,ETH,2000",
            source=str(file),
            key=f"row {number}",
        ) from error
    if row[0].tzinfo is None:
        raise ConfigError("the time needs an offset, such as Z", source=str(file), key=f"row {number}")
    if not row[2].is_finite() or row[2] <= 0:
        raise ConfigError("the price must be a number above 0", source=str(file), key=f"row {number}")
    return row[0].astimezone(UTC), row[1], row[2]
