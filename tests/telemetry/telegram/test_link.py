"""Commands over Telegram, against a server that speaks its Bot API: forged, replayed, too many, and none at all."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from aiohttp import web
from telegram import Update

from bot.app.logging import configure
from bot.clock import ManualClock
from bot.concurrency import end
from bot.core.command import Verb
from bot.core.decide import decide
from bot.core.record import CycleRecord
from bot.core.types import Mode
from bot.core.view.cycle import CycleView, view_of
from bot.telemetry.telegram.api import BotApiError, connected
from bot.telemetry.telegram.gate import MOST, Fault, Gate
from bot.telemetry.telegram.link import TelegramConfig, TelegramLink
from tests.core.scenes import ETH, NO_INPUTS, NOW, chain, policy, snapshot, state, v2, venue
from tests.telemetry.operators import Loop
from tests.telemetry.telegram.server import ME, TOKEN, BotApiServer, serving, user


def cycle() -> CycleView:
    world = snapshot(chain([v2("a", 20_000)]), venue({ETH: "-5"}))
    return view_of(CycleRecord(1, NOW, world, decide(world, NO_INPUTS, state(), policy()), 0.01))


def update(raw: dict[str, Any]) -> Update:
    return Update.de_json(raw)


class Hasty(ManualClock):
    """Sleeps by moving time, and remembers for how long."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass
class Scene:
    server: BotApiServer
    link: TelegramLink
    loop: Loop
    clock: Hasty
    task: asyncio.Task[None]


@asynccontextmanager
async def linked() -> AsyncIterator[Scene]:
    clock, loop = Hasty(), Loop()
    async with serving(NOW.timestamp()) as server:
        link = TelegramLink(TelegramConfig(server.url, TOKEN, (ME,), Mode.PAPER), loop, clock)
        task = asyncio.create_task(link.run())
        try:
            yield Scene(server, link, loop, clock, task)
        finally:
            await end(task)


async def test_status_and_plan_say_what_the_screens_say() -> None:
    async with linked() as scene:
        await scene.server.add(scene.server.message(1, "/status"))
        assert (await scene.server.until(1))[0] == (ME, "no cycle was finished yet")
        scene.link.take(cycle())
        await scene.server.add(scene.server.message(2, "/status"), scene.server.message(3, "/plan@my_bot"))
        said = {text for _, text in (await scene.server.until(3))[1:]}
        assert any(text.startswith("paper · ETH ") for text in said)
        assert any("\nETH: " in f"\n{text}" for text in said)
        assert scene.loop.taken == []


@pytest.mark.parametrize("verb", ["pause", "freeze"])
async def test_pause_and_freeze_reach_the_loop(verb: str) -> None:
    async with linked() as scene:
        await scene.server.add(scene.server.message(1, f"/{verb} going to\nbed"))
        assert (await scene.server.until(1))[0][0] == ME
        (command,) = scene.loop.taken
        assert (command.verb.value, command.source, command.reason) == (verb, "telegram", "going tobed")


async def test_flatten_wants_the_word_that_was_given_once_and_in_time() -> None:
    async with linked() as scene:
        await scene.server.add(scene.server.message(1, "/flatten"))
        code = re.findall(r"/flatten (\d{6})", (await scene.server.until(1))[0][1])[0]
        assert scene.loop.taken == []
        await scene.server.add(scene.server.message(2, f"/flatten {code}"))
        await scene.server.until(2)
        assert [command.verb for command in scene.loop.taken] == [Verb.FLATTEN]
        await scene.server.add(scene.server.message(3, f"/flatten {code}"))
        again = re.findall(r"/flatten (\d{6})", (await scene.server.until(3))[2][1])[0]
        scene.clock.advance(61)
        scene.server.now += 61
        await scene.server.add(scene.server.message(4, f"/flatten {again}"))
        await scene.server.until(4)
        assert len(scene.loop.taken) == 1


@pytest.mark.parametrize("word", ["/resume", "/add", "resume", "/start", "/flattten", "/status\x00", "💥" * 2000])
async def test_nothing_else_is_a_command(word: str) -> None:
    async with linked() as scene:
        await scene.server.add(scene.server.message(1, word))
        await scene.server.until(1)
        assert scene.loop.taken == []


FORWARDED = {"type": "hidden_user", "date": 1, "sender_user_name": "A"}


async def test_a_forged_chat_is_neither_obeyed_nor_answered() -> None:
    async with linked() as scene:
        group = {"id": ME, "type": "group", "title": "x"}
        forged = [
            scene.server.message(1, "/freeze", sender=ME + 1),
            scene.server.message(2, "/freeze", by=user(ME + 1)),  # a stranger in a chat of that id
            scene.server.message(3, "/freeze", chat={"id": -100, "type": "group"}),  # the owner, where others read
            scene.server.message(4, "/freeze", by=user(1), chat=group),
            scene.server.message(5, "/freeze", by=None),
            scene.server.message(6, "/freeze", sender=True),
            scene.server.message(7, "/freeze", forward_origin=FORWARDED),
            scene.server.message(8, ["/freeze"]),
            {"update_id": 9, "edited_message": scene.server.message(9, "/freeze")["message"]},
            {"update_id": 10},
        ]
        await scene.server.add(*forged, scene.server.message(11, "/help"))
        assert len(await scene.server.until(1)) == 1
        assert scene.loop.taken == []
        assert scene.link.gate.refused[Fault.STRANGER] == 5
        assert scene.link.gate.refused.total() == len(forged)


async def test_a_message_that_cannot_be_read_holds_up_no_other() -> None:
    async with linked() as scene:
        odd = [
            scene.server.message(1, "/freeze", by={"id": ME}),  # no name, which everybody has
            scene.server.message(2, "/freeze", date=10**30),
            scene.server.message(3, "/freeze", chat=[]),
            scene.server.message(4, "/freeze", entities=[7]),
        ]
        await scene.server.add(*odd, scene.server.message(5, "/pause"))
        await scene.server.until(1)
        assert [command.verb for command in scene.loop.taken] == [Verb.PAUSE]
        assert scene.link.gate.refused == {Fault.MALFORMED: len(odd)}


async def test_what_comes_again_or_late_is_not_obeyed_again() -> None:
    async with linked() as scene:
        await scene.server.add(scene.server.message(7, "/pause"))
        await scene.server.until(1)
        scene.server.updates[:] = []
        gate = scene.link.gate
        assert gate.judge(update(scene.server.message(7, "/freeze"))) is Fault.REPLAYED
        scene.server.now -= 61  # sent while the bot was away
        assert gate.judge(update(scene.server.message(8, "/freeze"))) is Fault.OLD
        assert [command.verb for command in scene.loop.taken] == [Verb.PAUSE]


async def test_a_new_start_obeys_nothing_that_was_said_before_it() -> None:
    gate, server = Gate({ME}, ManualClock(NOW)), BotApiServer(NOW.timestamp() - 3600)
    assert gate.judge(update(server.message(1, "/flatten 000000"))) is Fault.OLD


async def test_a_flood_is_answered_a_few_times_and_held_in_bounds() -> None:
    async with linked() as scene:
        await scene.server.add(*(scene.server.message(number, "/help") for number in range(1, 5001)))
        async with asyncio.timeout(60):
            while scene.link.gate.refused[Fault.FLOOD] < 5000 - MOST:
                await scene.server.until_asked(scene.server.asked + 1)
        assert len(await scene.server.until(MOST)) == MOST
        scene.clock.advance(61)
        scene.server.now += 61
        await scene.server.add(scene.server.message(5001, "/freeze"))
        await scene.server.until(MOST + 1)
        assert [command.verb for command in scene.loop.taken] == [Verb.FREEZE]


OUTAGES = {
    "down": web.Response(status=502, text="<html>Bad Gateway</html>" * 1000),
    "another reads": web.Response(status=409, text='{"ok":false,"error_code":409,"description":"Conflict"}'),
    "too many": web.Response(
        status=429, text='{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":30}}'
    ),
    "no list": web.Response(text='{"ok":true,"result":{"update_id":1}}'),
    "endless": web.Response(text="[" * (2 << 20)),
    "deep": web.Response(text="[" * 100_000),
    "packed": web.Response(body=gzip.compress(b" " * (64 << 20)), headers={"Content-Encoding": "gzip"}),
    "no numbers": web.Response(text='{"ok":true,"result":[{"update_id":"1"}]}'),
    "odd words": web.Response(status=400, text='{"ok":false,"description":7,"parameters":[1]}'),
    "no result": web.Response(text='{"ok":false}'),
    "elsewhere": web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"}),
}


REASONS = {
    "down": "Bad Gateway (502). Parsing the server response",
    "another reads": "Conflict",
    "too many": "Flood control exceeded",
    "no list": "an odd answer: ",
    "endless": "TooLargeError",
    "deep": "the answer is no JSON",
    "packed": "TooLargeError",
    "no numbers": "an update without a number",
    "odd words": "an odd answer: ",
    "no result": "an odd answer: KeyError",
    "elsewhere": "Temporary Redirect (307)",
}


@pytest.mark.parametrize("name", OUTAGES)
async def test_what_is_no_answer_is_an_error_of_few_words(name: str) -> None:
    async with serving(0) as server, connected(server.url, TOKEN) as api:
        server.refusal = OUTAGES[name]
        with pytest.raises(BotApiError, match=f"^{re.escape(REASONS[name])}") as error:
            await api.updates(None)
        assert len(str(error.value)) <= 200


PAUSES = (1, 2, 4, 8, 16, 32, 60, 60)


@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_is_waited_out_and_the_loop_hears_nothing_of_it(name: str) -> None:
    async with linked() as scene:
        await scene.server.until_asked(1)
        async with scene.server.changed:
            scene.server.refusal = OUTAGES[name]
            scene.server.changed.notify_all()
        await scene.server.until_asked(10)
        scene.link.take(cycle())
        assert not scene.task.done()
        scene.server.refusal = None
        assert scene.clock.pauses[:8] == [max(pause, 30) if name == "too many" else pause for pause in PAUSES]
        asked = scene.server.asked
        await scene.server.until_asked(asked + 1)
        scene.server.now = scene.clock.now().timestamp()
        await scene.server.add(scene.server.message(1, "/pause"))
        await scene.server.until(1)
        assert [command.verb for command in scene.loop.taken] == [Verb.PAUSE]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Return what is logged, nothing struck out."""
    found, root = io.StringIO(), logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    configure("debug", "json", (), found)
    yield found
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()


async def test_no_error_and_no_line_shows_the_token(lines: io.StringIO) -> None:
    async with linked() as scene:
        scene.server.refusal = web.Response(status=404, text=json.dumps({"ok": False, "description": "Not Found"}))
        scene.link.take(cycle())
        await scene.server.add(scene.server.message(1, "/status"))
        await scene.server.until_asked(3)
    async with connected(scene.server.url, TOKEN) as api:
        with pytest.raises(BotApiError) as error:
            await api.say(ME, "x")  # nobody listens there any more
    assert TOKEN not in str(error.value)
    assert "telegram lost" in lines.getvalue()
    assert TOKEN not in lines.getvalue()
    assert TOKEN not in repr(TelegramConfig(scene.server.url, TOKEN, (ME,), Mode.PAPER))
