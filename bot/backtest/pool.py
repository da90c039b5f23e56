"""Positions in a replayed pool: liquidity fixed, fees growing with the swaps, as the pool's contract books them.

A swap's fee is ``amount in x fee``, or what a row says that swaps left with the liquidity providers. What is in range
shares it: feeGrowth += fee x 2^128 / liquidity. A row gives the sums of its minute, so its fee goes to a range by the
share of the row's ticks that lie in it, at the liquidity that the row ends with, the backtest's own positions added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import accumulate
from typing import Final

import numpy as np

from bot.backtest.columns import Floats, Ints, Tape, part
from bot.backtest.scenario import PoolSpec, PositionSpec, TokenSpec
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.decimal_context import PRECISE, from_x96
from bot.core.amm.tick_math import MAX_TICK, nearest_usable_tick, sqrt_ratio_at_tick
from bot.core.errors import ConfigError
from bot.core.snapshot import Token
from bot.core.types import USD, Address, PoolId, PositionId, Underlying

_PIPS: Final = 10**6
_LOG_TICK: Final = math.log(1.0001)
_CENTS: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Own:
    """A position of the backtest: its range and liquidity."""

    id: PositionId
    lower: int
    upper: int
    liquidity: int


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What does not change about a pool. ``is_inverted``: token1 is the volatile one, so its price falls with ticks."""

    name: str
    protocol: str
    pool: PoolId
    fee: int
    token0: Token
    token1: Token
    underlying: Underlying
    is_inverted: bool

    @property
    def _scale(self) -> int:
        """Powers of ten between raw and whole prices of the volatile token."""
        difference = self.token1.decimals - self.token0.decimals
        return difference if self.is_inverted else -difference

    def price(self, tick: int) -> Decimal:
        """Return the volatile token's USD price at a tick, to 1e-8 USD."""
        return _price(tick, self.is_inverted, self._scale)

    def prices(self, ticks: Ints) -> Floats:
        """Return USD prices at many ticks."""
        sign = -1.0 if self.is_inverted else 1.0
        found: Floats = np.exp(sign * _LOG_TICK * ticks) * 10.0**self._scale
        return found


@lru_cache(maxsize=1 << 16)
def _price(tick: int, is_inverted: bool, scale: int) -> Decimal:  # noqa: FBT001 - a cache key, private
    with localcontext(PRECISE):
        raw = from_x96(sqrt_ratio_at_tick(tick)) ** 2
        return (1 / raw if is_inverted else raw).scaleb(scale).quantize(_CENTS)


def facts_of(spec: PoolSpec, number: int) -> PoolFacts:
    """Return a pool's facts; the addresses are made up from its number."""
    tokens = tuple(_token(token, 2 * number + place) for place, token in enumerate((spec.token0, spec.token1)))
    is_inverted = spec.token0.underlying == USD
    return PoolFacts(
        name=spec.name,
        protocol=spec.protocol,
        pool=PoolId(f"0x{number + 1:040x}"),
        fee=spec.fee,
        token0=tokens[0],
        token1=tokens[1],
        underlying=spec.token1.underlying if is_inverted else spec.token0.underlying,
        is_inverted=is_inverted,
    )


def _token(spec: TokenSpec, number: int) -> Token:
    return Token(Address(f"0x{0xA0000 + number:040x}"), spec.symbol, spec.decimals, spec.underlying, Decimal(1))


def open_position(facts: PoolFacts, spec: PositionSpec, spacing: int, tick: int, number: int) -> Own:
    """Return the liquidity that a value buys at a tick, its range centred there.

    Raises:
        ConfigError: the range is narrower than a tick spacing, or the value buys nothing.
    """
    lower, upper = _range(spec, spacing, tick)
    if not lower <= tick < upper:
        raise ConfigError(f"a range of {spec.width} around the price is narrower than the pool's tick spacing")
    unit = ConcentratedPosition(10**30, lower, upper, sqrt_ratio_at_tick(tick), tick, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    amounts = unit.amounts()
    price = facts.price(tick)
    volatile, stable = (amounts.principal1, amounts.principal0)[:: 1 if facts.is_inverted else -1]
    tokens = (facts.token1, facts.token0)[:: 1 if facts.is_inverted else -1]
    worth = tokens[0].to_units(volatile) * price + tokens[1].to_units(stable)
    liquidity = int(spec.value / worth * 10**30)
    if liquidity <= 0:
        raise ConfigError(f"{spec.value} USD buys no liquidity in {facts.name}")
    name = spec.name or f"{facts.name}-{number}"
    return Own(PositionId(f"backtest:{facts.protocol}:{name}"), lower, upper, liquidity)


def _range(spec: PositionSpec, spacing: int, tick: int) -> tuple[int, int]:
    if spec.width is None:
        return nearest_usable_tick(-MAX_TICK, spacing), nearest_usable_tick(MAX_TICK, spacing)
    reach = round(math.log1p(float(spec.width)) / _LOG_TICK)
    return nearest_usable_tick(tick - reach, spacing), nearest_usable_tick(tick + reach, spacing)


@dataclass(frozen=True, slots=True)
class PoolDay:
    """A pool's day with the positions' fee growth; index 0 is what stood before the first row, k is row k - 1.

    ``inside0[p][k]`` is position p's fee growth inside its range, X128, token0, since the start.
    """

    facts: PoolFacts
    own: Sequence[Own]
    times: Ints
    ticks: Ints
    inside0: Sequence[list[int]]
    inside1: Sequence[list[int]]

    def curve(self, place: int, index: int) -> ConcentratedPosition:
        """Return a position at an index, its growth written down on the side of its range where the price is."""
        own, tick = self.own[place], int(self.ticks[index])
        grown0, grown1 = self.inside0[place][index], self.inside1[place][index]
        is_below, is_above = tick < own.lower, tick >= own.upper
        return ConcentratedPosition(
            liquidity=own.liquidity,
            tick_lower=own.lower,
            tick_upper=own.upper,
            sqrt_price_x96=sqrt_ratio_at_tick(tick),
            tick=tick,
            fee_growth_global0_x128=grown0,
            fee_growth_global1_x128=grown1,
            fee_growth_outside_lower0_x128=grown0 if is_below else 0,
            fee_growth_outside_lower1_x128=grown1 if is_below else 0,
            fee_growth_outside_upper0_x128=grown0 if is_above else 0,
            fee_growth_outside_upper1_x128=grown1 if is_above else 0,
            fee_growth_inside_last0_x128=0,
            fee_growth_inside_last1_x128=0,
            tokens_owed0=0,
            tokens_owed1=0,
        )

    def amounts(self, place: int) -> tuple[Floats, Floats]:
        """Return (volatile, stable) amounts of a position at every index, whole units, fees included."""
        own, facts = self.own[place], self.facts
        root, low, high = (np.exp(_LOG_TICK / 2 * at) for at in (self.ticks, own.lower, own.upper))
        held = np.clip(root, low, high)
        grown0, grown1 = (np.array(grown[place], dtype=np.float64) / 2.0**128 for grown in (self.inside0, self.inside1))
        raw0 = own.liquidity * (1 / held - 1 / high + grown0)
        raw1 = own.liquidity * (held - low + grown1)
        whole0, whole1 = raw0 / 10.0**facts.token0.decimals, raw1 / 10.0**facts.token1.decimals
        return (whole1, whole0) if facts.is_inverted else (whole0, whole1)

    def slopes(self, place: int) -> Floats:
        """Return how much of the volatile token goes out per move of its log price, whole units, at every index."""
        root, facts = np.exp(_LOG_TICK / 2 * self.ticks), self.facts
        raw = root if facts.is_inverted else 1 / root
        token = facts.token1 if facts.is_inverted else facts.token0
        found: Floats = self.own[place].liquidity * raw / 2 / 10.0**token.decimals * self.in_range(place)
        return found

    def half_span(self, place: int) -> float:
        """Return half of what the volatile token's amount changes by over a position's whole range, whole units."""
        own, facts = self.own[place], self.facts
        low, high = (math.exp(_LOG_TICK / 2 * tick) for tick in (own.lower, own.upper))
        token = facts.token1 if facts.is_inverted else facts.token0
        return own.liquidity * (high - low if facts.is_inverted else 1 / low - 1 / high) / 2 / 10.0**token.decimals

    def reach(self, place: int) -> Floats:
        """Return how far ln(price) has to move until it is through a position's range, at every index."""
        low, high = (np.abs(tick - self.ticks) for tick in (self.own[place].lower, self.own[place].upper))
        found: Floats = _LOG_TICK * np.maximum(low, high)
        return found

    def in_range(self, place: int) -> np.typing.NDArray[np.bool_]:
        """Tell for every index whether the position trades."""
        own = self.own[place]
        return (self.ticks >= own.lower) & (self.ticks < own.upper)


class PoolTrack:
    """Carries a pool from day to day."""

    def __init__(self, facts: PoolFacts, own: Sequence[Own], tick: int, at: int) -> None:
        self.facts = facts
        self.own = tuple(own)
        self._tick, self._at = tick, at
        self._grown = [(0, 0) for _ in own]

    def day(self, tape: Tape) -> PoolDay:
        """Take a day's rows; return the pool along them. Rows that are no news any more change nothing."""
        tape = part(tape, int(np.searchsorted(tape.times, self._at, "right")), len(tape))
        shares = [_shares(tape, own) for own in self.own]
        liquidity = _with_own(tape, self.own, shares)
        inside0, inside1 = [], []
        for (grown0, grown1), share in zip(self._grown, shares, strict=True):
            paid0, paid1 = _paid(tape.in0, tape.fee0, self.facts.fee), _paid(tape.in1, tape.fee1, self.facts.fee)
            inside0.append(_grow(grown0, paid0, liquidity, share))
            inside1.append(_grow(grown1, paid1, liquidity, share))
        day = PoolDay(
            self.facts,
            self.own,
            np.concatenate(([self._at], tape.times)),
            np.concatenate(([self._tick], tape.close)),
            inside0,
            inside1,
        )
        self._grown = [(one[-1], two[-1]) for one, two in zip(inside0, inside1, strict=True)]
        self._tick, self._at = int(day.ticks[-1]), int(day.times[-1])
        return day


Shares = list[tuple[int, int]] | None
"""By row: ticks of the row inside a range, and ticks of the row; None where every row is inside as a whole."""


def _shares(tape: Tape, own: Own) -> Shares:
    if not len(tape) or (int(tape.low.min()) >= own.lower and int(tape.high.max()) < own.upper):
        return None
    inside = np.maximum(np.minimum(tape.high, own.upper - 1) - np.maximum(tape.low, own.lower) + 1, 0)
    return list(zip(inside.tolist(), (tape.high - tape.low + 1).tolist(), strict=True))


def _with_own(tape: Tape, own: Sequence[Own], shares: Sequence[Shares]) -> list[int]:
    """Return the in-range liquidity by row, the positions whose range the row touches added."""
    always = sum(one.liquidity for one, share in zip(own, shares, strict=True) if share is None)
    total = [liquidity + always for liquidity in tape.liquidity]
    for one, share in zip(own, shares, strict=True):
        if share is not None:
            total = [sum_ + one.liquidity if inside else sum_ for sum_, (inside, _) in zip(total, share, strict=True)]
    return total


Paid = tuple[list[int], int]
"""What the liquidity was paid in each row, and what to divide it by."""


def _paid(amounts: list[int], fees: list[int] | None, fee: int) -> Paid:
    return ([amount * fee for amount in amounts], _PIPS) if fees is None else (fees, 1)


def _grow(start: int, paid: Paid, liquidity: list[int], shares: Shares) -> list[int]:
    amounts, unit = paid
    if shares is None:
        steps = [
            (amount // unit << 128) // total if amount else 0 for amount, total in zip(amounts, liquidity, strict=True)
        ]
    else:
        steps = [
            (amount * inside // (unit * ticks) << 128) // total if amount and inside else 0
            for amount, total, (inside, ticks) in zip(amounts, liquidity, shares, strict=True)
        ]
    return list(accumulate(steps, initial=start))
