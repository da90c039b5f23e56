"""A process ends within its grace time, whatever hangs in it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.app.process import Process, run_until_signal
from bot.core.errors import Halt

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LONG, SHORT = 60.0, 0.5
"""Seconds of grace."""
SOON = 20.0
"""Seconds; far less than the long grace, far more than a slow machine needs."""


class Case:
    """A process of tests.app.endings that is ready to be ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, name: str, grace: float) -> Case:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.app.endings", name, str(grace)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return cls(process)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    async def ended(self) -> tuple[int, str, list[dict[str, Any]], str]:
        """Return the exit code, what was printed, the log, and what else was written."""
        async with asyncio.timeout(SOON):
            out, errors = await self._process.communicate()
        lines = errors.decode().splitlines()
        log = [json.loads(line) for line in lines if line.startswith("{")]
        assert self._process.returncode is not None
        return self._process.returncode, out.decode(), log, errors.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_the_orderly_way(number: signal.Signals) -> None:
    case = await Case.start("orderly", LONG)
    case.signal(number)
    assert await case.ended() == (0, "ended\n", [], "")


async def test_when_its_time_is_up_what_must_be_is_closed_and_what_hangs_is_named() -> None:
    case = await Case.start("main_is_deaf", SHORT)
    case.signal()
    code, said, log, _ = await case.ended()
    assert (code, said) == (1, "closed\n")
    assert "a task did not end in time" in {line["event"] for line in log}
    assert any("in Event.wait" in line["at"] for line in log)


async def test_a_second_signal_ends_it_at_once() -> None:
    case = await Case.start("main_is_deaf", LONG)
    case.signal()
    case.signal(signal.SIGINT)  # another one: two of a kind that wait become one
    code, said, _, _ = await case.ended()
    assert (code, said) == (1, "closed\n")


@pytest.mark.parametrize("name", ["leaves_a_deaf_task", "leaves_a_thread"])
async def test_what_still_runs_when_all_is_done_does_not_hold_it_up(name: str) -> None:
    case = await Case.start(name, LONG)
    case.signal()
    code, said, log, _ = await case.ended()
    assert (code, said) == (0, "ended\n")
    assert log, "it says what was left behind"


async def test_an_event_loop_that_is_blocked_is_shown_and_ended() -> None:
    case = await Case.start("blocks", SHORT)
    case.signal()
    code, _, log, errors = await case.ended()
    assert code == 1
    assert log[-1]["event"].startswith("the event loop is blocked")
    assert "endings.py" in errors


def test_an_error_of_the_coroutine_is_raised() -> None:
    async def main(_: Process) -> None:
        raise Halt("no")

    with pytest.raises(Halt, match="no"):
        run_until_signal(main)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
