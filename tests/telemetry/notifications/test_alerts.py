"""Alerts reach people and never hold the loop up; the pulse stops where the loop does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import ManualClock
from bot.concurrency import end
from bot.core.alerts import AlertPolicy
from bot.core.decision import Alarm, Severity
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded
from bot.telemetry.notifications.alerts import RETRY, Alerts
from bot.telemetry.notifications.carriers import Apprise, Text, ask
from bot.telemetry.notifications.config import AlertConfig
from tests.core.scenes import NOW
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import record

POLICY = AlertPolicy(Severity.WARNING, timedelta(hours=1), timedelta(minutes=2))
CONFIG = AlertConfig("dn", POLICY, silent_after=300, queue=3)
DEPEG = Alarm("par:local:pool", Severity.CRITICAL, "USDC is 3% off par")


@dataclass
class People:
    """Hear everything, or nothing while ``deaf``."""

    heard: list[Text] = field(default_factory=list)
    deaf: int = 0
    stuck: bool = False

    async def say(self, text: Text) -> bool:
        if self.stuck:
            await asyncio.Event().wait()
        if self.deaf:
            self.deaf -= 1
            return False
        self.heard.append(text)
        return True

    @property
    def bodies(self) -> list[str]:
        return [text.body for text in self.heard]


def cycle(*alarms: Alarm, run: RunState = RunState.RUNNING) -> CycleRecord:
    made = record(run=run)
    return replace(made, decision=replace(made.decision, alarms=alarms))


@asynccontextmanager
async def running(
    people: People, config: AlertConfig = CONFIG
) -> AsyncIterator[tuple[Alerts, ManualClock, list[float]]]:
    clock, pulses = ManualClock(NOW), list[float]()

    async def pulse(_: str) -> bool:
        pulses.append(clock.monotonic())
        return True

    alerts = Alerts(config, people, clock, pulse)
    task = asyncio.create_task(alerts.run())
    try:
        yield alerts, clock, pulses
    finally:
        await end(task)


async def test_an_alarm_is_told_once_reminded_of_and_resolved() -> None:
    people = People()
    async with running(people, replace(CONFIG, silent_after=1e6)) as (alerts, clock, _):
        for _ in range(70):
            tell(alerts, CycleRecorded(cycle(DEPEG)))
            await clock.run(60)
        for _ in range(5):
            tell(alerts, CycleRecorded(cycle()))
            await clock.run(60)
    assert [text.title for text in people.heard] == [
        "dnbot dn: critical",
        "dnbot dn: still: critical",
        "dnbot dn: resolved: critical",
    ]
    assert people.bodies[0] == "USDC is 3% off par [par:local:pool]"


async def test_a_frozen_bot_and_one_that_fell_silent_are_told() -> None:
    people = People()
    async with running(people) as (alerts, clock, _):
        tell(alerts, CycleRecorded(cycle(run=RunState.FROZEN)))
        await clock.run(310)
    assert "the bot is frozen" in people.bodies[0]
    assert "no cycle was finished for more than 300 s" in people.bodies[1]


async def test_what_could_not_be_told_is_tried_again() -> None:
    people = People(deaf=2)
    async with running(people) as (alerts, clock, _):
        tell(alerts, CycleRecorded(cycle(DEPEG)))
        await clock.run(2 * RETRY + 1)
    assert people.bodies == ["USDC is 3% off par [par:local:pool]"]


async def test_a_service_that_never_answers_holds_nobody_up_and_the_queue_drops_the_oldest() -> None:
    people = People(stuck=True)
    async with running(people) as (alerts, clock, _):
        await clock.run(1)
        for number in range(50):
            tell(alerts, CycleRecorded(cycle(Alarm(f"k{number}", Severity.WARNING, "x"))))
        assert len(alerts._texts) == 3  # noqa: SLF001 - the bound is what is shown


async def test_the_pulse_beats_while_cycles_are_finished_and_stops_with_them() -> None:
    config = replace(CONFIG, pulse_url="https://hc.example/KEY", pulse_interval=60)
    async with running(People(), config) as (alerts, clock, pulses):
        await clock.run(100)
        assert pulses == []
        for _ in range(10):
            tell(alerts, CycleRecorded(cycle()))
            await clock.run(60)
        beats = len(pulses)
        assert 8 <= beats <= 10
        await clock.run(3600)
        assert len(pulses) - beats <= 6  # until 300 s of silence have passed


async def test_apprise_delivers_to_a_real_url_by_severity() -> None:
    got: list[dict[str, object]] = []

    async def take(request: web.Request) -> web.Response:
        got.append({"path": request.path, **(await request.json())})
        return web.Response()

    app = web.Application()
    app.router.add_post("/{name}", take)
    async with TestServer(app) as server:
        base = f"json://127.0.0.1:{server.port}"
        notifier = Apprise([f"{base}/all"], [f"{base}/pager"])
        assert await notifier.say(Text(Severity.WARNING, "a title", "a body"))
        assert await notifier.say(Text(Severity.CRITICAL, "a title", "worse"))
    assert sorted((str(one["path"]), str(one["message"])) for one in got) == [
        ("/all", "a body"),
        ("/all", "worse"),
        ("/pager", "worse"),
    ]
    assert not await notifier.say(Text(Severity.WARNING, "a title", "nobody listens"))


async def test_a_strangers_markup_arrives_as_text() -> None:
    got: list[str] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json())["message"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app) as server:
        notifier = Apprise([f"json://127.0.0.1:{server.port}/?format=html"], [])
        assert await notifier.say(Text(Severity.WARNING, "a title", "a <a href='http://evil.example'>WETH</a> & co"))
    assert "<a" not in got[0]
    assert "&lt;a" in got[0]


async def test_the_pulse_asks_an_url_and_says_whether_it_answered() -> None:
    app = web.Application()
    app.router.add_get("/{status}", _answer)
    async with TestServer(app) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert await ask(f"{base}/200")
        assert not await ask(f"{base}/500")
    assert not await ask(f"{base}/200")


async def _answer(request: web.Request) -> web.Response:
    return web.Response(status=int(request.match_info["status"]))
