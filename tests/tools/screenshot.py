"""`make screenshot`: the picture of the status page in the README, from a made-up market."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from bot.clock import ManualClock
from bot.core.record import CycleRecord, Event
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded, EventJournaled, OrderReported
from bot.core.types import Mode
from bot.telemetry.about import About
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.core.scenes import NOW
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import UNKNOWN, account, record
from tests.tools.browser import Page, browser
from tests.tools.market import STEP, play

CYCLES = 720


async def feed(server: HttpServer, clock: ManualClock, cycles: int = CYCLES) -> None:
    """Let the server live through a made-up market."""
    tell(server, EventJournaled(Event(NOW, "started", "the daemon started", {})))
    for cycle, fills in play(cycles):
        clock.advance(STEP.total_seconds())
        if cycle.cycle == cycles // 2:
            tell(server, EventJournaled(Event(cycle.at, "reorg", "ethereum: 2 blocks were replaced, read again", {})))
        for intent, outcome in fills:
            tell(server, OrderReported(intent, outcome))
        tell(server, CycleRecorded(cycle))


async def ready(page: Page, url: str) -> None:
    """Open the page and wait until its charts are drawn."""
    await page.open(url)
    await page.until("document.querySelectorAll('.chart .main-svg').length >= 3")


class Case(StrEnum):
    """What the last cycle shows."""

    NORMAL = "normal"
    UNHEDGED = "unhedged"
    FLATTENED = "flattened"
    FROZEN = "frozen"
    UNREADABLE = "unreadable"


def last_of(case: Case, number: int) -> CycleRecord | None:
    """Return the cycle that comes after the made-up market; None: nothing happens after it."""
    match case:
        case Case.NORMAL:
            return None
        case Case.UNHEDGED:
            return record(number, account("-0.5"), RunState.PAUSED)
        case Case.FLATTENED:
            return record(number, account("0"), RunState.FLATTENING)
        case Case.FROZEN:
            return record(number, account("-1.5"), RunState.FROZEN)
        case Case.UNREADABLE:
            return record(number, UNKNOWN)


async def shoot(width: int, height: int, theme: str, case: Case = Case.NORMAL) -> bytes:
    """Take one picture."""
    clock = ManualClock(NOW)
    about = About("dnbot", "0.1.0", Mode.PAPER)
    async with HttpServer(HttpConfig(), clock, about) as server, browser() as page:
        await feed(server, clock)
        if (last := last_of(case, CYCLES + 1)) is not None:
            clock.advance(STEP.total_seconds())
            tell(server, CycleRecorded(replace(last, at=clock.now())))
        await page.size(width, height, scale=1.5)
        await page.theme(theme)
        await ready(page, server.url)
        return await page.picture()


def main() -> None:
    """Take the picture that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=Path("docs/status-page.png"))
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1100)
    parser.add_argument("--theme", choices=["dark", "light"], default="dark")
    parser.add_argument("--case", choices=list(Case), default=Case.NORMAL, type=Case)
    given = parser.parse_args()
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_bytes(asyncio.run(shoot(given.width, given.height, given.theme, given.case)))


if __name__ == "__main__":
    main()
