"""Killed at any moment and started again: no order twice, venue and journal agree, the drift back in its band."""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.books import in_band
from tests.e2e.harness import Daemon, World, world

pytestmark = pytest.mark.chain

WRITES = ("new_intent", "place", "resolve", "add_fills", "record")
POINTS = [*(f"{when} {call}" for call in WRITES for when in ("before", "after")), "after observe"]
FIRST = ["before place", "after place", "after new_intent", "before resolve", "after record"]
"""Those after which something is unresolved; `make soak` takes all."""
TAKER = '[execution]\nstyle = "taker"\n[hedge.band]\nfixed_width = 0.002\n'


def crash(here: World, point: str, count: int) -> tuple[str, ...]:
    """Return the command of a daemon that dies when it reaches a point for the n-th time."""
    return "-m", "tests.e2e.crash", str(here.config), point, str(count)


async def mine_until_dead(here: World, daemon: Daemon, most: int) -> None:
    """Mine block after block until the daemon has met its end."""
    number = 0
    for _ in range(most):
        try:
            await daemon.cycle(number)
        except AssertionError:
            if not daemon.ended:
                raise
            assert await daemon.dead() == -signal.SIGKILL
            return
        number = (await here.step()).number
    raise AssertionError(f"the point was never reached; {daemon.lines[-3:]}")


async def recover(here: World) -> None:
    """Start again, and insist that all is well within three blocks."""
    daemon = await here.daemon()
    await daemon.said("cycle")
    records = await here.play(daemon, 3)
    assert in_band(records[-1]), records[-1].decision.hedges
    assert await daemon.stop() == 0
    here.check_books()


@pytest.mark.parametrize("points", [FIRST, pytest.param(POINTS, marks=pytest.mark.campaign)])
async def test_killed_at_every_point_around_a_write(points: Sequence[str], tmp_path: Path) -> None:
    async with world(tmp_path, blocks=240, extra=TAKER) as here:
        for point in points:
            daemon = await here.daemon(*crash(here, point, 2))
            await mine_until_dead(here, daemon, 20)
            await recover(here)
        assert len(here.account().ended) > len(points), "orders of its own in most of them"


async def test_killed_again_while_it_makes_good(tmp_path: Path) -> None:
    async with world(tmp_path, extra=TAKER) as here:
        daemon = await here.daemon(*crash(here, "after place", 2))
        await mine_until_dead(here, daemon, 20)
        with closing(here.view()) as view:
            assert len(view.pending()) == 1
        for point in ("before lookup", "after lookup", "before resolve", "after resolve", "before fills"):
            daemon = await here.daemon(*crash(here, point, 1))
            assert await daemon.dead() == -signal.SIGKILL
        await recover(here)


async def test_killed_at_random_while_a_scene_plays(tmp_path: Path) -> None:
    rng = random.Random(11)
    async with world(tmp_path, blocks=60) as here:
        for _ in range(12):
            daemon = await here.daemon()
            for _ in range(4):
                await here.step()
                await daemon.runs(rng.uniform(0, 0.8))
            await daemon.kill()
        await recover(here)
        daemon = await here.daemon()
        await daemon.said("cycle")
        await here.play(daemon, 60 - here.scene.index)
        assert await daemon.stop() == 0
        here.check_books()
        assert here.account().positions == {}
