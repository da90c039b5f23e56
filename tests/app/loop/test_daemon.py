"""The daemon: when cycles run, how long it waits after trouble, and what ends it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import concurrency
from bot.core.command import Command, Verb
from bot.core.errors import ConfigError, Halt, Retryable, SkipCycle
from bot.core.orders import OrderKind
from tests.app.fakes import INTERVAL, rig, view
from tests.app.loop.running import PASSES, Running, events, running
from tests.faults.points import Points


async def test_a_cycle_at_the_start_at_every_head_and_on_the_timer(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        assert daemon.blocks == [1]
        daemon.run.chain.show(view(2))
        await daemon.pass_time()
        assert daemon.blocks == [1, 2]
        await daemon.pass_time(INTERVAL - 1)
        assert daemon.blocks == [1, 2]
        await daemon.pass_time(1)
        assert daemon.blocks == [1, 2, 2]
        await daemon.end()
    assert events(tmp_path) == ["started", "stopped"]


async def test_it_says_once_that_it_has_met_the_world_before_its_first_cycle(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        met: list[int] = []
        daemon = run.daemon
        daemon.preflight_done = lambda: met.append(len(run.published.records))
        stop = asyncio.Event()
        run.chain.error = Retryable("not yet")
        task = asyncio.create_task(daemon.run(stop))
        await run.clock.run(0)
        assert met == []
        run.chain.error = None
        run.chain.show(view(1))
        for _ in range(PASSES):
            await run.clock.run(1)
        assert met == [0]
        assert run.published.records
        stop.set()
        await asyncio.wait_for(task, 5)


async def test_a_slow_cycle_queues_nothing_up(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        release = asyncio.Event()
        observe = daemon.run.exchange.observe

        async def slow() -> object:
            await release.wait()
            return await observe()

        daemon.run.cycle.observer.venues[0].observe = slow  # type: ignore[method-assign,assignment]  # slower, else the same
        for number in (2, 3, 4, 5):
            daemon.run.chain.show(view(number))
            await daemon.pass_time()
        assert daemon.run.chain.reads[-1] == 2
        release.set()
        await daemon.pass_time()
        assert daemon.blocks == [1, 2, 5]


async def test_failures_back_off_and_a_head_ends_the_pause(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        chain = daemon.run.chain
        chain.error = Retryable("no endpoint answers")
        chain.show(view(2))
        await daemon.pass_time()
        begun = daemon.run.clock.monotonic()
        times: list[float] = []
        for _ in range(160):
            before = len(chain.reads)
            await daemon.pass_time(1)
            times += [daemon.run.clock.monotonic() - begun] * (len(chain.reads) - before)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert gaps == sorted(gaps)
        assert gaps[-1] >= 60
        chain.error = None
        chain.show(view(3))
        await daemon.pass_time(1)
        assert daemon.blocks[-1] == 3
        daemon.run.chain.show(view(4))
        await daemon.pass_time()
        assert daemon.blocks[-2:] == [3, 4], "after a success the next head is not kept waiting"
    assert events(tmp_path) == ["started", "failing", "stopped"]


async def test_trouble_without_end_ends_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        daemon.run.chain.error = SkipCycle("still wrong")
        before = len(daemon.run.chain.reads)
        for number in range(2, 2202):
            daemon.run.chain.show(view(number))
            await daemon.run.clock.run(0)
        assert len(daemon.run.chain.reads) > before + 1030
        daemon.run.chain.error = None
        daemon.run.chain.show(view(2300))
        await daemon.pass_time(2)
        assert daemon.blocks[-1] == 2300


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), ConfigError("the token is gone"), SkipCycle("odd")])
async def test_an_error_in_a_cycle_does_not_end_the_daemon(tmp_path: Path, error: Exception) -> None:
    async with running(tmp_path) as daemon:
        daemon.run.chain.error = error
        daemon.run.chain.show(view(2))
        with capture_logs() as logs:
            await daemon.pass_time()
        daemon.run.chain.error = None
        daemon.run.chain.show(view(3))
        await daemon.pass_time(2)
        assert daemon.blocks[-1] == 3
        await daemon.end()
    assert any(type(error).__name__ == line.get("error") for line in logs)


async def test_halt_ends_it(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        daemon.run.chain.error = Halt("the journal is damaged")
        daemon.run.chain.show(view(2))
        with pytest.raises(Halt, match="the journal is damaged"):
            await asyncio.wait_for(daemon.task, 5)
    assert events(tmp_path) == ["started", "stopped"]


class Deaf:
    """A service that loses the first cancellation, as `wait_for` of Python 3.11 may."""

    name = "deaf"

    async def run(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()


async def test_it_ends_although_a_service_loses_its_cancellation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concurrency, "AGAIN", 0.01)
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        made = run.daemon
        made.services = [Deaf()]
        daemon = Running(run, made)
        await daemon.pass_time()
        await daemon.end()
    assert events(tmp_path) == ["started", "stopped"]


async def test_a_command_that_waits_when_it_ends_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        daemon.run.chain.hangs = True
        daemon.run.chain.show(view(2))
        await daemon.pass_time()
        waiting = asyncio.create_task(daemon.run.cycle.commands.submit(Command(Verb.PAUSE, "test")))
        await asyncio.sleep(0)
        await daemon.end()
        assert "stopping" in (await waiting).message


async def test_heads_that_break_are_followed_again(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        daemon.run.chain.break_heads(ZeroDivisionError("a bug"))
        await daemon.pass_time(2 * INTERVAL)
        daemon.run.chain.show(view(9))
        await daemon.pass_time()
        assert daemon.blocks[-1] == 9


async def test_it_waits_for_a_world_that_does_not_answer_yet(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.error = Retryable("no endpoint answers")
        daemon = Running(run)
        await daemon.pass_time(5)
        assert daemon.blocks == []
        run.chain.error = None
        run.chain.show(view(3))
        await daemon.pass_time(10)
        assert daemon.blocks[-1] == 3
        await daemon.end()
    assert events(tmp_path) == ["failing", "started", "stopped"]


async def test_a_bot_that_never_ran_runs_since_it_met_the_world(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1), head=False)
        run.chain.error = Retryable("no node")
        daemon = Running(run)
        await daemon.pass_time(30)
        run.chain.error = None
        before = run.clock.now()
        await daemon.pass_time(120)
        assert run.published.records[0].decision.state.bot.since >= before
        await daemon.end()


async def test_a_wrong_configuration_ends_the_start(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.error = ConfigError("there is no contract", key="chains.local.multicall")
        with pytest.raises(ConfigError):
            await run.daemon.run(asyncio.Event())


@pytest.mark.parametrize("before_start", [True, False])
async def test_it_stops_at_once_while_a_chain_hangs(tmp_path: Path, *, before_start: bool) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        run.chain.hangs = before_start
        daemon = Running(run)
        await daemon.pass_time()
        run.chain.hangs = True
        run.chain.show(view(2))
        await daemon.pass_time()
        assert run.chain.reads[-1] == (1 if before_start else 2)
        await daemon.end()
    assert events(tmp_path) == (["stopped"] if before_start else ["started", "stopped"])


async def test_an_order_in_hand_is_finished_before_it_stops(tmp_path: Path) -> None:
    daemons: list[Running] = []

    def hook(_: int, name: str) -> None:
        if name == "before place":
            daemons[0].stop.set()

    async with rig(tmp_path, points=Points(hook)) as run:
        run.chain.show(view(1))
        daemons.append(Running(run))
        await asyncio.wait_for(daemons[0].task, 5)
        assert len(run.published.records) == 1
        assert [item.intent.request.kind for item in run.journal.pending()] == [OrderKind.STOP_MARKET]
        assert run.journal.last_cycle() == 1


async def test_an_alarm_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with rig(tmp_path) as run:
            for number, size in enumerate((5, 5, 0, 0, 0, 0), 1):
                await run.turn(view(number, size=size))
    told = [(line["event"], line["key"]) for line in logs if line["event"].startswith("alarm")]
    assert told == [("alarm", "missing:v2"), ("alarm is over", "missing:v2")]
