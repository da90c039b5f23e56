"""The bound of any band along a market: cost x tracking error = K.

With the band b = (3 c g^2/(2 P lambda))^(1/3), g = |d(amount)/d(ln P)|, a stretch of path costs c g^2 P s/(2 b) and
adds P^2 b^2 s/3 to the variance of the tracking error, s the squared log return (sigma^2 dt). Summed up, the cost goes
with lambda^(1/3) and the error with lambda^(-1/3), so that their product stands still: that is K. Fixed costs and
smallest trades make it worse; resting orders that fill cost less than c.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from bot.backtest.columns import YEAR, Floats
from bot.backtest.engine import Plan
from bot.backtest.market import MarketDay
from bot.backtest.pool import PoolDay
from bot.core.types import Underlying


def frontier(plan: Plan) -> float:
    """Return K: yearly cost x yearly tracking error, both as fractions of the LP value at the start.

    Costs are those of the taker: the first market's fee and half its spread, as decide() reckons them.
    """
    costs = {name: float(cost_of(plan, name)) for name in plan.policy.hedges}
    ratios = {name: float(hedge.ratio) for name, hedge in plan.policy.hedges.items()}
    spent = squares = 0.0
    began = ended = value = None
    last: dict[Underlying, tuple[float, float]] = {}
    for day in plan.market.days():
        began, ended = began if began is not None else day.times[0], day.times[-1]
        value = value if value is not None else _value(day)
        for name, cost in costs.items():
            price = np.array([float(mark) for mark in day.marks[name]])
            slope = ratios[name] * _slope(day, name)
            if name in last:  # the move over midnight
                price, slope = np.append(last[name][0], price), np.append(last[name][1], slope)
            last[name] = float(price[-1]), float(slope[-1])
            one, two = _stretch(price, slope, cost)
            spent, squares = spent + one, squares + two
    if began is None or ended is None or not value or ended <= began:
        return 0.0
    years = (ended - began) / YEAR
    return spent / years * math.sqrt(squares / years) / value**2


def cost_of(plan: Plan, underlying: Underlying) -> Decimal:
    """Return the taker fee and half the spread of an underlying's first market, as a fraction of the notional."""
    first = plan.policy.hedges[underlying].markets[0]
    rules = next(engine.rules for engine in plan.venues if engine.rules.venue == first.venue).symbols[first.symbol]
    return rules.market.taker_fee + rules.depth.half_spread


def _stretch(price: Floats, slope: Floats, cost: float) -> tuple[float, float]:
    """Return cost and squared error at lambda = 1 along a path; USD, USD^2."""
    moves = np.square(np.diff(np.log(price)))
    price, slope = price[:-1], slope[:-1]
    moving = (slope > 0) & (cost > 0)
    price, slope, moves = price[moving], slope[moving], moves[moving]
    band = np.cbrt(1.5 * cost * slope**2 / price)
    return float((cost * slope**2 * price * moves / (2 * band)).sum()), float((price**2 * band**2 * moves / 3).sum())


def _slope(day: MarketDay, underlying: Underlying) -> Floats:
    """Return g at every row, base units: half the amounts that the positions in range would hold without bounds."""
    total = np.zeros(len(day))
    for pool, index in zip(day.pools, day.index, strict=True):
        if pool.facts.underlying == underlying:
            total += _pool_slope(pool)[index]
    return total


def _pool_slope(pool: PoolDay) -> Floats:
    facts = pool.facts
    price = facts.prices(pool.ticks)
    whole = 10.0 ** (-(facts.token0.decimals + facts.token1.decimals) / 2)
    total = np.zeros(len(pool.ticks))
    for own in pool.own:
        in_range = (own.lower <= pool.ticks) & (pool.ticks < own.upper)
        total += np.where(in_range, float(own.liquidity) * whole / (2 * np.sqrt(price)), 0.0)
    return total


def _value(day: MarketDay) -> float:
    """Return the worth of all positions at the first row, USD."""
    total = 0.0
    for pool, index in zip(day.pools, day.index, strict=True):
        for place in range(len(pool.own)):
            volatile, stable = (amounts[index[0]] for amounts in pool.amounts(place))
            total += float(volatile) * float(day.marks[pool.facts.underlying][0]) + float(stable)
    return total
