"""A slice of the fault matrix: for every call at both venues a few of its cells. ``make soak`` plays them all."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from bot.paper.servers.registry import SERVERS
from tests.faults.cells import Cell, cells, odd_cells
from tests.faults.losses import Loss, LossCell, losses, play_loss
from tests.faults.matrix import play
from tests.faults.odd import Odd
from tests.faults.venue import Effect
from tests.faults.venue_calls import CALLS, WRITES
from tests.paper.servers.flavours import TWINS


def chosen() -> Iterator[Cell]:
    """Walk through each call's cells with a stride of its own, so that all faults and effects occur over the calls."""
    for index, (key, group) in enumerate(groupby(cells(), lambda cell: (cell.flavour, cell.call))):
        every = list(group)
        for turn in range(2 if key[1] in WRITES else 1):
            yield every[(7 * index + turn * len(every) // 2) % len(every)]


@pytest.mark.parametrize("cell", list(chosen()), ids=str)
async def test_a_broken_call_does_no_lasting_harm(cell: Cell, tmp_path: Path) -> None:
    hits = await play(cell, tmp_path)
    assert hits > 0, "nothing was broken"


def odd() -> Iterator[Cell]:
    """Choose each kind of row once at each venue, at another call every time."""
    every = list(odd_cells())
    for start in range(0, len(every), len(every) // len(TWINS)):
        for index, kind in enumerate(Odd):
            of_kind = [cell for cell in every[start : start + len(every) // len(TWINS)] if cell.kind is kind]
            yield of_kind[(3 * index + start) % len(of_kind)]


STRANGERS = [Cell(flavour, "fills", Odd.STRANGE, Effect.NONE) for flavour in TWINS]
"""Trades of another symbol: ccxt calls them those of the symbol that was asked for."""
NO_MARKETS = Cell("bitget", "markets", Odd.SPOILED, Effect.NONE)
"""An answer without one market that can be read, which ccxt keeps."""


@pytest.mark.parametrize("cell", sorted({*odd(), *STRANGERS, NO_MARKETS}, key=str), ids=str)
async def test_an_odd_row_does_no_lasting_harm(cell: Cell, tmp_path: Path) -> None:
    assert await play(cell, tmp_path) > 0, "no such row was shown"


@pytest.mark.parametrize("cell", list(losses(1)), ids=str)
async def test_a_lost_journal_is_made_good_on_the_venue_servers(cell: LossCell, tmp_path: Path) -> None:
    await play_loss(cell, tmp_path)


def test_the_matrix_is_whole() -> None:
    every = list(cells())
    assert len(set(every)) == len(every)
    assert {(cell.flavour, cell.call) for cell in every} == {(one, call) for one in SERVERS for call in CALLS[one]}
    assert len(every) > 2000
    assert {(cell.flavour, cell.kind) for cell in odd()} == {(one, kind) for one in TWINS for kind in Odd}
    assert {(cell.flavour, cell.loss) for cell in losses()} == {(one, loss) for one in SERVERS for loss in Loss}
