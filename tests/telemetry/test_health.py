"""/livez and /readyz tell by status and in words whether the bot does its work."""

from __future__ import annotations

import pytest

from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded
from bot.telemetry.web.config import HttpConfig
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import UNKNOWN, Site, record, site


async def ask(at: Site, path: str) -> tuple[int, list[str]]:
    async with at.client.get(path) as answer:
        assert answer.content_type == "application/json"
        body = await answer.json()
        assert body["ok"] is (answer.status == 200) is (not body["reasons"])
        return answer.status, body["reasons"]


async def test_livez_turns_unhealthy_when_no_cycle_is_finished_in_time_and_back_with_the_next() -> None:
    async with site(HttpConfig(stale_after=30)) as at:
        assert await ask(at, "/livez") == (200, [])
        at.clock.advance(30.5)
        assert await ask(at, "/livez") == (503, ["no cycle was finished for 30 s, above 30 s"])
        tell(at.server, CycleRecorded(record()))
        assert await ask(at, "/livez") == (200, [])
        at.clock.advance(30)
        assert await ask(at, "/livez") == (200, [])
        at.clock.advance(0.001)
        assert (await ask(at, "/livez"))[0] == 503


async def test_livez_tells_the_age_and_the_cycle() -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(record(7)))
        at.clock.advance(1.25)
        async with at.client.get("/livez") as answer:
            body = await answer.json()
    assert body == {"ok": True, "reasons": [], "cycle": 7, "age_seconds": 1.25, "limit_seconds": 180.0}


async def test_readyz_waits_for_the_first_cycle_and_for_a_fresh_one() -> None:
    async with site(HttpConfig(stale_after=30)) as at:
        assert await ask(at, "/readyz") == (503, ["no cycle was finished yet"])
        tell(at.server, CycleRecorded(record()))
        assert await ask(at, "/readyz") == (200, [])
        at.clock.advance(31)
        assert (await ask(at, "/readyz"))[0] == 503


@pytest.mark.parametrize(
    ("cycle", "reason"),
    [
        (record(venue=UNKNOWN), "venue paper can't be read: it sleeps"),
        (record(run=RunState.FROZEN), "the bot is frozen: test"),
    ],
)
async def test_readyz_says_why_the_exposure_is_not_being_hedged(cycle: CycleRecord, reason: str) -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(cycle))
        assert await ask(at, "/readyz") == (503, [reason])
        assert (await ask(at, "/livez"))[0] == 200
