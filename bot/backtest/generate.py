"""A seeded market: a price, a pool that arbitrage keeps within its fee of it, a perpetual with basis and funding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from bot.backtest.columns import DAY, YEAR, Floats, Tape
from bot.backtest.perp_data import PerpSeries, in_quanta
from bot.backtest.pool import PoolFacts
from bot.backtest.scenario import MarketModel, ModelKind
from bot.core.analysis.first_passage import paying_noise

_MINUTE: Final = 60
_ROWS: Final = DAY // _MINUTE
_LOG_TICK: Final = math.log(1.0001)
_FUNDING: Final = 8 * 3600
_BASIS_KEPT: Final = 0.95
"""What a minute leaves of the basis: it halves in a quarter of an hour."""
_FUNDING_KEPT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated pool and its perpetual; the same settings give the same bytes."""

    model: MarketModel
    facts: PoolFacts

    def days(self) -> Iterator[Tape]:
        """Return the pool's days."""
        pool = _Pool(self.model, self.facts)
        for number, prices in enumerate(_prices(self.model)):
            yield pool.day(number, prices)

    def perp(self) -> PerpSeries:
        """Return the perpetual's closes, a minute each, and its funding."""
        model = self.model
        rng = np.random.default_rng([int(model.seed), 2])
        price = np.concatenate(list(_prices(model)))
        shocks = rng.standard_normal(len(price)) * float(model.basis_deviation) * math.sqrt(1 - _BASIS_KEPT**2)
        marks = price * (1 + float(model.basis) + _remembering(shocks, _BASIS_KEPT))
        start = int(model.start.timestamp())
        times = start + _MINUTE * np.arange(1, len(price) + 1, dtype=np.int64)
        cents = (in_quanta(Decimal(f"{mark:.2f}")) for mark in marks.tolist())
        closes = np.fromiter(cents, np.int64, len(marks))
        settlements = np.arange(start, int(times[-1]) + 1, _FUNDING, dtype=np.int64)
        noise = rng.standard_normal(len(settlements)) * float(model.funding_deviation) * math.sqrt(1 - _FUNDING_KEPT**2)
        rates = float(model.funding_rate) + _remembering(noise, _FUNDING_KEPT)
        return PerpSeries(times, closes, settlements, [Decimal(f"{rate:.8f}") for rate in rates.tolist()], _MINUTE)


def _remembering(shocks: Floats, kept: float) -> Floats:
    """Return the autoregressive process of the shocks."""
    found = np.empty_like(shocks)
    level = 0.0
    for place, shock in enumerate(shocks.tolist()):
        level = kept * level + shock
        found[place] = level
    return found


def _prices(model: MarketModel) -> Iterator[Floats]:
    """Return the true price at the end of each minute, a day at a time."""
    rng = np.random.default_rng([int(model.seed), 1])
    dt = _MINUTE / YEAR
    log_price, variance = math.log(float(model.price)), float(model.volatility) ** 2
    for _ in range(int(model.days)):
        moves, variance = _moves(model, rng, variance, dt)
        path = log_price + np.cumsum(moves)
        log_price = float(path[-1])
        yield np.exp(path)


def _moves(model: MarketModel, rng: np.random.Generator, variance: float, dt: float) -> tuple[Floats, float]:
    normal = rng.standard_normal(_ROWS)
    sigma, drift = float(model.volatility), float(model.drift)
    if model.kind is ModelKind.HESTON:
        return _heston(model, rng, normal, variance, dt)
    moves = (drift - sigma**2 / 2) * dt + sigma * math.sqrt(dt) * normal
    if model.kind is ModelKind.JUMPS:
        counts = rng.poisson(float(model.jumps_a_year) * dt, _ROWS)
        moves = moves + rng.standard_normal(_ROWS) * float(model.jump_size) * np.sqrt(counts)
    return moves, variance


def _heston(
    model: MarketModel, rng: np.random.Generator, normal: Floats, variance: float, dt: float
) -> tuple[Floats, float]:
    """Square-root variance, Euler's scheme with full truncation."""
    rho, home = float(model.correlation), float(model.volatility) ** 2
    other = rho * normal + math.sqrt(1 - rho**2) * rng.standard_normal(_ROWS)
    moves = np.empty(_ROWS)
    for place, (own, second) in enumerate(zip(normal.tolist(), other.tolist(), strict=True)):
        level = max(variance, 0.0)
        moves[place] = (float(model.drift) - level / 2) * dt + math.sqrt(level * dt) * own
        variance += float(model.reversion) * (home - level) * dt
        variance += float(model.variance_volatility) * math.sqrt(level * dt) * second
    return moves, variance


class _Pool:
    """The pool's tick follows the true price as far as the fee makes it worth while; noise traders swap besides."""

    def __init__(self, model: MarketModel, facts: PoolFacts) -> None:
        self._model, self._facts = model, facts
        self._band = -math.log1p(-facts.fee / 1e6) / _LOG_TICK
        self._rng = np.random.default_rng([int(model.seed), 3])
        self._tick = round(self._target(np.array([float(model.price)]))[0])
        self._liquidity = self._depth(self._tick)
        self._noise = noise_volume(model, facts)

    def day(self, number: int, prices: Floats) -> Tape:
        start = int(self._model.start.timestamp()) + number * DAY
        ticks = self._follow(self._target(prices))
        opens = np.concatenate(([self._tick], ticks[:-1]))
        self._tick = int(ticks[-1])
        in0, in1 = self._volumes(opens, ticks, prices)
        return Tape(
            times=start + _MINUTE * np.arange(1, len(ticks) + 1, dtype=np.int64),
            close=ticks,
            low=np.minimum(opens, ticks),
            high=np.maximum(opens, ticks),
            in0=in0,
            in1=in1,
            liquidity=[self._liquidity] * len(ticks),
        )

    def _target(self, prices: Floats) -> Floats:
        one = self._facts.prices(np.zeros(1, dtype=np.int64))[0]
        found: Floats = np.log(prices / one) / _LOG_TICK * (-1 if self._facts.is_inverted else 1)
        return found

    def _follow(self, targets: Floats) -> np.typing.NDArray[np.int64]:
        tick = self._tick
        found = np.empty(len(targets), dtype=np.int64)
        for place, target in enumerate(targets.tolist()):
            if target > tick + self._band:
                tick = math.floor(target - self._band)
            elif target < tick - self._band:
                tick = math.ceil(target + self._band)
            found[place] = tick
        return found

    def _volumes(
        self, opens: np.typing.NDArray[np.int64], ticks: np.typing.NDArray[np.int64], prices: Floats
    ) -> tuple[list[int], list[int]]:
        """Return what arbitrage and the others put in, raw units: moves of the curve, and noise that cancels out."""
        root0, root1 = np.exp(_LOG_TICK / 2 * opens), np.exp(_LOG_TICK / 2 * ticks)
        up = np.maximum(root1 - root0, 0) * self._liquidity
        down = np.maximum(1 / root1 - 1 / root0, 0) * self._liquidity
        usd = self._noise / _ROWS * self._rng.exponential(1.0, len(ticks)) / 2
        facts = self._facts
        worth0 = np.ones(len(ticks)) if facts.is_inverted else prices
        worth1 = prices if facts.is_inverted else np.ones(len(ticks))
        in0 = down + usd / worth0 * 10.0**facts.token0.decimals
        in1 = up + usd / worth1 * 10.0**facts.token1.decimals
        return [int(value) for value in in0.tolist()], [int(value) for value in in1.tolist()]

    def _depth(self, tick: int) -> int:
        """Return the full range's liquidity of the model's worth: V = 2 L sqrt(P) in units of the stable token."""
        root = math.exp(_LOG_TICK / 2 * tick)
        stable = self._facts.token0 if self._facts.is_inverted else self._facts.token1
        half = float(self._model.liquidity) / 2 * 10.0**stable.decimals
        return int(half * root if self._facts.is_inverted else half / root)


def noise_volume(model: MarketModel, facts: PoolFacts) -> float:
    """Return the swaps a day besides arbitrage, USD: what is set, or what makes all fees the wanted share of LVR."""
    if model.noise_volume is not None:
        return float(model.noise_volume)
    variance = float(model.volatility) ** 2
    if model.kind is ModelKind.JUMPS:
        variance += float(model.jumps_a_year * model.jump_size**2)
    value, share, fee = float(model.liquidity), float(model.fee_share), facts.fee / 1e6
    return paying_noise(share, value, variance, fee, _MINUTE / YEAR) * DAY / YEAR
