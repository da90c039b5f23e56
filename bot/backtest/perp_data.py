"""Perpetual candles and funding from CSV or Parquet, checked; and compared with a pool in time and price."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from bot.backtest.columns import Floats, Ints
from bot.backtest.findings import DataError, Finding, Kind, gap
from bot.paper.engine.money import QUANTUM, usd

_STEP: Final = 900
"""Time-zones lie whole quarters of an hour apart."""
_FARTHEST: Final = 14 * 4
_LEAST_OVERLAP: Final = 120
_CLEARER: Final = 0.2
"""How much better another offset must explain the returns before the file's times are disbelieved."""
_TOO_FAR: Final = 0.2
_OTHER_UNIT: Final = 10.0
_DEAREST: Final = Decimal(10**10)
"""USD that nothing costs; what lies below fits into 64 bits of 1e-8 USD."""


@dataclass(frozen=True, slots=True)
class PerpSeries:
    """Closes of a perpetual: ``times`` is when each is known (the candle's end, seconds since 1970 UTC).

    ``quanta`` holds them in steps of 1e-8 USD: years of minutes have to fit into memory. ``interval`` is what a candle
    spans, seconds.
    """

    times: Ints
    quanta: Ints
    funding_times: Ints
    funding: list[Decimal]
    interval: int

    def closes(self, places: Ints) -> list[Decimal]:
        """Return the closes at some places, USD."""
        return [Decimal(count) * QUANTUM for count in self.quanta[places].tolist()]

    @property
    def floats(self) -> Floats:
        """The closes, USD."""
        found: Floats = self.quanta.astype(np.float64) * float(QUANTUM)
        return found


def in_quanta(price: Decimal) -> int:
    """Return a price (USD) in steps of 1e-8 USD."""
    return int(usd(price) / QUANTUM)


@dataclass(frozen=True, slots=True)
class PerpFile:
    """How a file is to be read: ``interval`` that a candle spans, zone of naive times, longest hole allowed."""

    path: Path
    interval: timedelta
    timezone: str | None = None
    funding: Path | None = None
    max_gap: timedelta | None = None


def read_perp(file: PerpFile) -> tuple[PerpSeries, list[Finding]]:
    """Read candles; what is wrong comes back as findings.

    Raises:
        DataError: the file can't be read at all, or has other columns.
    """
    findings: list[Finding] = []
    zone = _zone(file)
    times: list[int] = []
    closes: list[int] = []
    before: datetime | None = None
    for number, row in enumerate(_rows(file.path, ("timestamp", "high", "low", "close")), start=2):
        where = f"{file.path}:{number}"
        at = _time(where, row["timestamp"], zone, findings)
        close = _close(where, row, findings)
        if at is None or close is None:
            continue
        if before is not None and at <= before:
            kind = Kind.DUPLICATE if at == before else Kind.UNSORTED
            findings.append(Finding(kind, where, f"{at:%Y-%m-%d %H:%M} UTC comes after {before:%Y-%m-%d %H:%M}"))
            continue
        if before is not None and (hole := gap(where, before + file.interval, at, file.max_gap)) is not None:
            findings.append(hole)
        before = at
        times.append(int((at + file.interval).timestamp()))
        closes.append(in_quanta(close))
    funding_times, rates = _funding(file, zone, findings)
    spans = int(file.interval.total_seconds())
    settled = np.array(funding_times, np.int64)
    return PerpSeries(np.array(times, np.int64), np.array(closes, np.int64), settled, rates, spans), findings


def compare(name: str, perp: PerpSeries, times: Ints, prices: Floats) -> list[Finding]:
    """Compare a perpetual with a pool's prices (USD): another time-zone, or tokens the wrong way round.

    The offset at which the perpetual's returns explain the pool's best must be 0; quarters of an hour are tried, up
    to 14 h.
    """
    grid, pool, marks = _aligned(perp, times, prices)
    if len(grid) < _LEAST_OVERLAP:
        return [Finding(Kind.COVERAGE, name, "perpetual and pool hardly overlap in time", fatal=not len(grid))]
    ratio = float(np.median(pool / marks))
    if not 1 / (1 + _TOO_FAR) < ratio < 1 + _TOO_FAR:
        is_no_basis = not 1 / _OTHER_UNIT < ratio < _OTHER_UNIT
        inverse = "; token0 and token1 are swapped, or their decimals wrong" if is_no_basis else ""
        return [Finding(Kind.TOKEN_ORDER, name, f"the pool's price is {ratio:.4g} times the perpetual's{inverse}")]
    scores = {steps: _score(perp, times, prices, steps) for steps in range(-_FARTHEST, _FARTHEST + 1)}
    best = max(scores, key=lambda steps: scores[steps])
    if best and scores[best] > scores[0] + _CLEARER:
        message = (
            f"moves fit the pool's {_clock(best)} h apart (correlation {scores[best]:.2f},"
            f" as they are {scores[0]:.2f}): its times are of another zone"
        )
        return [Finding(Kind.TIME_ZONE, name, message)]
    return []


def _clock(steps: int) -> str:
    hours, quarters = divmod(abs(steps), 4)
    return f"{'-' if steps < 0 else '+'}{hours}:{quarters * 15:02}"


def _aligned(perp: PerpSeries, times: Ints, prices: Floats, steps: int = 0) -> tuple[Ints, Floats, Floats]:
    """Return the perpetual's times that the pool covers, and both prices there, the perpetual moved by some steps."""
    moved = perp.times + steps * _STEP
    inside = (moved >= times[0]) & (moved <= times[-1])
    places = np.searchsorted(times, moved[inside], "right") - 1
    return moved[inside], prices[places], perp.floats[inside]


def _score(perp: PerpSeries, times: Ints, prices: Floats, steps: int) -> float:
    grid, pool, marks = _aligned(perp, times, prices, steps)
    if len(grid) < _LEAST_OVERLAP:
        return -1.0
    returns = np.diff(np.log(pool)), np.diff(np.log(marks))
    if not (returns[0].std() and returns[1].std()):
        return 0.0
    return float(np.corrcoef(*returns)[0, 1])


def _zone(file: PerpFile) -> ZoneInfo | None:
    if file.timezone is None:
        return None
    try:
        return ZoneInfo(file.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DataError([Finding(Kind.TIME_ZONE, str(file.path), f"no zone is called {file.timezone!r}")]) from error


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        from bot.backtest.store import read_rows  # noqa: PLC0415 - only Parquet needs the heavy library

        rows = read_rows(path)
    else:
        try:
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError([Finding(Kind.COVERAGE, str(path), f"can't be read: {error}")]) from error
    if not rows:
        raise DataError([Finding(Kind.COVERAGE, str(path), "has no rows")])
    missing = [name for name in needed if name not in rows[0]]
    if missing:
        raise DataError([Finding(Kind.BAD_VALUE, str(path), f"no column {', '.join(missing)}")])
    return rows


def _time(where: str, text: str, zone: ZoneInfo | None, findings: list[Finding]) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        findings.append(Finding(Kind.BAD_VALUE, where, f"{text!r} is no time"))
        return None
    if at.tzinfo is None:
        if zone is None:
            message = f"{text} has no zone: set `timezone`"
            if not any(item.kind is Kind.TIME_ZONE for item in findings):
                findings.append(Finding(Kind.TIME_ZONE, where, message))
            return None
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def _close(where: str, row: dict[str, str], findings: list[Finding]) -> Decimal | None:
    try:
        high, low, close = (Decimal(row[name]) for name in ("high", "low", "close"))
    except (InvalidOperation, TypeError):
        findings.append(Finding(Kind.BAD_VALUE, where, "its prices are no numbers"))
        return None
    if not (all(price.is_finite() for price in (high, low, close)) and 0 < low <= close <= high < _DEAREST):
        findings.append(Finding(Kind.BAD_PRICE, where, f"low {low}, close {close}, high {high} are no prices"))
        return None
    return close


def _funding(file: PerpFile, zone: ZoneInfo | None, findings: list[Finding]) -> tuple[list[int], list[Decimal]]:
    if file.funding is None:
        return [], []
    times: list[int] = []
    rates: list[Decimal] = []
    for number, row in enumerate(_rows(file.funding, ("timestamp", "rate")), start=2):
        where = f"{file.funding}:{number}"
        at = _time(where, row["timestamp"], zone, findings)
        try:
            rate = Decimal(row["rate"])
        except InvalidOperation:
            findings.append(Finding(Kind.BAD_VALUE, where, f"{row['rate']!r} is no rate"))
            continue
        if at is not None:
            seconds = int(at.timestamp())
            if times and seconds <= times[-1]:
                findings.append(Finding(Kind.UNSORTED, where, "funding times must rise"))
                continue
            times.append(seconds)
            rates.append(rate)
    return times, rates
