"""``python -m tests.app.endings CASE``: a process that is hard to end, for test_process.py."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from bot.app import process
from bot.app.logging import configure
from bot.app.process import Process, run_until_signal


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def deaf() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def orderly(here: Process) -> None:
    say("ready")
    await here.stop.wait()
    say("ended")


async def main_is_deaf(here: Process) -> None:
    here.at_last = lambda: say("closed")
    say("ready")
    await deaf()


async def leaves_a_deaf_task(here: Process) -> None:
    task = asyncio.create_task(deaf(), name="deaf")
    await orderly(here)
    del task


async def leaves_a_thread(here: Process) -> None:
    task = asyncio.create_task(asyncio.to_thread(threading.Event().wait))
    await orderly(here)
    del task


async def blocks(_: Process) -> None:
    say("ready")
    while True:
        pass


CASES: dict[str, Callable[[Process], Coroutine[Any, Any, None]]] = {
    case.__name__: case for case in (orderly, main_is_deaf, leaves_a_deaf_task, leaves_a_thread, blocks)
}

if __name__ == "__main__":
    configure("info", "json", (), sys.stderr)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    process.IMPATIENT = 0.0  # type: ignore[misc]  # two signals of a test follow each other quickly
    process.BLOCKED = 0.3  # type: ignore[misc]  # the same
    run_until_signal(CASES[sys.argv[1]], grace=float(sys.argv[2]), leftovers=1.0)
