"""Lives of one bot, one after the other, and what becomes of its journal between them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.clock import ManualClock
from bot.core.policy import ExecutionPolicy, Style
from bot.core.snapshot import ChainView
from bot.core.types import Symbol
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import Rig, rig, view
from tests.core.scenes import ETH, NOW, line, policy, symbol

D = Decimal
PERP = symbol(ETH)
BLOCKS = [
    view(number, D(2000) * price, size)
    for number, (price, size) in enumerate(
        [(D(1), 5), (D("1.02"), 4), (D("0.97"), 6), (D("1.01"), 5), (D("0.99"), 4), (D("1.03"), 5)], 1
    )
]
WITHIN = timedelta(seconds=60)
Damage = Callable[[Path, Path], None]
"""What happens to the journal (its folder, and the folder of an earlier copy) between two lives."""


def deleted(folder: Path, earlier: Path) -> None:
    del earlier
    for file in folder.glob("journal.sqlite*"):
        file.unlink()


def restored(folder: Path, earlier: Path) -> None:
    deleted(folder, earlier)
    for file in earlier.glob("journal.sqlite*"):
        shutil.copy(file, folder)


def cut(folder: Path, earlier: Path) -> None:
    """Lose the end of what was written last: the log's frames after the third part."""
    del earlier
    wal = folder / "journal.sqlite-wal"
    if not wal.exists():
        return
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size // 3])


async def live(folder: Path, blocks: list[ChainView], style: Style, clock: ManualClock) -> None:
    async with rig(folder, wanted=replace(policy(), execution=ExecutionPolicy(style)), clock=clock) as run:
        await start(run, blocks[0])
        for block in blocks:
            await run.turn(block)


async def start(run: Rig, block: ChainView) -> None:
    run.chain.show(block)
    await run.cycle.observer.look()
    await run.cycle.reconciler.begin()


async def comes_to_agree(run: Rig, folder: Path, number: int, price: int = 2000, size: int = 5) -> int:
    """Play blocks from this number on until journal and venue agree, which is in time; return the next number."""
    since = run.clock.now()
    await start(run, view(number, price, size))
    while True:
        await run.turn(view(number, price, size))
        number += 1
        try:
            await agrees(run, folder, set())
        except AssertionError:
            assert run.clock.now() - since <= WITHIN
        else:
            return number


def copied(folder: Path, to: Path) -> Path:
    """Copy the journal as a backup does that takes file and log at one moment."""
    to.mkdir(parents=True)
    for file in folder.glob("journal.sqlite*"):
        shutil.copy(file, to)
    return to


async def agrees(run: Rig, folder: Path, fired: set[Symbol]) -> None:
    """Compare what the new life's journal says with the venue's own books."""
    seen = await run.exchange.observe()
    fills = await run.exchange.fills(NOW)
    with closing(JournalView.open(folder / "journal.sqlite", CURVES)) as books:
        intents, record, events = books.intents(), books.last_record(), books.events()
    for item in intents:
        own = sum((fill.quantity for fill in fills if fill.client_id == item.intent.client_id), D(0))
        assert item.filled == own, "a false fill"
        assert abs(own) <= abs(item.intent.request.quantity)
    assert {key[1]: one.size for key, one in run.journal.expected().items() if one.size} == {
        key: position.size for key, position in seen.positions.items() if position.size
    }
    assert {item.intent.client_id for item in run.journal.pending()} == {order.client_id for order in seen.open_orders}
    assert {key[1] for key in run.journal.stops_fired(NOW)} <= fired, "a false 'stop fired'"
    assert not [event for event in events if event.kind in {"intent_misfit", "intent_refused"}]
    assert record is not None
    hedge = line(record.decision, ETH)
    assert hedge.drift is not None
    assert hedge.band is not None
    assert abs(seen.positions[PERP].size - hedge.target) <= hedge.band.outer
