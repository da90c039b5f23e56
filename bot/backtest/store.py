"""Parquet: pool rows, candles and tables of results. Needs the ``research`` extra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bot.backtest import optional_imports
from bot.backtest.columns import Tape
from bot.backtest.findings import DataError, Finding, Kind
from bot.core.amm.tick_math import MAX_TICK, MIN_TICK

_COLUMNS: Final = ("time", "close", "low", "high", "in0", "in1", "liquidity")
_FEES: Final = ("fee0", "fee1")
"""Columns that older files have not: there the pool's fee is charged on what was swapped in."""


def arrow() -> Any:  # noqa: ANN401 - the module, which ships no types
    """Import pyarrow.parquet.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        from pyarrow import parquet  # noqa: PLC0415 - heavy, and only research needs it
    except ImportError as error:
        raise optional_imports.missing("Parquet needs the research extra") from error
    return parquet


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns to a Parquet file, whole or not at all."""
    parquet = arrow()
    import pyarrow as pa  # noqa: PLC0415 - installed, as the line before has shown

    fresh = path.with_name(f".{path.name}.new")
    parquet.write_table(pa.table({name: list(values) for name, values in columns.items()}), fresh)
    fresh.replace(path)


def read_table(path: Path) -> dict[str, list[Any]]:
    """Read a Parquet file.

    Raises:
        DataError: it can't be read.
    """
    try:
        found: dict[str, list[Any]] = arrow().read_table(path).to_pydict()
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise DataError([Finding(Kind.COVERAGE, str(path), f"can't be read: {error}")]) from error
    return found


def write_tape(path: Path, tape: Tape) -> None:
    """Write a pool's rows; amounts as text, since they pass 64 bits."""
    fees = {name: column for name in _FEES if (column := getattr(tape, name)) is not None}
    write_table(
        path,
        {
            "time": tape.times.tolist(),
            "close": tape.close.tolist(),
            "low": tape.low.tolist(),
            "high": tape.high.tolist(),
            "in0": [str(amount) for amount in tape.in0],
            "in1": [str(amount) for amount in tape.in1],
            "liquidity": [str(amount) for amount in tape.liquidity],
            **{name: [str(amount) for amount in column] for name, column in fees.items()},
        },
    )


def read_tape(path: Path) -> Tape:
    """Read what ``write_tape`` wrote.

    Raises:
        DataError: it is something else, its rows are not in order, or hold what no pool has.
    """
    found = read_table(path)
    missing = [name for name in _COLUMNS if name not in found]
    if missing:
        raise DataError([Finding(Kind.BAD_VALUE, str(path), f"no column {', '.join(missing)}")])
    times, close, low, high = (np.array(found[name], dtype=np.int64) for name in _COLUMNS[:4])
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if len(wrong):
        raise DataError([Finding(Kind.UNSORTED, f"{path}:{int(wrong[0]) + 2}", "times must rise")])
    in0, in1, liquidity = ([int(amount) for amount in found[name]] for name in _COLUMNS[4:])
    is_sound = (low <= close) & (close <= high) & (low > MIN_TICK) & (high < MAX_TICK)
    fees = [[int(amount) for amount in found[name]] for name in _FEES if name in found]
    amounts = zip(in0, in1, liquidity, *fees, strict=True)
    is_sound &= np.array([min(row) >= 0 for row in amounts], dtype=np.bool_)
    wrong = np.flatnonzero(~is_sound)
    if len(wrong):
        raise DataError([Finding(Kind.BAD_VALUE, f"{path}:{int(wrong[0]) + 1}", "its ticks or amounts are no pool's")])
    return Tape(times, close, low, high, in0, in1, liquidity, *(fees if len(fees) == len(_FEES) else ()))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a Parquet file as rows of text, as a CSV file would give them."""
    found = read_table(path)
    names = list(found)
    return [dict(zip(names, map(str, values), strict=True)) for values in zip(*found.values(), strict=True)]
