"""Between two rows, while an order rests: prices follow a seeded Brownian bridge, decided on every two seconds.

A row is a minute or more; what rests lives for seconds, follows the touch and is given up at its deadline. A Brownian
bridge ends where the next row begins, so that it makes up no trend; its volatility is the one that decide() estimated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from bot.backtest.columns import YEAR, moment
from bot.backtest.market import MarketDay
from bot.core.snapshot import Snapshot
from bot.core.types import Underlying
from bot.paper.engine.money import usd

PACE: Final = timedelta(seconds=2)
"""How far apart two looks are: a block of most chains that pools live on."""

Moment = tuple[datetime, Mapping[Underlying, Decimal]]


def moments(day: MarketDay, row: int, volatility: Mapping[Underlying, float]) -> Iterator[Moment]:
    """Return the times between a row and the next one with their marks; the same row gives the same way.

    Args:
        day: the day; after its last row prices go nowhere in the end, for a minute.
        row: where the way begins.
        volatility: the yearly volatility of each mark.
    """
    begin = day.times[row]
    is_last = row + 1 == len(day)
    span = 60 if is_last else day.times[row + 1] - begin
    pace = PACE.total_seconds()
    ways = {
        name: _bridge(
            (float(marks[row]), float(marks[row if is_last else row + 1])),
            np.random.default_rng([begin, number]).standard_normal(max(math.ceil(span / pace) - 1, 0)),
            volatility[name] * math.sqrt(pace / YEAR),
            span / pace,
        )
        for number, (name, marks) in enumerate(sorted(day.marks.items()))
    }
    for number, prices in enumerate(zip(*ways.values(), strict=True), start=1):
        yield (
            moment(begin) + number * PACE,
            {name: usd(Decimal(price)) for name, price in zip(ways, prices, strict=True)},
        )


def _bridge(ends: tuple[float, float], shocks: np.typing.NDArray[np.float64], step: float, steps: float) -> list[float]:
    """Return the prices on the way: one for each shock; ``step`` is the deviation of a step's log return."""
    at, end = math.log(ends[0]), math.log(ends[1])
    found = []
    left = steps
    for shock in shocks.tolist():
        at += (end - at) / left + step * math.sqrt((left - 1) / left) * shock
        left -= 1
        found.append(math.exp(at))
    return found


def at_moment(snapshot: Snapshot, now: datetime) -> Snapshot:
    """Return a row's snapshot as it looks later, when nothing but prices and the accounts has moved."""
    chains = tuple(replace(view, block=replace(view.block, timestamp=now)) for view in snapshot.chains)
    return replace(snapshot, observed_at=now, chains=chains)
