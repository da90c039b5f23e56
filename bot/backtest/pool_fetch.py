"""Fetching a pool's past from a node, in parts that outlive an interruption, and making rows of it.

Beside the file that is asked for stands a folder with one Parquet file a part: the events as they are, and a list of
the parts that are whole. A later run goes on after the last one, and makes sure that the chain is still the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.adapters.chain.history import PoolAbout, PoolEvent, PoolHistory
from bot.backtest.findings import DataError, Finding, Kind
from bot.backtest.pool_rows import Standing, rows
from bot.backtest.store import read_table, write_table, write_tape
from bot.backtest.tape import tape_of
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import Address, ChainId

_LIST: Final = "parts.json"
_GROWTH: Final = 2
_LEAST: Final = 16
"""Blocks of a request below which a refusal is no matter of how many they are."""
_LARGE: Final = ("in0", "in1", "liquidity", "added")
"""Columns that pass 64 bits, and travel as text."""
Progress = Callable[[int, int], None]
"""Is told how many blocks are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The blocks that are wanted, both included, and the time that they cover, seconds since 1970."""

    first: BlockStamp
    last: BlockStamp
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """Events of some blocks, both included; ``hash`` is the last one's."""

    first: int
    last: int
    hash: str


@dataclass(slots=True)
class Parts:
    """The folder of a pool's parts."""

    folder: Path
    about: dict[str, object]
    known: list[Part]

    @classmethod
    def open(cls, folder: Path, chain: ChainId, pool: Address, first: int) -> Parts:
        """Open it, or begin it.

        Raises:
            ConfigError: it can't be written, or holds another pool's parts.
        """
        about: dict[str, object] = {"chain_id": int(chain), "pool": pool, "first": first}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = (folder / _LIST).read_text(encoding="utf-8") if (folder / _LIST).exists() else None
        except OSError as error:
            raise ConfigError(f"can't be used: {error.strerror}", source=str(folder)) from error
        if text is None:
            return cls(folder, about, [])
        try:
            found = json.loads(text)
            known = [Part(**part) for part in found.pop("parts")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError("is no list of parts; remove its folder", source=str(folder / _LIST)) from error
        if found != about:
            message = f"holds another download ({found}); remove it or choose another --out"
            raise ConfigError(message, source=str(folder))
        return cls(folder, about, known)

    @property
    def next(self) -> int:
        """The first block that is missing."""
        return self.known[-1].last + 1 if self.known else int(str(self.about["first"]))

    def add(self, part: Part, events: list[PoolEvent]) -> None:
        """Keep a part, whole or not at all."""
        columns: dict[str, list[Any]] = {field.name: [] for field in fields(PoolEvent)}
        for event in events:
            for name, column in columns.items():
                value = getattr(event, name)
                column.append(str(value) if name in _LARGE and value is not None else value)
        write_table(self._file(part), columns)
        parts = [asdict(one) for one in (*self.known, part)]
        fresh = self.folder / f".{_LIST}.new"
        fresh.write_text(json.dumps({**self.about, "parts": parts}, indent=1), encoding="utf-8")
        fresh.replace(self.folder / _LIST)
        self.known.append(part)

    def events(self) -> Iterator[PoolEvent]:
        """Give all events in order.

        Raises:
            DataError: a part is gone or damaged.
        """
        for part in self.known:
            table = read_table(self._file(part))
            for values in zip(*table.values(), strict=True):
                row = dict(zip(table, values, strict=True))
                numbers = {name: None if row[name] is None else int(row[name]) for name in _LARGE}
                yield PoolEvent(**{**row, **numbers})

    def _file(self, part: Part) -> Path:
        return self.folder / f"{part.first}-{part.last}.parquet"


async def fetch(history: PoolHistory, about: PoolAbout, parts: Parts, last: int, size: int, progress: Progress) -> None:
    """Read the parts that are missing up to a block; what a node refuses is asked for in smaller pieces.

    Args:
        history: the pool.
        about: what it is.
        parts: what is there already.
        last: the last block, final.
        size: blocks to begin with; four times as many are asked for at most.
        progress: is told of every part.

    Raises:
        ConfigError: the parts are of another chain than the node's.
        Retryable: no endpoint answered; the parts that are whole stay.
    """
    if parts.known and (await history.header(parts.known[-1].last)).hash != parts.known[-1].hash:
        message = f"block {parts.known[-1].last} is another one by now: the chain was changed; remove the folder"
        raise ConfigError(message, source=str(parts.folder))
    begun, most = parts.next, 4 * size
    while (first := parts.next) <= last:
        until = min(first + size - 1, last)
        try:
            events = await history.events(about.kind, first, until)
        except Retryable:
            if size <= _LEAST:
                raise
            size = most = max(size // _GROWTH, _LEAST)
            continue
        parts.add(Part(first, until, (await history.header(until)).hash), events)
        progress(until + 1 - begun, last + 1 - begun)
        size = min(size * _GROWTH, most)


async def write(
    history: PoolHistory, about: PoolAbout, parts: Parts, ends: Ends, interval: timedelta, out: Path
) -> list[Finding]:
    """Write the rows of all parts; give what is remarkable.

    Raises:
        DataError: no row came of it.
    """
    stand = await history.stand(ends.first.number - 1, about.kind) if ends.first.number else None
    pool = Standing() if stand is None else Standing(*stand)
    span, seconds = (ends.start, ends.end), int(interval.total_seconds())
    wanted = (event for event in parts.events() if event.block <= ends.last.number)
    tape = tape_of(rows(wanted, pool, span, seconds))
    if not len(tape):
        raise DataError(
            [Finding(Kind.COVERAGE, str(out), "no swap in that time, and no node tells the price before it")]
        )
    write_tape(out, tape)
    missing = (int(tape.times[0]) - seconds - ends.start) // seconds
    if not missing:
        return []
    message = f"the first {missing} rows are left out: no node tells what stood before the first swap"
    return [Finding(Kind.NO_PRICE_YET, str(out), message, fatal=False)]


async def ends(history: PoolHistory, start: datetime | int, end: datetime | int | None, interval: timedelta) -> Ends:
    """Find the blocks from ``start`` up to ``end`` (times, or numbers of blocks; the last final one if left out).

    Raises:
        ConfigError: they are not final yet, or not a single row long.
    """
    final, seconds = await history.final(), int(interval.total_seconds())
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
    first, last = await history.header(number), final if end is None else await history.header(newest)
    begins = first.timestamp if isinstance(start, int) else start
    stops = last.timestamp if not isinstance(end, datetime) else end
    covered = -(-int(begins.timestamp()) // seconds) * seconds, int(stops.timestamp()) // seconds * seconds
    if covered[1] <= covered[0]:
        raise short
    return Ends(first, last, *covered)
