"""Seeded price paths of ETH and BTC: a drawn course, with market noise around it. Pure."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.core.types import Underlying

ETH: Final = Underlying("ETH")
BTC: Final = Underlying("BTC")
_YEAR_SECONDS: Final = 365 * 86400
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class MarketPoint:
    """The true market at one block; prices in USD, to the cent."""

    time: datetime
    eth: Decimal
    btc: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """Where a price goes: its start in USD, yearly volatility, and (fraction of the scene, log of price over start).

    Between the knots the log price is straight; two knots at one fraction are a jump.
    """

    start: float
    volatility: float
    knots: tuple[tuple[float, float], ...]

    def level(self, fraction: float) -> float:
        """Return the log of the course over its start, at a fraction of the scene in [0, 1)."""
        index = bisect_right(self.knots, fraction, key=lambda knot: knot[0])
        if index == len(self.knots):
            return self.knots[-1][1]
        (f0, y0), (f1, y1) = self.knots[index - 1], self.knots[index]
        return y0 + (y1 - y0) * (fraction - f0) / (f1 - f0)


ETH_COURSE: Final = Course(
    3000.0,
    0.7,
    ((0.0, 0.0), (0.2, 0.03), (0.2, 0.075), (0.42, 0.25), (0.55, 0.26), (0.72, 0.06), (0.85, 0.02), (1.0, 0.0)),
)
"""Up with a jump of 4.5%, out of a range of ±17% from about 33% to 63% of the scene, and back where it began."""
BTC_COURSE: Final = Course(
    60000.0, 0.55, ((0.0, 0.0), (0.2, 0.015), (0.2, 0.045), (0.42, 0.1), (0.55, 0.12), (0.72, 0.03), (1.0, 0.0))
)
CORRELATION: Final = 0.8
PULL: Final = 0.05
"""Fraction of the noise that each block takes back: the noise keeps its volatility but stays near the course."""


def market_path(rng: random.Random, blocks: int, start: datetime, step: timedelta) -> Iterator[MarketPoint]:
    """Yield the market at ``start`` and after each ``step``, for ever; the course repeats every ``blocks`` blocks.

    The log price is the course plus an Ornstein-Uhlenbeck process, whose increments are those of a geometric Brownian
    motion of the course's volatility; the two assets' increments are correlated by `CORRELATION`.
    """
    root = math.sqrt(step.total_seconds() / _YEAR_SECONDS)
    noise_eth = noise_btc = 0.0
    index = 0
    while True:
        fraction = index % blocks / blocks
        yield MarketPoint(
            start + index * step,
            _price(ETH_COURSE, fraction, noise_eth),
            _price(BTC_COURSE, fraction, noise_btc),
        )
        z1, z2 = rng.gauss(0, 1), rng.gauss(0, 1)
        z2 = CORRELATION * z1 + math.sqrt(1 - CORRELATION**2) * z2
        noise_eth += -PULL * noise_eth + ETH_COURSE.volatility * root * z1
        noise_btc += -PULL * noise_btc + BTC_COURSE.volatility * root * z2
        index += 1


def write_marks(file: Path, points: Iterable[MarketPoint]) -> None:
    """Write the market as ``time,underlying,price`` (ISO-8601 UTC, USD), a row per underlying and block."""
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write("time,underlying,price\n")
        for point in points:
            out.writelines(f"{point.time.isoformat()},{name},{price}\n" for name, price in _rows(point))


def _rows(point: MarketPoint) -> tuple[tuple[Underlying, Decimal], ...]:
    return (ETH, point.eth), (BTC, point.btc)


def _price(course: Course, fraction: float, noise: float) -> Decimal:
    return Decimal(course.start * math.exp(course.level(fraction) + noise)).quantize(_CENT)
