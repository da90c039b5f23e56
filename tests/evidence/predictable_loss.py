"""Predictable loss of a range that follows the price: Cartea, Drissi, Monga, arXiv 2309.08431 (2023).

A position from Z (1 - d/4)^2 to Z/(1 - d/4)^2, put around the price Z again and again, loses sigma^2/(2 d) of its value
a year whatever the price does, d its spread.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tests.evidence.paths import DAILY, MINUTES, in_range, ticks_around
from tests.evidence.tables import Table

SPREADS: Final = (0.02, 0.05, 0.1, 0.2)
TOLERANCE: Final = 0.03
"""Relative."""
_PRICE: Final = 2000.0


def measured(spread: float, draws: int) -> float:
    """Return the mean loss of a minute from the centre, a day, as a share of the position's value."""
    ticks = ticks_around(_PRICE, (1 - spread / 4) ** -2)
    shocks = np.random.default_rng(5).standard_normal(draws // 2)
    step = DAILY / MINUTES**0.5
    volatile, stable = in_range(_PRICE, ticks)
    value, lost = volatile * _PRICE + stable, 0.0
    for shock in np.concatenate((shocks, -shocks)).tolist():
        price = _PRICE * float(np.exp(step * shock - step**2 / 2))
        x, y = in_range(price, ticks)
        lost += volatile * (price - _PRICE) - (x * price + y - value)
    return lost / draws / value * MINUTES


def table(quick: bool) -> Table:  # noqa: FBT001 - as the command has it
    """Compare the loss of a position, by the contracts' integers, with the closed form."""
    rows, holds = [], True
    for spread in SPREADS:
        expected, found = DAILY**2 / (2 * spread), measured(spread, 20_000 if quick else 50_000)
        holds = holds and abs(found / expected - 1) <= TOLERANCE
        rows.append((f"{spread:.0%}", f"{expected:.4%}", f"{found:.4%}", f"{found / expected - 1:+.2%}"))
    note = f"Volatility 5% a day, put around the price each minute. Tolerance: {TOLERANCE:.0%}."
    heads = ("spread", "paper, of the value a day", "measured", "off")
    return Table("Predictable loss of a range that follows the price (arXiv 2309.08431)", heads, rows, holds, note)
