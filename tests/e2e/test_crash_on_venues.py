"""A power cut at every point around a send, through real ccxt at both venues: after the restart exactly one effect."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.paper.servers.registry import SERVERS
from tests.faults.cells import Cell
from tests.faults.matrix import bot, market
from tests.faults.points import Points
from tests.faults.story import Story
from tests.faults.venue import Effect, Kind
from tests.paper.servers.flavours import campaign_but

D = Decimal
SIZES = (D(3), D(6), D(4))
FOLLOWED = (D(3), D("3.1"), D("3.1"), D("3.1"), D("3.1"), D("3.1"), D("3.1"))
"""The last ones are hedged by an order that rests and follows the touch, which moves away from it at every block."""
CALLS = ("new_intent", "place", "amend", "resolve", "cancel", "record", "add_fills")


class PowerCut(BaseException):
    """The end of the process; nothing in it may handle this."""


async def scene(told: Story) -> None:
    await told.start()
    for size in sizes(told.cell):
        await told.turn(size)


def sizes(cell: Cell) -> tuple[Decimal, ...]:
    """Return the ETH of the liquidity from block to block."""
    return FOLLOWED if cell.call == "amend" else SIZES


async def names_of(cell: Cell, folder: Path) -> list[str]:
    """Return every point of a run that nothing ends."""
    names: list[str] = []
    folder.mkdir()
    async with market(cell.flavour) as at, bot(cell, folder, at, Points(lambda _, name: names.append(name))) as told:
        await scene(told)
    return names


def ends(names: list[str]) -> list[int]:
    """Choose of each point around a send the first, where nothing was ever recorded, the second and the last one."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names, 1):
        if name.split()[1] in CALLS:
            places.setdefault(name, []).append(number)
    return sorted({number for numbers in places.values() for number in (*numbers[:2], numbers[-1])})


@pytest.mark.parametrize("flavour", campaign_but(SERVERS, "bitget", "hyperliquid"))
async def test_a_power_cut_around_a_send_leaves_exactly_one_effect(flavour: str, tmp_path: Path) -> None:
    cell = Cell(
        flavour, "leverage", Kind.DROP, Effect.NONE
    )  # nothing is broken but the power; orders are taken at once
    names = await names_of(cell, tmp_path / "whole")
    assert names.count("after place") >= 2 * len(SIZES)  # a hedge and a stop at every turn
    await cut_at(ends(names), cell, tmp_path)


async def test_a_power_cut_around_an_amendment_leaves_one_order_that_the_restart_reads_by_its_id(
    tmp_path: Path,
) -> None:
    cell = Cell("binance", "amend", Kind.DROP, Effect.NONE)  # the one venue where orders are amended
    names = await names_of(cell, tmp_path / "whole")
    assert names.count("after amend") >= 3
    sent = [number for number, name in enumerate(names, 1) if name == "before amend"]
    await cut_at([number + by for number in (sent[0], sent[-1]) for by in (0, 1, 2)], cell, tmp_path)


async def cut_at(points: list[int], cell: Cell, tmp_path: Path) -> None:
    """Cut the power at each of some points, of a life of its own, and start anew."""
    for end in points:
        folder = tmp_path / str(end)
        folder.mkdir()

        def hook(number: int, _: str, end: int = end) -> None:
            if number == end:
                raise PowerCut

        async with market(cell.flavour) as at:
            with pytest.raises(PowerCut):
                async with bot(cell, folder, at, Points(hook)) as told:
                    await scene(told)
            async with bot(cell, folder, at) as told:
                told.block, told.most = len(sizes(cell)), max(sizes(cell))
                await told.start()
                await told.recover(sizes(cell)[-1])
                told.check_books()
