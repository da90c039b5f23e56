"""The system's clock is set while the bot runs: seen by the monotonic one, measured at once, no write above 500 ms."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.orders import Accepted, Outcome, Rejected, RejectReason
from bot.exchange.errors import Unreachable
from bot.exchange.fields import milliseconds_of
from tests.exchange.loopback import Reply, Seen
from tests.exchange.scene import ETH, Scene, intent

pytestmark = pytest.mark.slow

D = Decimal
LARGE = [timedelta(seconds=seconds) for seconds in (0.7, -0.7, 1, -1, 3600, -3600)]


async def order(scene: Scene, number: int = 1) -> Outcome:
    return await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990), number=number))


def held_back(outcome: Outcome) -> str:
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    return outcome.message


def asked(scene: Scene) -> list[Seen]:
    return [one for one in scene.server.seen if one.path.endswith("/time")]


@pytest.mark.parametrize("step", LARGE, ids=str)
async def test_after_a_large_step_no_write_leaves_in_half_a_minute(scene: Scene, step: timedelta) -> None:
    await scene.ready()
    scene.clock.set_by = step
    for number in range(1, 32):
        assert "500 ms" in held_back(await order(scene, number))
        held_back(await scene.exchange.cancel(intent(quantity=D(1)).client_id, ETH))
        scene.clock.advance(0.8)
    assert scene.server.writes == []


@pytest.mark.parametrize("step", [timedelta(milliseconds=ms) for ms in (300, -300, 480, 120)], ids=str)
async def test_after_a_small_step_the_clock_is_measured_at_once_and_the_stamp_is_right(
    scene: Scene, step: timedelta
) -> None:
    await scene.ready()
    before = len(asked(scene))
    scene.clock.set_by = step
    assert isinstance(await order(scene), Accepted)
    assert len(asked(scene)) == before + 1
    write = scene.one_write()
    stamp = write.params["timestamp"] if "timestamp" in write.params else write.headers["ACCESS-TIMESTAMP"]
    assert int(str(stamp)) == milliseconds_of(scene.clock.true())


async def test_a_clock_that_is_set_right_again_writes_at_once(scene: Scene) -> None:
    await scene.ready()
    scene.clock.set_by = timedelta(seconds=2)
    held_back(await order(scene))
    scene.clock.set_by = timedelta()
    assert isinstance(await order(scene, 2), Accepted)


async def test_a_clock_that_is_moved_slowly_into_place_is_looked_at_again_soon(scene: Scene) -> None:
    """The monotonic clock is slewed together with the wall's, so that no step shows."""
    await scene.ready()
    off = timedelta(seconds=0.7)
    scene.fake.clock = lambda: scene.clock.true() + off
    scene.clock.advance(3600)
    await scene.exchange.observe()
    held_back(await order(scene))
    off = timedelta(seconds=0.2)
    scene.clock.advance(10)
    await scene.exchange.observe()
    assert isinstance(await order(scene, 2), Accepted)


async def test_while_the_venue_does_not_tell_its_time_after_a_step_nothing_leaves(scene: Scene) -> None:
    await scene.ready()
    path = asked(scene)[0].path
    scene.server.faults["GET", path] = lambda _seen: Reply(drop=True)
    scene.clock.set_by = timedelta(seconds=0.2)
    assert "was set" in held_back(await order(scene))
    scene.server.faults.clear()
    assert isinstance(await order(scene, 2), Accepted)


async def test_a_step_while_the_time_is_asked_for_is_seen(scene: Scene) -> None:
    await scene.ready()
    path, true_answer = asked(scene)[0].path, scene.fake

    def set_meanwhile(seen: Seen) -> Reply:
        scene.clock.set_by = timedelta(seconds=5)
        return true_answer(seen)  # type: ignore[operator,no-any-return] # both fakes answer

    scene.server.faults["GET", path] = set_meanwhile
    scene.exchange.link.suspect = True
    await scene.exchange.observe()
    scene.server.faults.clear()
    assert "500 ms" in held_back(await order(scene))


async def test_reads_go_on_with_right_stamps_once_the_step_is_measured(scene: Scene) -> None:
    await scene.ready()
    scene.clock.set_by = timedelta(seconds=-0.7)
    scene.server.seen.clear()
    await scene.exchange.observe()
    stamps = [one.params.get("timestamp", one.headers.get("ACCESS-TIMESTAMP")) for one in scene.server.seen]
    signed = {int(str(stamp)) for stamp in stamps if stamp is not None}
    assert signed == {milliseconds_of(scene.clock.true())}


def slow(scene: Scene, trips: int) -> None:
    """Let so many of the venue's answers on its time take 1.2 s."""
    left = [None] * trips

    def late(seen: Seen) -> Reply:
        if left:
            left.pop()
            scene.clock.advance(1.2)
        handler = scene.fake
        assert callable(handler)
        answer: Reply = handler(seen)
        return answer

    for path in ("/fapi/v1/time", "/api/v2/public/time"):
        scene.server.faults["GET", path] = late


async def test_a_slow_first_trip_is_made_again_and_the_quick_one_counts(scene: Scene) -> None:
    slow(scene, 1)
    await scene.ready()
    assert len(asked(scene)) == 2
    assert isinstance(await order(scene), Accepted)


async def test_a_venue_that_is_slow_each_time_has_no_measured_clock(scene: Scene) -> None:
    slow(scene, 3)
    with pytest.raises(Unreachable, match="too long to measure"):
        await scene.exchange.link.sync_clock()
    assert (len(asked(scene)), scene.exchange.link.offset) == (3, None)
