"""How it ends, and how the next one goes on."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from bot.demo.scene import OWNER
from tests.e2e.harness import world

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_when_asked_and_a_second_start_opens_nothing_twice(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with world(tmp_path, extra='[execution]\nstyle = "taker"\n') as here:
        first = await here.daemon()
        await first.said("cycle")
        await here.play(first, 8)
        before = here.account()
        assert len(before.fills) >= 2
        assert await first.stop(number) == 0
        last = here.record()
        begun, ended = first.lines[0], first.lines[-1]
        assert (begun["event"], begun["mode"], begun["venues"]) == ("starting", "paper", {"paper": "paper"})
        assert begun["owners"] == {"local": [OWNER]}
        assert (ended["event"], ended["cycles"]) == ("stopped", last.cycle)
        with closing(here.view()) as view:
            assert [event.kind for event in view.events()] == ["started", "stopped"]
            assert view.meta().holder is None

        second = await here.daemon()
        line = await second.said("cycle")
        assert line["cycle"] == last.cycle + 1
        assert here.account() == before
        with closing(here.view()) as view:
            holder = view.meta().holder
            assert holder is not None
            assert holder.pid == second.process.pid
        await here.play(second, 2)
        assert await second.stop(number) == 0
        here.check_books()


async def test_it_ends_in_time_while_the_node_hangs(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 4)
        os.kill(here.node.pid, signal.SIGSTOP)
        try:
            assert await daemon.stop() == 0
        finally:
            os.kill(here.node.pid, signal.SIGCONT)
        here.check_books()


async def test_it_ends_in_time_while_it_waits_for_a_node(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.node.stop()
        daemon = await here.daemon()
        await daemon.said("waiting for the chain and the venues")
        assert await daemon.stop() == 0


async def test_a_second_daemon_on_the_same_journal_says_who_holds_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        first = await here.daemon()
        await first.said("cycle")
        second = await here.daemon()
        line = await second.said("is in use by")
        assert f"{here.journal} is in use by process {first.process.pid} on " in line["event"]
        assert await second.dead() == 1
        assert await first.stop() == 0
