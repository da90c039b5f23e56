"""A daemon in the test's own process, on a clock by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app.loop.daemon import Daemon
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import Rig, rig, view
from tests.faults.points import Points

STEP = 0.25

PASSES = 60


class Running:
    """A daemon in a task of its own; virtual time moves only by ``pass_time``."""

    def __init__(self, run: Rig, daemon: Daemon | None = None) -> None:
        self.run = run
        self.stop = asyncio.Event()
        self.task = asyncio.create_task((daemon or run.daemon).run(self.stop))

    async def pass_time(self, seconds: float = 0) -> None:
        """Let time pass, in steps that leave whatever wakes up enough passes of the loop for a whole cycle."""
        steps = max(1, round(seconds / STEP))
        for _ in range(steps):
            await self.run.clock.run(seconds / steps)
            for _ in range(PASSES):
                await asyncio.sleep(0)

    @property
    def blocks(self) -> list[int]:
        """The blocks of the cycles so far."""
        return [record.snapshot.chains[0].block.number for record in self.run.published.records]

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, 5)


@asynccontextmanager
async def running(folder: Path, points: Points | None = None) -> AsyncIterator[Running]:
    async with rig(folder, points=points) as run:
        run.chain.show(view(1), head=False)
        daemon = Running(run)
        await daemon.pass_time()
        try:
            yield daemon
        finally:
            daemon.stop.set()
            await asyncio.wait([daemon.task])


def events(folder: Path) -> list[str]:
    books = JournalView.open(folder / "journal.sqlite", CURVES)
    kinds = [event.kind for event in books.events()]
    books.close()
    return kinds
