"""A slice of the fault matrix: for every call at both venues a few of its cells. ``make soak`` plays them all."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from bot.paper.servers.registry import SERVERS
from tests.faults.cells import Cell, cells
from tests.faults.matrix import play
from tests.faults.venue import CALLS, WRITES


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


def test_the_matrix_is_whole() -> None:
    every = list(cells())
    assert len(set(every)) == len(every)
    assert {(cell.flavour, cell.call) for cell in every} == {(one, call) for one in SERVERS for call in CALLS[one]}
    assert len(every) > 1800
