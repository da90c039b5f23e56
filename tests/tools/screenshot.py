"""`make screenshot`: the picture of the status page in the README, from a made-up market."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from bot.clock import ManualClock
from bot.core.record import Event
from bot.core.telemetry_event import CycleRecorded, EventJournaled, OrderReported
from bot.core.types import Mode
from bot.telemetry.about import About
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.core.scenes import NOW
from tests.telemetry.feed import tell
from tests.tools.browser import Page, browser
from tests.tools.market import STEP, play

CYCLES = 720


async def feed(server: HttpServer, clock: ManualClock, cycles: int = CYCLES) -> None:
    """Let the server live through a made-up market."""
    tell(server, EventJournaled(Event(NOW, "started", "the daemon started", {})))
    for record, fills in play(cycles):
        clock.advance(STEP.total_seconds())
        if record.cycle == cycles // 2:
            tell(server, EventJournaled(Event(record.at, "reorg", "ethereum: 2 blocks were replaced, read again", {})))
        for intent, outcome in fills:
            tell(server, OrderReported(intent, outcome))
        tell(server, CycleRecorded(record))


async def ready(page: Page, url: str) -> None:
    """Open the page and wait until its charts are drawn."""
    await page.open(url)
    await page.until("document.querySelectorAll('.chart .main-svg').length >= 3")


async def shoot(width: int, height: int, theme: str) -> bytes:
    """Take one picture."""
    clock = ManualClock(NOW)
    about = About("dnbot", "0.1.0", Mode.PAPER)
    async with HttpServer(HttpConfig(), clock, about) as server, browser() as page:
        await feed(server, clock)
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
    given = parser.parse_args()
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_bytes(asyncio.run(shoot(given.width, given.height, given.theme)))


if __name__ == "__main__":
    main()
