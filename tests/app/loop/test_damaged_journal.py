"""A bot whose journal lost bits or its end between two lives believes nothing untrue, and agrees within a minute."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.core.policy import ExecutionPolicy, Style
from bot.core.run_state import RunState, Trigger, moved
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import rig, view
from tests.app.lives import BLOCKS, agrees, comes_to_agree, copied, restored, start
from tests.core.scenes import NOW, policy

pytestmark = pytest.mark.slow
FLIPS = 12
"""Restarts of each case; ``tests.faults.soak`` plays the same on the venue servers."""


async def first_life(folder: Path, style: Style, clock: ManualClock) -> Path:
    """Trade for some blocks; return a copy of the journal as a crash leaves it, its log beside it."""
    async with rig(folder, wanted=replace(policy(), execution=ExecutionPolicy(style)), clock=clock) as run:
        await start(run, BLOCKS[0])
        for block in BLOCKS:
            await run.turn(block)
        return copied(folder, folder.with_name("kept"))


async def next_life(folder: Path, style: Style, clock: ManualClock) -> None:
    """Start on what stands there, and come into agreement with the venue in time."""
    number = len(BLOCKS) + 1
    async with rig(folder, wanted=replace(policy(), execution=ExecutionPolicy(style)), clock=clock) as run:
        number = await comes_to_agree(run, folder, number)
        for price in (2040, 2080):
            await run.turn(view(number, price))
            number += 1
            await agrees(run, folder, set())


def flip(path: Path, rng: random.Random) -> int:
    """Flip a bit of a file, and return where."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return at


def put(kept: Path, folder: Path) -> None:
    """Put journal and account of a first life in place."""
    folder.mkdir()
    restored(folder, kept)
    (folder / "paper.sqlite").write_bytes((kept.with_name("life") / "paper.sqlite").read_bytes())


@pytest.mark.parametrize("style", [Style.TAKER, Style.MAKER])
@pytest.mark.parametrize("file", ["journal.sqlite", "journal.sqlite-wal"])
async def test_bits_that_flip(tmp_path: Path, file: str, style: Style) -> None:
    """In the file, whose log was written back then, and in the log, whose end is lost with it."""
    clock, rng = ManualClock(NOW), random.Random(f"{file}{style}")
    kept = await first_life(tmp_path / "life", style, clock)
    if file == "journal.sqlite":
        kept = copied(tmp_path / "life", tmp_path / "closed")
    for number in range(FLIPS):
        folder = tmp_path / str(number)
        put(kept, folder)
        at = flip(folder / file, rng)
        try:
            await next_life(folder, style, ManualClock(clock.now()))
        except BaseException as error:
            error.add_note(f"the bit was at {at} of {file}")
            raise


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
async def test_a_file_that_was_cut(tmp_path: Path, share: float) -> None:
    clock = ManualClock(NOW)
    await first_life(tmp_path / "life", Style.TAKER, clock)
    file = tmp_path / "life" / "journal.sqlite"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    clock.advance(timedelta(minutes=1).total_seconds())
    await next_life(tmp_path / "life", Style.TAKER, clock)


async def test_the_alarm_says_what_was_damaged_and_a_freeze_outlives_its_row(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with rig(tmp_path, clock=clock) as run:
        await start(run, BLOCKS[0])
        await run.turn(BLOCKS[0])
        assert run.cycle.state is not None
        frozen = moved(run.cycle.state.bot, Trigger.FREEZE, "by hand", clock.now())
        assert frozen is not None
        run.cycle.state = run.cycle.state.with_bot(frozen)
        await run.turn(BLOCKS[1])
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as file:
        file.execute("UPDATE state SET cycle = 17")
        file.commit()
    async with rig(tmp_path, clock=clock) as run:
        await start(run, BLOCKS[2])
        record = await run.turn(BLOCKS[2])
        assert record.decision.state.bot.state is RunState.FROZEN
        (alarm,) = [alarm for alarm in record.decision.alarms if alarm.key == "journal:damaged"]
        assert "state: row 1 (taken from cycle 2)" in alarm.message
        assert record.cycle == 3
    with closing(JournalView.open(tmp_path / "journal.sqlite", CURVES)) as books:
        assert [event.kind for event in books.events()].count("journal_damaged") == 1
