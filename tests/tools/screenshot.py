"""`make screenshot`: the picture of the status page in the README, from a made-up market."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from bot.clock import ManualClock
from bot.core.decide import decide
from bot.core.record import CycleRecord, Event
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import VenueUnknown, VenueView
from bot.core.telemetry_event import CycleRecorded, EventJournaled, OrderReported
from bot.core.types import ZERO, Mode
from bot.telemetry.about import About
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.core.scenes import NO_INPUTS, NOW
from tests.telemetry.feed import tell
from tests.tools.browser import Page, browser
from tests.tools.market import POLICY, STEP, play

CYCLES = 720


class Case(StrEnum):
    """What the last cycle shows."""

    NORMAL = "normal"
    UNHEDGED = "unhedged"
    FLATTENED = "flattened"
    FROZEN = "frozen"
    UNREADABLE = "unreadable"


async def feed(server: HttpServer, clock: ManualClock, cycles: int = CYCLES, case: Case = Case.NORMAL) -> None:
    """Let the server live through a made-up market."""
    tell(server, EventJournaled(Event(NOW, "started", "the daemon started", {})))
    for cycle, fills in play(cycles):
        clock.advance(STEP.total_seconds())
        if cycle.cycle == cycles // 2:
            tell(server, EventJournaled(Event(cycle.at, "reorg", "ethereum: 2 blocks were replaced, read again", {})))
        for intent, outcome in fills:
            tell(server, OrderReported(intent, outcome))
        tell(server, CycleRecorded(last_of(case, cycle) if cycle.cycle == cycles else cycle))


async def ready(page: Page, url: str) -> None:
    """Open the page and wait until its charts are drawn."""
    await page.open(url)
    await page.until("document.querySelectorAll('.chart .main-svg').length >= 3")


def last_of(case: Case, last: CycleRecord) -> CycleRecord:
    """Return what the made-up market's last cycle would have been in that case."""
    account, at = last.snapshot.venues[0], last.at
    seen: VenueView | VenueUnknown
    assert isinstance(account, VenueView)  # the market's own
    match case:
        case Case.NORMAL:
            return last
        case Case.UNHEDGED:
            seen, run = _with_shorts(account, Decimal("0.2")), RunState.PAUSED
        case Case.FLATTENED:
            seen, run = _with_shorts(account, ZERO), RunState.FLATTENING
        case Case.FROZEN:
            seen, run = _with_shorts(account, Decimal("0.6")), RunState.FROZEN
        case Case.UNREADABLE:
            seen, run = VenueUnknown(account.venue, "HTTP 503", at), RunState.RUNNING
    snapshot = replace(last.snapshot, venues=(seen,))
    state = replace(last.decision.state, bot=BotState(run, "as the operator asked", at))
    return replace(last, snapshot=snapshot, decision=decide(snapshot, NO_INPUTS, state, POLICY))


def _with_shorts(account: VenueView, share: Decimal) -> VenueView:
    """Return the account with a share of each short; of none nothing rests there any more."""
    shorts = {
        symbol: replace(one, size=one.size * share, unrealised=one.unrealised * share, margin=one.margin * share)
        for symbol, one in account.positions.items()
    }
    if not share:
        shorts = {
            symbol: replace(one, size=ZERO, entry_price=None, liquidation_price=None) for symbol, one in shorts.items()
        }
    return replace(account, positions=shorts, open_orders=account.open_orders if share else ())


async def shoot(width: int, height: int, theme: str, case: Case = Case.NORMAL) -> bytes:
    """Take one picture."""
    clock = ManualClock(NOW)
    about = About("dnbot", "0.1.0", Mode.PAPER)
    async with HttpServer(HttpConfig(), clock, about) as server, browser() as page:
        await feed(server, clock, case=case)
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
