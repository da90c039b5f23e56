"""Loss versus rebalancing: Milionis, Moallemi, Roughgarden, Zhang, arXiv 2208.06046.

A constant product loses sigma^2/8 of its value (3.125 basis points a day at 5% a day); a range L sigma^2 sqrt(P)/4
while the price is in it, nothing outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tests.evidence.paths import DAILY, LIQUIDITY, MINUTES, UNIT, Floats, full, gbm, in_range, ticks_around
from tests.evidence.tables import Table

TOLERANCE: Final = 0.03
"""Relative; a month of minutes tells the variance itself to 0.7%."""
_L: Final = LIQUIDITY / UNIT


def measured(amounts: Callable[[float], tuple[float, float]], prices: Floats) -> tuple[float, float]:
    """Return the loss along a path against holding the same amounts at each price, and the mean value."""
    held = np.array([amounts(price) for price in prices.tolist()])
    value = held[:, 0] * prices + held[:, 1]
    return float((held[:-1, 0] * np.diff(prices) - np.diff(value)).sum()), float(value.mean())


def table(quick: bool) -> Table:  # noqa: FBT001 - as the command has it
    """Compare the losses of positions, by the contracts' integers, with the closed forms."""
    days = 7 if quick else 60
    prices = gbm(1, days * MINUTES, DAILY / MINUTES**0.5)
    rate = _L * DAILY**2 * np.sqrt(prices[:-1]) / 4 / MINUTES
    rows, holds = [], True
    for name, ratio in (("constant product (V2)", None), ("range of ±10%", 1.1), ("range of ±50%", 1.5)):
        if ratio is None:
            loss, value = measured(full, prices)
            expected = float(rate.sum())
        else:
            ticks = ticks_around(2000.0, ratio)
            loss, value = measured(lambda price, ticks=ticks: in_range(price, ticks), prices)  # type: ignore[misc]
            inside = (prices[:-1] >= 1.0001 ** ticks[0]) & (prices[:-1] < 1.0001 ** ticks[1])
            expected = float((rate * inside).sum())
        holds = holds and abs(loss / expected - 1) <= TOLERANCE
        paper = "3.125" if ratio is None else f"{expected / value / days * 1e4:.3f}"
        rows.append((name, paper, f"{loss / value / days * 1e4:.3f}", f"{loss / expected - 1:+.2%}"))
    heads = ("position", "paper, basis points a day", "measured", "measured against the closed form along the path")
    note = f"Volatility 5% a day, {days} days of minutes. Tolerance: {TOLERANCE:.0%} of the closed form."
    return Table("Loss versus rebalancing (arXiv 2208.06046)", heads, rows, holds, note)
