"""Prices and positions of the evidence: geometric Brownian paths, and the contracts' own integers at a price."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio

Floats = np.typing.NDArray[np.float64]
UNIT: Final = 10**18
LIQUIDITY: Final = 10**6 * UNIT
MINUTES: Final = 1440
DAILY: Final = 0.05
"""The volatility of a day in the papers' example."""


def gbm(seed: int, steps: int, step: float, price: float = 2000.0) -> Floats:
    """Return a driftless path of ``steps`` steps of that deviation, its start included."""
    shocks = np.random.default_rng(seed).standard_normal(steps) * step - step**2 / 2
    return price * np.exp(np.concatenate(([0.0], np.cumsum(shocks))))


def root_x96(price: float) -> int:
    """Return the contract's square root of a price."""
    return int(math.sqrt(price) * 2**96)


def in_range(price: float, ticks: tuple[int, int]) -> tuple[float, float]:
    """Return what a V3 position of ``LIQUIDITY`` between two ticks pays out at a price, in whole tokens."""
    root = root_x96(price)
    position = ConcentratedPosition(LIQUIDITY, *ticks, root, tick_at_sqrt_ratio(root), *[0] * 10)  # type: ignore[arg-type]
    found = position.amounts()
    return found.principal0 / UNIT, found.principal1 / UNIT


def full(price: float) -> tuple[float, float]:
    """Return what the LP tokens of a whole V2 pair pay out at a price, in whole tokens."""
    root = math.sqrt(price)
    reserves = int(LIQUIDITY / root), int(LIQUIDITY * root)
    found = ConstantProductPosition(LIQUIDITY, LIQUIDITY, *reserves, *reserves, 0, fee_on=False).amounts()
    return found.principal0 / UNIT, found.principal1 / UNIT


def ticks_around(price: float, ratio: float) -> tuple[int, int]:
    """Return the ticks nearest to price/ratio and price x ratio."""
    low, high = (tick_at_sqrt_ratio(root_x96(one)) for one in (price / ratio, price * ratio))
    return low, high


def root_of(tick: int) -> float:
    """Return the square root of a tick's price."""
    return sqrt_ratio_at_tick(tick) / 2**96
