"""/events: the whole past once, then each change, and nothing twice after a reconnection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.clock import ManualClock
from bot.core.record import Event
from bot.core.telemetry_event import CycleRecorded, EventJournaled
from bot.journal.cycle_summary import summarise
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.dashboard_state import Past
from bot.telemetry.web.server import HttpServer
from tests.core.scenes import ETH, NOW, pending
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import ABOUT, record, site


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event."""

    event: str
    id: str
    data: dict[str, Any]

    @property
    def cycles(self) -> list[int]:
        return [point["c"] for point in self.data["points"]]


async def next_message(stream: aiohttp.ClientResponse) -> Message:
    fields: dict[str, str] = {}
    async with asyncio.timeout(5):
        while line := (await stream.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
    return Message(fields["event"], fields["id"], json.loads(fields["data"]))


async def test_a_reader_gets_the_past_and_then_each_new_cycle() -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(record(1)))
        tell(at.server, CycleRecorded(record(2)))
        async with at.client.get("/events") as stream:
            assert stream.content_type == "text/event-stream"
            first = await next_message(stream)
            tell(at.server, CycleRecorded(record(3)))
            second = await next_message(stream)
            tell(at.server, EventJournaled(Event(NOW, "failing", "no chain", {})))
            third = await next_message(stream)
    assert (first.event, first.cycles) == ("all", [1, 2])
    assert (second.event, second.cycles, second.data["status"]["last"]["cycle"]) == ("more", [3], 3)
    assert (third.cycles, third.data["status"]["events"][0]["message"]) == ([], "no chain")
    point = second.data["points"][0]
    assert point["h"]["ETH"][:3] == [2.5, -2.5, 0]


async def test_a_reader_that_comes_back_gets_what_it_missed() -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(record(1)))
        async with at.client.get("/events") as stream:
            seen = (await next_message(stream)).id
        tell(at.server, CycleRecorded(record(2)))
        tell(at.server, CycleRecorded(record(3)))
        async with at.client.get("/events", headers={"Last-Event-ID": seen}) as stream:
            missed = await next_message(stream)
        async with at.client.get("/events", headers={"Last-Event-ID": "otherrun-1"}) as stream:
            anew = await next_message(stream)
    assert (missed.event, missed.cycles) == ("more", [2, 3])
    assert (anew.event, anew.cycles) == ("all", [1, 2, 3])


async def test_the_past_is_bounded_and_begins_with_the_journals() -> None:
    past = Past(
        cycles=[summarise(record(number)) for number in range(1, 15)],
        orders=[(pending(ETH, "-0.5").intent, None)],
        events=[Event(NOW, "stopped", "the daemon stopped", {})],
    )
    server = HttpServer(HttpConfig(history=10), ManualClock(NOW), ABOUT, lambda: past)
    async with server, aiohttp.ClientSession(server.url) as client, client.get("/events") as stream:
        first = await next_message(stream)
        for number in range(15, 40):
            tell(server, CycleRecorded(record(number)))
        second = await next_message(stream)
    assert first.cycles == list(range(5, 15))
    assert first.data["status"]["orders"][0]["status"] == "sent"
    assert first.data["status"]["events"][0]["kind"] == "stopped"
    assert second.cycles == list(range(30, 40))


async def test_readers_are_limited_and_a_place_is_free_again_once_one_has_gone() -> None:
    async with site() as at:
        streams = [await at.client.get("/events") for _ in range(32)]
        for stream in streams:
            await next_message(stream)
        async with at.client.get("/events") as refused:
            assert refused.status == 503
        streams[0].close()
        for number in range(1, 4):  # writing shows the server that the reader is gone
            tell(at.server, CycleRecorded(record(number)))
            await next_message(streams[1])
        async with at.client.get("/events") as served:
            assert served.status == 200
        for stream in streams[1:]:
            stream.close()
