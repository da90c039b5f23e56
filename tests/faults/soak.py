"""``python -m tests.faults.soak [VENUE …]``: the whole fault matrix, on every core; ends with 1 if a cell fails."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import structlog
from rich.console import Console
from rich.table import Table

from bot.paper.servers.registry import SERVERS
from tests.faults.cells import Cell, cells
from tests.faults.losses import Loss, LossCell, losses, play_loss
from tests.faults.matrix import play
from tests.faults.venue_calls import CALLS

MEMORY = Path("/dev/shm")  # noqa: S108 - folders of their own are made in it
FOLDERS = MEMORY if MEMORY.is_dir() else None
"""Where the journals are written: that a disk keeps them is not what is tried here, and it takes most of the time."""


def silent() -> None:
    """Let only the table speak."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def outcome(cell: Cell | LossCell) -> tuple[Cell | LossCell, int, str]:
    """Play a cell; return how many calls were broken, or that a journal was, and what went wrong."""
    with TemporaryDirectory(dir=FOLDERS) as folder:
        try:
            if isinstance(cell, Cell):
                return cell, asyncio.run(play(cell, Path(folder))), ""
            asyncio.run(play_loss(cell, Path(folder)))
            return cell, 1, ""  # noqa: TRY300 - what is returned depends on nothing else
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the cell's failure, and the others go on
            return cell, 0, f"{type(error).__name__}: {error}"


def main(venues: Sequence[str]) -> int:
    """Play all cells of some venues and print one table."""
    console = Console()
    every: list[Cell | LossCell] = [*cells(), *losses()]
    everything = [cell for cell in every if cell.flavour in venues]
    Random(1).shuffle(everything)  # what fails is seen soon, whatever it is
    played, broken, failed = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[str]()
    with ProcessPoolExecutor(os.cpu_count(), initializer=silent) as pool:
        for number, (cell, hits, error) in enumerate(pool.map(outcome, everything), 1):
            played[cell.flavour, cell.call] += 1
            broken[cell.flavour, cell.call] += hits
            if error:
                failed[f"{cell.flavour}-{cell.call}"] += 1
                console.print(f"{cell}: {error}", markup=False)
            if number % 100 == 0:
                console.print(f"{number} of {len(everything)} cells, {failed.total()} failures", style="dim")
    table = Table("call", *(f"{one}: cells, broken calls, failures" for one in venues), title="fault matrix")
    for call in (*CALLS["binance"], *(f"journal {loss.value}" for loss in Loss)):
        counts = (f"{played[one, call]:4} {broken[one, call]:5} {failed[f'{one}-{call}']:3}" for one in venues)
        table.add_row(call, *counts)
    console.print(table)
    console.print(f"{len(everything)} cells, {failed.total()} failures, {broken.total()} broken calls")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(SERVERS)))
