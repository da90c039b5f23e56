"""The scenarios: rallies, crashes, gaps, manipulation, outages, forced closings, funding, a depeg, thin collateral."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from tests.scenarios.script import Scenario, Tick
from tests.scenarios.stage import PRICE

D = Decimal
_DAY: Final = 1440
_WARM: Final = 30
"""Ticks before anything happens, in which the hedge is put in place."""


def path(*legs: tuple[int, str], seed: int = 1, noise: float = 0.0004) -> Iterator[Decimal]:
    """Return a price a tick: legs of so many ticks that move by a fraction of the price, evenly but for some noise."""
    rng = random.Random(seed)
    price = float(PRICE)
    for ticks, move in legs:
        drift = math.log1p(float(move)) / ticks
        for _ in range(ticks):
            price *= math.exp(drift + noise * rng.gauss(0, 1))
            yield D(f"{price:.2f}")


def calm(ticks: int) -> tuple[int, str]:
    return ticks, "0"


def plain(prices: Iterator[Decimal]) -> tuple[Tick, ...]:
    return tuple(Tick(price) for price in prices)


def gap(before: int, jump: str, after: int) -> tuple[Tick, ...]:
    """Return a price that jumps between two ticks."""
    factor = 1 + D(jump)
    prices = list(path(calm(before + after)))
    return tuple(
        Tick(price if number < before else (price * factor).quantize(D("0.01"))) for number, price in enumerate(prices)
    )


def manipulated(blocks: int) -> tuple[Tick, ...]:
    """Return a pool that stands at six times the mark for some blocks."""
    prices = list(path(calm(120)))
    return tuple(
        Tick(price, pool=price * 6 if 60 <= number < 60 + blocks else None) for number, price in enumerate(prices)
    )


def funded(rate: str, days: int) -> tuple[Tick, ...]:
    return tuple(Tick(price, rate=D(rate)) for price in path(calm(days * _DAY)))


def depegged(par: str) -> tuple[Tick, ...]:
    prices: Sequence[Decimal] = list(path(calm(180)))
    return tuple(Tick(price, par=D(par) if 60 <= number < 120 else D(1)) for number, price in enumerate(prices))


SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario("+60% in a day", plain(path(calm(_WARM), (_DAY, "0.6"), calm(60)))),
        Scenario("-60% in a day", plain(path(calm(_WARM), (_DAY, "-0.6"), calm(60)))),
        Scenario("+60% in a day, thin collateral", plain(path(calm(_WARM), (_DAY, "0.6"), calm(60))), deposit=D(3_500)),
        Scenario("a gap of +39% through the stop", gap(60, "0.39", 60), deposit=D(4_000)),
        Scenario("a gap of +45% beyond liquidation", gap(60, "0.45", 60), deposit=D(4_000)),
        Scenario("the pool at 600% of the mark for one block", manipulated(1)),
        Scenario("the pool at 600% of the mark for ten blocks", manipulated(10)),
        Scenario(
            "the venue away for 6 h while the price moves by 20%",
            plain(path(calm(_WARM), (360, "-0.2"), calm(120))),
            outage=(_WARM + 1, _WARM + 361),
        ),
        Scenario("half of the short auto-deleveraged", plain(path(calm(120))), deleveraged=60),
        Scenario("funding at the cap for 3 days", funded("-0.03", 3)),
        Scenario("the dollar token at 0.90", depegged("0.90")),
        Scenario("collateral almost used up", plain(path(calm(_WARM), (_DAY, "0.1"), calm(30))), deposit=D(1_500)),
    )
}
