"""``dnbot history``: the journal's books as tables, for accounting and tax."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import closing, nullcontext
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from rich.console import Console

from bot.app.history import Cell, History, Span, What, history
from bot.app.services import journal_path
from bot.backtest.optional_imports import missing
from bot.cli.console import screen, table_of, text
from bot.cli.options import AsJson, ConfigFiles, JournalCopy, Live, open_settings
from bot.core.errors import ConfigError
from bot.core.printable import printable
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES

app = typer.Typer(add_completion=False)

_DIGITS: Final = 10
"""Decimal places that leave: far below a cent, and summed over a year still."""
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet program takes for the beginning of a formula, in full width too."""

Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")]
LastDay = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day, included.")]


@app.command("history")
def show_history(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    what: Annotated[What, typer.Option(help="Which table; lots: what is open at the end of --to.")] = What.DAYS,
    first: Day = None,
    last: LastDay = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV.")] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="Write a Parquet file; --out names it.")] = False,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file to write, if not standard output.")] = None,
    journal: JournalCopy = None,
    live: Live = False,
) -> None:
    """Print what was earned, paid and traded; the sums are those of the results, to the cent."""
    settings = open_settings(ctx, files, live=live).settings
    if sum((as_csv, as_parquet, as_json)) > 1:
        raise ConfigError("give one of --csv, --parquet and --json")
    if as_parquet and out is None:
        raise ConfigError("--parquet needs --out: a Parquet file is no text")
    span = Span(first and first.date(), last and last.date())
    with closing(JournalView.open(journal or journal_path(settings), CURVES)) as view:
        found = history(view, what, span)
    if as_parquet and out is not None:
        _write_parquet(found, out)
        return
    try:
        file = sys.stdout if out is None else out.open("w", encoding="utf-8", newline="")
        with file if out is not None else nullcontext():
            _write(found, file, as_csv=as_csv or (out is not None and not as_json), as_json=as_json)
    except OSError as error:
        if out is None:
            raise  # `| head` has read enough, which typer ends without a word
        raise ConfigError(f"--out can't be written: {error.strerror}", source=str(out)) from error


def _write(found: History, file: TextIO, *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        rows = [dict(zip(found.names, map(_plain, row), strict=True)) for row in found.rows]
        file.write(json.dumps(rows, indent=2) + "\n")
    elif as_csv:
        write_csv(found, file)
    else:
        _show(screen(), found)


def _plain(cell: Cell) -> str | int | bool | None:
    """Return a cell as JSON has it: numbers that must stay exact as text, times in UTC."""
    match cell:
        case Decimal():
            shown = f"{round(cell, _DIGITS):f}"
            shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
            return "0" if shown == "-0" else shown
        case datetime() | date():
            return cell.isoformat()
        case _:
            return cell


def write_csv(found: History, file: TextIO) -> None:
    """Write comma-separated values, a row on each line; text that looks like a formula is quoted."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(found.names)
    writer.writerows([_csv(cell) for cell in row] for row in found.rows)


def _csv(cell: Cell) -> str | int | bool | None:
    if not isinstance(cell, str):
        return _plain(cell)
    shown = printable(cell)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _write_parquet(found: History, out: Path) -> None:
    """Write a Parquet file; decimals stay decimals.

    Raises:
        ConfigError: pyarrow is not installed, or the file can't be written.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only this needs it
        from pyarrow import parquet  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise missing("Parquet needs pyarrow") from error
    kinds = {Decimal: pa.decimal128(38, _DIGITS), datetime: pa.timestamp("us", tz="UTC"), date: pa.date32()}
    kinds |= {bool: pa.bool_(), int: pa.int64(), str: pa.string()}
    columns = {}
    for place, name in enumerate(found.names):
        cells = [row[place] for row in found.rows]
        kind = next((type(cell) for cell in cells if cell is not None), str)
        kept = [round(cell, _DIGITS) if isinstance(cell, Decimal) else cell for cell in cells]
        columns[name] = pa.array(kept, type=kinds[kind])
    try:
        parquet.write_table(pa.table(columns), out)
    except OSError as error:
        raise ConfigError(f"--out can't be written: {error}", source=str(out)) from error


def _show(console: Console, found: History) -> None:
    if not found.rows:
        console.print("nothing in these days")
        return
    table = table_of(*found.names, left=len(found.names))
    for row in found.rows:
        table.add_row(*(text(_short(cell)) for cell in row))
    console.print(table)
    sums = ", ".join(f"{name.removesuffix('_usd')} {amount:,.2f}" for name, amount in found.sums.items())
    console.print(text(("sums, USD", "bold"), f"  {sums}"))


def _short(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:,.4f}".rstrip("0").rstrip(".")
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(cell)
