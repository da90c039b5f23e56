"""Fetching a perpetual's past from a venue: candles and funding, checked for holes; as ``perp_data`` reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from bot.backtest.columns import moment
from bot.backtest.findings import DataError, Finding, Kind, gap
from bot.backtest.part_files import Columns, Part, Parts, Progress
from bot.backtest.store import write_table
from bot.core.market import Candle, PriceKind
from bot.exchange.price_history import PAGE, PerpPast

_PAGES: Final = 25
"""Pages that make a part."""
_LATE: Final = timedelta(minutes=1)
"""How late a settlement may be booked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted: candles of a price that begin from ``start`` on and end by ``end``, whole spans both."""

    start: datetime
    end: datetime
    span: timedelta
    price: PriceKind


async def fetch(past: PerpPast, wanted: Wanted, parts: Parts, progress: Progress) -> None:
    """Read the candles that are missing.

    Raises:
        ConfigError: the venue has no such candles, or no longer.
        Retryable: the venue did not answer, or not believably; the parts that are whole stay.
    """
    span, begun, end = int(wanted.span.total_seconds()), parts.next, int(wanted.end.timestamp())
    if begun < end:
        past.require(moment(begun), wanted.span, wanted.price)
    while (first := parts.next) < end:
        kept: list[Candle] = []
        until = min(first + _PAGES * PAGE * span, end)
        for since in range(first, until, PAGE * span):
            kept += await past.candles(moment(since), wanted.span, wanted.price)
            progress(min(since + PAGE * span, end) - begun, end - begun)
        parts.add(Part(first, until - 1), _columns([candle for candle in kept if candle.at < moment(until)]))


def _columns(candles: Sequence[Candle]) -> Columns:
    columns: dict[str, list[Any]] = {"timestamp": [candle.at.isoformat() for candle in candles]}
    for name in ("open", "high", "low", "close"):
        columns[name] = [str(getattr(candle, name)) for candle in candles]
    return columns


async def write(
    past: PerpPast, wanted: Wanted, parts: Parts, out: Path, funding: Path
) -> tuple[list[Finding], tuple[Path, ...]]:
    """Write candles and funding rates; return what is remarkable (every hole, a late beginning), and the files written.

    Funding that was never settled in that time makes no file.

    Raises:
        DataError: there is not a single candle.
        Retryable: the venue did not tell its funding.
    """
    end = wanted.end.isoformat()
    rows = [row for row in parts.rows() if datetime.fromisoformat(row["timestamp"]) + wanted.span <= wanted.end]
    if not rows:
        raise DataError([Finding(Kind.COVERAGE, str(out), f"the venue has no candle up to {end}")])
    rates = await past.rates(wanted.start, wanted.end)
    write_table(out, {name: [row[name] for row in rows] for name in rows[0]})
    times = [datetime.fromisoformat(row["timestamp"]).astimezone(UTC) for row in rows]
    ends = [wanted.start, *(at + wanted.span for at in times)]
    holes = [
        gap(str(out), ended, begins, timedelta.max) for ended, begins in zip(ends, [*times, wanted.end], strict=True)
    ]
    found = [hole for hole in holes if hole is not None]
    if not rates:
        message = f"none was settled from {wanted.start:%Y-%m-%d %H:%M} to {wanted.end:%Y-%m-%d %H:%M} UTC"
        return [*found, Finding(Kind.COVERAGE, str(funding), message, fatal=False)], (out,)
    write_table(funding, {"timestamp": [one.at.isoformat() for one in rates], "rate": [str(one.rate) for one in rates]})
    settled = pairwise([wanted.start, *(rate.at for rate in rates), wanted.end])
    usual = past.link.facts.funding_interval + _LATE
    dark = (gap(str(funding), one + usual, other, timedelta.max) for one, other in settled)
    return [*found, *(hole for hole in dark if hole is not None)], (out, funding)
