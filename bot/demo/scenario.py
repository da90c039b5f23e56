"""The script of the demo: what the owner does when, and how long everything takes. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from bot.core.errors import ConfigError
from bot.demo.node import GENESIS
from bot.demo.path import TREND, Market, MarketPoint, market_path

MIN_BLOCKS: Final = 20
_UNWINDING: Final = 5
"""Blocks that a scene has at least after the last withdrawal: three confirm it, and then the hedge goes."""
RESTS: Final = 4
"""Blocks, from the one in which the owner acts: a withdrawal is confirmed in three, a large hedge takes two."""


class Action(StrEnum):
    """What the owner does, in the words of the view."""

    OPEN_V2 = "V2: 10,000 USD of BTC and 10,000 USD of ETH added"
    OPEN_V3 = "V3: 10,000 USD added, ±17%"
    STAKE_V2 = "V2: staked"
    STAKE_V3 = "V3: staked"
    MORE_V3 = "V3: a quarter more added"
    MORE_V2 = "V2: a quarter more added"
    LESS_V2 = "V2: a third withdrawn"
    LESS_V3 = "V3: a third withdrawn"
    CLOSE_V3 = "V3: withdrawn and burned"
    CLOSE_V2 = "V2: withdrawn"


SCRIPT: Final[tuple[tuple[float, Action], ...]] = (
    (0.035, Action.OPEN_V2),
    (0.045, Action.OPEN_V3),
    (0.28, Action.MORE_V3),
    (0.35, Action.MORE_V2),
    (0.60, Action.LESS_V2),
    (0.68, Action.LESS_V3),
    (0.85, Action.CLOSE_V3),
    (0.92, Action.CLOSE_V2),
)
"""The owner's actions by fraction of the scene, but for stakes, which follow a block later; what is left after the last
is for unwinding."""


def actions_by_block(blocks: int) -> Mapping[int, tuple[Action, ...]]:
    """Return the actions of each block of a scene (the first block is 1)."""
    found: dict[int, tuple[Action, ...]] = {}
    for fraction, action in SCRIPT:
        index = max(1, min(round(fraction * blocks), blocks - _UNWINDING))
        found[index] = (*found.get(index, ()), action)
    return found


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """A scene; the same settings give the same blocks, hash for hash, on a node with the same genesis.

    Args:
        seed: of the prices and of the noise trades.
        blocks: length of the script; `step` begins it anew after that.
        market: where prices go, and what is traded.
        block_time: market time between blocks; the market's own where left out.
        start: time of block 0 of the scene, which ends `setup`; later than the node's genesis by some minutes.
    """

    seed: int = 7
    blocks: int = 288
    market: Market = TREND
    block_time: timedelta | None = None
    start: datetime = GENESIS + timedelta(hours=1)

    def __post_init__(self) -> None:
        if self.blocks < MIN_BLOCKS:
            raise ConfigError(f"{self.blocks} blocks are too few for the script: at least {MIN_BLOCKS}", key="blocks")

    def path(self) -> Iterator[MarketPoint]:
        """Return the true market, block by block from block 0, for ever."""
        rng = random.Random(f"{self.seed}:path")  # noqa: S311 - a scene that can be repeated, no secret
        course = market_path(self.market, rng, self.blocks, self.start, self.step)
        return self._resting(course) if self.market.rests else course

    def _resting(self, course: Iterator[MarketPoint]) -> Iterator[MarketPoint]:
        """Hold prices while the owner acts and the hedge follows."""
        acting = actions_by_block(self.blocks).keys()
        before = next(course)
        yield before
        for index, point in enumerate(course, 1):
            rests = any((index - after - 1) % self.blocks + 1 in acting for after in range(RESTS))
            before = replace(before, time=point.time) if rests else point
            yield before

    @property
    def step(self) -> timedelta:
        """Market time between two blocks."""
        return self.block_time or self.market.block_time

    def noise(self) -> random.Random:
        """Return the source of the noise trades."""
        return random.Random(f"{self.seed}:noise")  # noqa: S311 - the same

    def points(self, count: int) -> tuple[MarketPoint, ...]:
        """Return the true market at blocks 0 to ``count``."""
        return tuple(islice(self.path(), count + 1))
