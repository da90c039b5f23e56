"""``python -m tests.e2e.crash CONFIG POINT COUNT``: the daemon until a point is reached for the n-th time.

There it ends as a power cut would end it. Points are around calls and named as in `tests.faults.points`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from bot.app import logging
from bot.app.loop.daemon import Daemon
from bot.app.settings import load
from bot.app.wiring import daemon
from tests.faults.points import Points


def watched(running: Daemon, points: Points) -> Daemon:
    """Put points around the journal and the venues."""
    cycle = running.cycle
    journal = points.watch(cycle.journal)
    venues = {venue.venue: points.watch(venue) for venue in running.venues}
    cycle.journal = journal
    cycle.executor = replace(cycle.executor, venues=venues, journal=journal)
    cycle.observer = replace(cycle.observer, venues=list(venues.values()))
    cycle.reconciler.venues, cycle.reconciler.journal = venues, journal
    return running


async def run(config: Path, point: str, count: int) -> None:
    settings = load([config], os.environ).settings
    logging.configure(settings.log.level, settings.log.format, settings.secrets(), sys.stderr)
    left = count

    def hook(_: int, name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async with daemon(settings) as running:
        await watched(running, Points(hook)).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
