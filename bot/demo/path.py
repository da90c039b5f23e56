"""Seeded price paths of ETH and BTC: a drawn course, with market noise around it. Pure."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Final

from bot.core.types import Underlying

_ETH: Final = Underlying("ETH")
_BTC: Final = Underlying("BTC")
_YEAR_SECONDS: Final = 365 * 86400
_LONG: Final = 100
"""Blocks from which on a scene has its market's whole moves."""
_CENT: Final = Decimal("0.01")
CORRELATION: Final = 0.8
_PULL: Final = 0.05
"""Fraction of the noise that each block takes back: the noise keeps its volatility but stays near the course."""


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

    def times(self, factor: float) -> Course:
        """Return the same course with its moves made larger or smaller."""
        return replace(self, knots=tuple((fraction, level * factor) for fraction, level in self.knots))

    def level(self, fraction: float) -> float:
        """Return the log of the course over its start, at a fraction of the scene in [0, 1)."""
        index = bisect_right(self.knots, fraction, key=lambda knot: knot[0])
        if index == len(self.knots):
            return self.knots[-1][1]
        (f0, y0), (f1, y1) = self.knots[index - 1], self.knots[index]
        return y0 + (y1 - y0) * (fraction - f0) / (f1 - f0)


@dataclass(frozen=True, slots=True)
class Market:
    """Where both prices go, how far blocks lie apart, and how much is traded besides arbitrage.

    ``noise_usd`` is the size of a typical noise trade; None: so that the pools' fees are about what arbitrage takes.
    ``rests``: prices stand still while the owner acts and the hedge follows, which takes seconds where blocks do.
    """

    eth: Course
    btc: Course
    block_time: timedelta
    noise_usd: float | None = None
    rests: bool = False

    def within(self, blocks: int) -> Market:
        """Return the market for a scene of so many blocks: short ones move less, and have no room for rests."""
        if self.noise_usd is not None or blocks >= _LONG:
            return self
        share = blocks / _LONG
        return replace(self, eth=self.eth.times(share), btc=self.btc.times(share), rests=False)

    def variances(self, blocks: int, step: timedelta) -> tuple[float, float]:
        """Return the mean variance of the log of ETH/BTC and of ETH over a block, the course's own moves included."""
        eth, btc = self.eth.volatility, self.btc.volatility
        drawn = eth**2 + btc**2 - 2 * CORRELATION * eth * btc, eth**2
        levels = [(self.eth.level(index / blocks), self.btc.level(index / blocks)) for index in range(blocks)]
        moves = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(levels)]
        years, squares = step.total_seconds() / _YEAR_SECONDS, [((e - b) ** 2, e**2) for e, b in moves]
        return drawn[0] * years + fmean(s[0] for s in squares), drawn[1] * years + fmean(s[1] for s in squares)


SWINGS: Final = Market(
    Course(
        3000.0,
        0.7,
        (
            (0.0, 0.0),
            (0.06, 0.0),
            (0.3, 0.2),
            (0.38, 0.2),
            (0.38, 0.15),
            (0.58, -0.27),
            (0.64, -0.27),
            (0.84, 0.0),
            (1.0, 0.0),
        ),
    ),
    Course(
        60000.0,
        0.55,
        (
            (0.0, 0.0),
            (0.06, 0.0),
            (0.3, 0.12),
            (0.38, 0.12),
            (0.38, 0.09),
            (0.58, -0.13),
            (0.64, -0.13),
            (0.84, 0.0),
            (1.0, 0.0),
        ),
    ),
    timedelta(hours=4),
    rests=True,
)
"""A rally out of a range of ±17%, a crash that begins with a jump and ends below the range, and the way back."""
TREND: Final = Market(
    Course(
        3000.0,
        0.7,
        ((0.0, 0.0), (0.2, 0.03), (0.2, 0.075), (0.42, 0.25), (0.55, 0.26), (0.72, 0.06), (0.85, 0.02), (1.0, 0.0)),
    ),
    Course(
        60000.0, 0.55, ((0.0, 0.0), (0.2, 0.015), (0.2, 0.045), (0.42, 0.1), (0.55, 0.12), (0.72, 0.03), (1.0, 0.0))
    ),
    timedelta(minutes=10),
    25_000.0,
)
"""Up with a jump of 4.5%, out of a range of ±17% from about 33% to 63% of the scene, and back where it began."""
MARKETS: Final = {"swings": SWINGS, "trend": TREND}


def market_path(
    market: Market, rng: random.Random, blocks: int, start: datetime, step: timedelta
) -> Iterator[MarketPoint]:
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
            _price(market.eth, fraction, noise_eth),
            _price(market.btc, fraction, noise_btc),
        )
        z1, z2 = rng.gauss(0, 1), rng.gauss(0, 1)
        z2 = CORRELATION * z1 + math.sqrt(1 - CORRELATION**2) * z2
        noise_eth += -_PULL * noise_eth + market.eth.volatility * root * z1
        noise_btc += -_PULL * noise_btc + market.btc.volatility * root * z2
        index += 1


def write_marks(file: Path, points: Iterable[MarketPoint]) -> None:
    """Write the market as ``time,underlying,price`` (ISO-8601 UTC, USD), a row per underlying and block."""
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write("time,underlying,price\n")
        for point in points:
            out.writelines(f"{point.time.isoformat()},{name},{price}\n" for name, price in _rows(point))


def _rows(point: MarketPoint) -> tuple[tuple[Underlying, Decimal], ...]:
    return (_ETH, point.eth), (_BTC, point.btc)


def _price(course: Course, fraction: float, noise: float) -> Decimal:
    return Decimal(course.start * math.exp(course.level(fraction) + noise)).quantize(_CENT)
