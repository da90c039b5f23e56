"""The outbox never blocks, keeps the newest state of each topic, and drops the oldest events."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.mqtt.outbox import Outbox
from bot.telemetry.mqtt.topics import Message


def state(topic: str, text: str) -> Message:
    return Message(topic, text.encode(), retain=True)


def event(text: str) -> Message:
    return Message("event", text.encode(), retain=False)


async def taken(box: Outbox) -> list[str]:
    return [(await box.get()).payload.decode() for _ in range(len(box))]


async def test_a_newer_state_takes_the_place_of_the_older() -> None:
    box = Outbox(10)
    for message in (state("a", "1"), state("b", "2"), state("a", "3")):
        box.put(message)
    assert await taken(box) == ["3", "2"]


async def test_the_oldest_events_are_dropped_and_counted() -> None:
    box = Outbox(3)
    for number in range(5):
        box.put(event(str(number)))
    assert await taken(box) == ["2", "3", "4"]
    assert box.dropped == 2


async def test_after_a_reconnect_every_state_is_sent_again_and_no_event_twice() -> None:
    box = Outbox(3)
    for message in (state("a", "1"), event("e"), state("b", "2")):
        box.put(message)
    assert await taken(box) == ["1", "2", "e"]
    box.renew()
    assert await taken(box) == ["1", "2"]


async def test_what_could_not_be_sent_comes_first_again_unless_it_is_out_of_date() -> None:
    box = Outbox(2)
    for message in (event("1"), event("2"), state("a", "old")):
        box.put(message)
    failed = [await box.get(), await box.get()]
    box.put(state("a", "new"))
    for message in failed:
        box.back(message)
    assert await taken(box) == ["new", "1", "2"]


async def test_a_forgotten_topic_is_emptied_once_even_if_the_first_try_failed() -> None:
    box = Outbox(2)
    box.put(state("a", "1"))
    await box.get()
    box.forget("a")
    box.back(await box.get())
    assert await taken(box) == [""]
    box.renew()
    assert len(box) == 0


async def test_whoever_waits_is_woken() -> None:
    box = Outbox(2)
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put(event("1"))
    assert (await asyncio.wait_for(waiting, 1)).payload == b"1"


@given(st.lists(st.tuples(st.sampled_from("abe"), st.integers(0, 99)), max_size=60), st.integers(1, 5))
def test_it_holds_the_last_of_each_state_and_the_last_events_in_order(puts: list[tuple[str, int]], limit: int) -> None:
    async def fill() -> list[str]:
        box = Outbox(limit)
        for topic, number in puts:
            box.put(event(str(number)) if topic == "e" else state(topic, str(number)))
        assert box.dropped == max(0, sum(topic == "e" for topic, _ in puts) - limit)
        return await taken(box)

    events = [str(number) for topic, number in puts if topic == "e"][-limit:]
    latest = {topic: str(number) for topic, number in puts if topic != "e"}
    found = asyncio.run(fill())
    assert sorted(found[: len(latest)]) == sorted(latest.values())
    assert found[len(latest) :] == events
