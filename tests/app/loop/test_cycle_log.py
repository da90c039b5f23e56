"""What a cycle logs: one in which something happens at once, quiet ones once a minute."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from structlog.testing import capture_logs

from bot.app.loop.cycle import SUMMARY
from tests.app.fakes import rig, view


async def test_quiet_cycles_are_logged_once_a_minute(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        with capture_logs() as lines:
            for block in range(12):
                await run.turn(view(block, Decimal(2000)))
            await run.turn(view(12, Decimal(1500)))
    cycles = [line for line in lines if line["event"] == "cycle"]
    told = [line["cycle"] for line in cycles if line["log_level"] == "info"]
    assert len(cycles) == 13
    assert cycles[0]["orders"] == 1
    assert told[0] == 1
    assert told[-1] == 13, "it trades"
    quiet = [line["cycle"] for line in cycles if not line["orders"]]
    each = SUMMARY / 12  # blocks of twelve seconds
    assert told == [1, *(number for number in quiet if (number - 1) % each == 0), 13]
