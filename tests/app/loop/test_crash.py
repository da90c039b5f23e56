"""A crash at any point around any call of a port, and a restart: nothing twice, nothing lost, drift in its band."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.policy import ExecutionPolicy, Style
from bot.core.snapshot import ChainView
from bot.core.types import Symbol
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import Rig, rig, view
from tests.app.lives import Damage, comes_to_agree, copied, cut, deleted, restored
from tests.core.scenes import ETH, NOW, line, policy, symbol
from tests.faults.points import Points

pytestmark = pytest.mark.slow

BLOCKS = 3


class PowerCut(BaseException):
    """The end of the process; nothing in it may handle this."""


def market() -> list[ChainView]:
    """Make a market that moves at every block by enough for an order, with liquidity that comes and goes."""
    rng = random.Random(5)
    sizes = [0, 5, 2]
    return [view(n, 2000 * Decimal(1 + rng.uniform(-0.1, 0.1)), sizes[n - 1]) for n in range(1, BLOCKS + 1)]


async def play(folder: Path, blocks: list[ChainView], style: Style, points: Points | None = None) -> None:
    wanted = replace(policy(), execution=ExecutionPolicy(style))
    async with rig(folder, points=points, wanted=wanted) as run:
        run.chain.show(blocks[0])
        await run.cycle.observer.look()
        await run.cycle.reconciler.begin()
        for block in blocks:
            await run.turn(block)
        if points is None:
            await check(run, folder)


async def check(run: Rig, folder: Path) -> None:
    """Compare the journal with the venue's own books."""
    seen = await run.exchange.observe()
    fills = await run.exchange.fills(NOW)
    books = JournalView.open(folder / "journal.sqlite", CURVES)
    intents, told = books.intents(), books.fills()
    record = books.last_record()
    books.close()
    by_symbol: dict[Symbol, Decimal] = {}
    for fill in fills:
        by_symbol[fill.symbol] = by_symbol.get(fill.symbol, Decimal(0)) + fill.quantity
    assert seen.positions[symbol(ETH)].size == by_symbol.get(symbol(ETH), Decimal(0))
    assert sorted(fill.trade_id for fill in fills) == sorted(fill.trade_id for fill in told)
    assert {item.intent.client_id for item in run.journal.pending()} == {order.client_id for order in seen.open_orders}
    for item in intents:
        own = [fill.quantity for fill in fills if fill.client_id == item.intent.client_id]
        assert item.filled == sum(own, Decimal(0))
        assert abs(item.filled) <= abs(item.intent.request.quantity)
    assert {fill.client_id for fill in fills} <= {item.intent.client_id for item in intents}
    assert record is not None
    hedge = line(record.decision, ETH)
    assert hedge.drift is not None
    assert hedge.band is not None
    assert abs(seen.positions[symbol(ETH)].size - hedge.target) <= hedge.band.outer


async def crash(folder: Path, blocks: list[ChainView], style: Style, at: int) -> str | None:
    """Run until point ``at``, and return its name; None if the run ended before it."""
    reached: list[str] = []

    def hook(number: int, name: str) -> None:
        reached.append(name)
        if number >= at:
            raise PowerCut

    try:
        await play(folder, blocks, style, Points(hook))
    except PowerCut:
        return reached[at - 1]
    return None


async def points_of(folder: Path, blocks: list[ChainView], style: Style) -> list[str]:
    """Return the names of all points of a run that nothing ends."""
    names: list[str] = []
    await play(folder, blocks, style, Points(lambda _, name: names.append(name)))
    return names


@pytest.mark.parametrize("style", [Style.TAKER, Style.MAKER])
async def test_a_crash_at_the_first_point_of_each_name_is_made_good(tmp_path: Path, style: Style) -> None:
    await crashed_at(tmp_path, style, lambda names: sorted(names.index(name) + 1 for name in set(names)))


@pytest.mark.campaign
@pytest.mark.parametrize("style", [Style.TAKER, Style.MAKER])
async def test_a_crash_at_every_single_point_is_made_good(tmp_path: Path, style: Style) -> None:
    await crashed_at(tmp_path, style, lambda names: range(1, len(names) + 1))


async def crashed_at(tmp_path: Path, style: Style, points: Callable[[list[str]], Iterable[int]]) -> None:
    blocks, new = market(), tmp_path / "new"
    async with rig(new):
        pass
    shutil.copytree(new, tmp_path / "whole")
    names = await points_of(tmp_path / "whole", blocks, style)
    assert len(names) > 60
    assert {
        f"{when} {call}" for when in ("before", "after") for call in ("new_intent", "place", "resolve", "record")
    } <= set(names)
    for at in points(names):
        folder = tmp_path / str(at)
        shutil.copytree(new, folder)
        assert await crash(folder, blocks, style, at) == names[at - 1]
        await play(folder, [view(BLOCKS + later, 2100, 2) for later in range(1, 5)], style)


@pytest.mark.parametrize(
    "loss", [pytest.param(deleted, marks=pytest.mark.campaign), restored, pytest.param(cut, marks=pytest.mark.campaign)]
)
async def test_a_crash_at_any_point_that_takes_the_journal_along_is_made_good(tmp_path: Path, loss: Damage) -> None:
    """At the last point of each name; the old copy is from before the block in which the power fails."""
    blocks, new = market(), tmp_path / "new"
    async with rig(new):
        pass
    shutil.copytree(new, tmp_path / "whole")
    names = await points_of(tmp_path / "whole", blocks, Style.TAKER)
    before = [at for at, name in enumerate(names, 1) if name == "before record"][-2]
    for at in sorted({len(names) - names[::-1].index(name) for name in set(names)}):
        folder, earlier, kept = (tmp_path / f"{name}{at}" for name in ("life", "earlier", "kept"))
        shutil.copytree(new, folder)

        def hook(
            number: int, _: str, at: int = at, life: Path = folder, early: Path = earlier, late: Path = kept
        ) -> None:
            if number == min(at, before):
                copied(life, early)
            if number == at:
                copied(life, late)  # what ends the run would write the log back
                raise PowerCut

        with pytest.raises(PowerCut):
            await play(folder, blocks, Style.TAKER, Points(hook))
        restored(folder, kept)
        loss(folder, earlier)
        async with rig(folder) as run:
            await comes_to_agree(run, folder, BLOCKS + 1, 2100, 2)


async def test_crashes_one_after_the_other_are_made_good(tmp_path: Path) -> None:
    rng = random.Random(3)
    for number in range(1, 31):
        block = view(number, 2000 * Decimal(1 + rng.uniform(-0.1, 0.1)), rng.choice([3, 4, 5]))
        await crash(tmp_path, [block], rng.choice(list(Style)), rng.randint(5, 30))
    await play(tmp_path, [view(31), view(32)], Style.TAKER)
