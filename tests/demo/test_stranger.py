"""The demo's scene with a stranger in it: exposure, orders and alarms are those of the scene without him."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.core.types import Symbol, Underlying
from bot.demo.driver import demo_run
from bot.demo.scenario import SceneSettings, actions_by_block
from tests.demo.stranger import Stranger
from tests.demo.tricks import held_token

pytestmark = [pytest.mark.chain, pytest.mark.slow]

SETTINGS = SceneSettings(seed=11, blocks=40)
GIFTS = {"left-out:local", "unbelieved:local"}
"""The alarms about what he gives: one for tokens that nobody knows, one for pools that nobody believes."""


@dataclass
class Told:
    """What became of a scene, block by block."""

    exposures: list[dict[Underlying, Decimal]] = field(default_factory=list)
    orders: list[list[tuple[Symbol, Decimal, bool]]] = field(default_factory=list)
    alarms: list[set[str]] = field(default_factory=list)
    gifts: int = 0
    done: list[str] = field(default_factory=list)


async def played(folder: Path, seed: int | None) -> Told:
    """Play the scene, with a stranger where a seed is given; he rests where the owner acts, whose ids follow his."""
    folder.mkdir()
    script, told = actions_by_block(SETTINGS.blocks), Told()
    async with demo_run(folder, SETTINGS, SystemClock()) as run:
        stranger = None if seed is None else Stranger(run.scene.chain, random.Random(seed))
        for block in range(1, SETTINGS.blocks + 1):
            if stranger is not None and held_token(run.scene) is not None and block not in script:
                await stranger.act()
            seen = await run.step()
            decision = seen.record.decision
            assert seen.true
            told.exposures.append({hedge.underlying: hedge.exposure for hedge in decision.hedges})
            told.orders.append(
                [(one.order.symbol, one.order.quantity, one.order.reduce_only) for one in decision.approved]
            )
            keys = {alarm.key for alarm in decision.alarms}
            told.gifts += len(keys & GIFTS)
            told.alarms.append(keys - GIFTS)
        told.done = [] if stranger is None else stranger.done
    return told


async def test_a_stranger_changes_nothing(tmp_path: Path) -> None:
    alone = await played(tmp_path / "alone", None)
    beside = await played(tmp_path / "beside", seed=3)
    assert len(set(beside.done)) == 7, beside.done
    assert (alone.gifts, beside.gifts > 5) == (0, True)
    assert beside.exposures == alone.exposures
    assert beside.orders == alone.orders
    assert beside.alarms == alone.alarms
    assert sum(map(len, alone.orders)) > 5
