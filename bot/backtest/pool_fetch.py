"""Fetching a pool's past from a node, and making rows of it. A part's mark is the hash of its last block."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.backtest.columns import tape_of
from bot.backtest.findings import DataError, Finding, Kind
from bot.backtest.part_files import Columns, Part, Parts, Progress
from bot.backtest.pool_rows import rows
from bot.backtest.store import write_tape
from bot.chain.pool_history import PoolHistory
from bot.chain.pool_past import PoolEvent, PoolStand
from bot.core.errors import ConfigError
from bot.core.snapshot import BlockStamp

_GROWTH: Final = 2
_REQUESTS: Final = 50
"""Requests that one part takes at most, where an endpoint allows few blocks of each: what is read then stays."""
_LARGE: Final = ("in0", "in1", "liquidity", "added", "root", "given0", "given1")
"""Columns that pass 64 bits, and are stored as text."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The blocks that are wanted, both included, and the time that they cover, seconds since 1970."""

    first: BlockStamp
    last: BlockStamp
    start: int
    end: int


def columns_of(events: Sequence[PoolEvent]) -> Columns:
    """Return events as columns; numbers that pass 64 bits as text."""
    columns: dict[str, list[Any]] = {field.name: [] for field in fields(PoolEvent)}
    for event in events:
        for name, column in columns.items():
            value = getattr(event, name)
            column.append(str(value) if name in _LARGE and value is not None else value)
    return columns


def events_of(parts: Parts) -> Iterator[PoolEvent]:
    """Return all events that were read, in order.

    Raises:
        DataError: a part is gone or damaged.
    """
    for row in parts.rows():
        yield PoolEvent(**{**row, **{name: None if row[name] is None else int(row[name]) for name in _LARGE}})


async def fetch(history: PoolHistory, parts: Parts, last: int, size: int, progress: Progress) -> None:
    """Read the parts that are missing up to a block.

    Args:
        history: the pool.
        parts: what is there already.
        last: the last block, final.
        size: blocks to begin with; four times as many are asked for at most.
        progress: is called after every part.

    Raises:
        ConfigError: the parts are of another chain than the node's.
        Retryable: no endpoint answered; the parts that are whole stay.
    """
    if parts.known and (await history.node.header(parts.known[-1].last)).hash != parts.known[-1].mark:
        message = f"block {parts.known[-1].last} is another one by now: the chain was changed; remove the folder"
        raise ConfigError(message, source=str(parts.folder))
    begun, most = parts.next, 4 * size
    while (first := parts.next) <= last:
        until = min(first + size - 1, last)
        events = await history.events(first, until)
        parts.add(Part(first, until, (await history.node.header(until)).hash), columns_of(events))
        progress(until + 1 - begun, last + 1 - begun)
        size = min(size * _GROWTH, most, _REQUESTS * (history.taken() or most))


async def write(history: PoolHistory, parts: Parts, ends: Ends, interval: timedelta, out: Path) -> list[Finding]:
    """Write the rows of all parts; return what is remarkable.

    Raises:
        DataError: no row came of it.
    """
    stand = await history.stand(ends.first.number - 1) if ends.first.number else None
    first = None if stand is None else stand.tick
    pool = stand or PoolStand(history.about.fee)
    span, seconds = (ends.start, ends.end), int(interval.total_seconds())
    wanted = (event for event in events_of(parts) if event.block <= ends.last.number)
    tape = tape_of(rows(wanted, pool, span, seconds))
    if not len(tape):
        raise DataError(
            [Finding(Kind.COVERAGE, str(out), "no swap in that time, and no node tells the price before it")]
        )
    await _require_last_price(history, parts, ends, first)
    write_tape(out, tape)
    missing = (int(tape.times[0]) - seconds - ends.start) // seconds
    if not missing:
        return []
    message = f"the first {missing} rows are left out: no node tells what stood before the first swap"
    return [Finding(Kind.NO_PRICE_YET, str(out), message, fatal=False)]


async def _require_last_price(history: PoolHistory, parts: Parts, ends: Ends, first: int | None) -> None:
    """Check that events end where the pool stands at the last block; ``first`` is the tick before them.

    Raises:
        DataError: they end elsewhere: swaps were missed, or are told by another event.
    """
    there = await history.stand(ends.last.number)
    ticks = (event.tick for event in events_of(parts) if event.block <= ends.last.number and event.tick is not None)
    told = deque(ticks, maxlen=1)
    last = told[0] if told else first
    if there is not None and there.tick is not None and last is not None and there.tick != last:
        message = (
            f"its swaps end at tick {last}, the pool stands at {there.tick}: not all of them were read; is it"
            " a pool of this protocol? Remove the folder of parts and read it again"
        )
        raise DataError([Finding(Kind.BAD_PRICE, f"block {ends.last.number}", message)])


async def ends(history: PoolHistory, start: datetime | int, end: datetime | int | None, interval: timedelta) -> Ends:
    """Find the blocks from ``start`` up to ``end`` (times, or numbers of blocks; the last final one if left out).

    Raises:
        ConfigError: they are not final yet, or not a single row long.
    """
    final, seconds = await history.node.final(), int(interval.total_seconds())
    until = final.timestamp if end is None else end
    for name, one in (("--from", start), ("--to", until)):
        if one > (final.number if isinstance(one, int) else final.timestamp):  # type: ignore[operator] # like with like
            message = f"{name}: the last final block is {final.number} of {final.timestamp:%Y-%m-%d %H:%M:%S} UTC"
            raise ConfigError(message)
    number = start if isinstance(start, int) else await history.first_from(start, final)
    newest = final.number if end is None else end if isinstance(end, int) else await history.first_from(end, final) - 1
    short = ConfigError(f"--from and --to are less than one row ({interval}) apart")
    if newest < number:
        raise short
    first, last = await history.node.header(number), final if end is None else await history.node.header(newest)
    begins = first.timestamp if isinstance(start, int) else start
    stops = last.timestamp if not isinstance(end, datetime) else end
    covered = -(-int(begins.timestamp()) // seconds) * seconds, int(stops.timestamp()) // seconds * seconds
    if covered[1] <= covered[0]:
        raise short
    return Ends(first, last, *covered)
