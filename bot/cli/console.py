"""Printing on a terminal: tables fold and are never cut, and foreign text is never read as markup."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.core.analysis.pool_result import PoolResult
from bot.core.printable import printable

_PIPE: Final = 10_000
"""Columns where no terminal is: whatever reads the pipe gets every line whole."""

Piece = str | tuple[str, str]
"""A text, or a text with its style."""


def screen(*, stderr: bool = False, markup: bool = False) -> Console:
    """Return what to print on: as wide as the terminal; lines are not broken where there is none.

    ``markup`` is for commands that print no foreign text.
    """
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, markup=markup, width=None if stream.isatty() else _PIPE)


def text(*pieces: Piece) -> Text:
    """Compose a line; markup and control characters in it have no effect."""
    made = Text(overflow="fold")
    for piece in pieces:
        words, style = (piece, "") if isinstance(piece, str) else piece
        made.append(printable(words), style)
    return made


def table_of(*names: str, left: int = 1) -> Table:
    """Begin a table without lines, its first columns for words and the others for numbers; what is too wide folds."""
    table = Table(box=None, header_style="dim", padding=(0, 1))
    for place, name in enumerate(names):
        table.add_column(text(name), justify="left" if place < left else "right", overflow="fold")
    return table


def pays(result: PoolResult) -> Table:
    """Return the table that answers whether a pool pays, hedged."""
    table = table_of("does this pool pay, hedged?", "USD", "of the liquidity a year")
    for row in result.rows():
        table.add_row(*(text(cell) for cell in row))
    return table


def number(value: Decimal | None) -> str:
    """Write a quantity or a price, five digits of it."""
    return "unknown" if value is None else f"{value:.5g}" if value else "0"
