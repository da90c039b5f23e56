"""Amounts and fees of replayed positions, against an independent computation in fractions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bot.backtest.columns import Tape
from bot.backtest.market import open_market
from bot.backtest.pool import Own
from bot.core.pnl.impermanent_loss import impermanent_loss
from tests.backtest.scenes import generated

RANGES: list[dict[str, Any]] = [{"value": 50_000, "width": "5%"}, {"value": 50_000, "full": True}]


def _root(tick: int) -> Fraction:
    """Return the square-root price from its definition, without the contract's arithmetic."""
    return Fraction(math.exp(tick * math.log(1.0001) / 2))


def test_a_week_of_amounts_and_fees_equals_an_independent_computation_row_by_row() -> None:
    market = open_market(generated(RANGES, {"days": 7, "volatility": 1.2}))
    own = market.own[0]
    tapes = list(market.sources[0].days())
    rows = [(tape, row) for tape in tapes for row in range(len(tape))]
    fees = [[Fraction(0), Fraction(0)] for _ in own]
    left = 0
    seen = iter(
        (pool, int(index[row]))
        for day in market.days()
        for pool, index in [(day.pools[0], day.index[0])]
        for row in range(len(day))
    )
    for number, (tape, row) in enumerate(rows):
        pool, at = next(seen)
        if number:
            _add_fees(tape, row, own, fees)
        tick = int(tape.close[row])
        for place, one in enumerate(own):
            left += not one.lower <= tick < one.upper
            amounts = pool.curve(place, at).amounts()
            held = min(max(_root(tick), _root(one.lower)), _root(one.upper))
            expected0 = one.liquidity * (1 / held - 1 / _root(one.upper))
            expected1 = one.liquidity * (held - _root(one.lower))
            scale0 = one.liquidity / _root(one.lower)
            scale1 = one.liquidity * _root(one.upper)
            assert abs(amounts.principal0 - expected0) <= 2 + Fraction(1, 10**9) * min(scale0, expected0 + 10**9)
            assert abs(amounts.principal1 - expected1) <= 2 + Fraction(1, 10**9) * min(scale1, expected1 + 10**18)
            assert amounts.fees0 == pytest.approx(float(fees[place][0]), rel=1e-9, abs=2 + number)
            assert amounts.fees1 == pytest.approx(float(fees[place][1]), rel=1e-9, abs=10**6)
    assert left > 100, "the narrow position never left its range"


def _add_fees(tape: Tape, row: int, positions: Sequence[Own], fees: list[list[Fraction]]) -> None:
    """Share a row's fees by liquidity, for the part of its ticks that is in each range."""
    ticks = range(int(tape.low[row]), int(tape.high[row]) + 1)
    inside = [sum(one.lower <= tick < one.upper for tick in ticks) for one in positions]
    liquidity = tape.liquidity[row] + sum(one.liquidity for one, count in zip(positions, inside, strict=True) if count)
    for place, one in enumerate(positions):
        share = Fraction(one.liquidity * inside[place], liquidity * len(ticks)) * Fraction(500, 10**6)
        fees[place][0] += tape.in0[row] * share
        fees[place][1] += tape.in1[row] * share


def test_impermanent_loss_of_the_full_range_is_the_closed_form() -> None:
    market = open_market(generated([{"value": 10**7, "full": True}], {"days": 5}))
    facts = market.facts[0]
    first = None
    for day in market.days():
        pool = day.pools[0]
        for at in range(len(pool.ticks)):
            amounts, tick = pool.curve(0, at).amounts(), int(pool.ticks[at])
            units = facts.token0.to_units(amounts.principal0), facts.token1.to_units(amounts.principal1)
            first = first or (units, tick)
            loss = impermanent_loss(first[0], units, (Decimal(1), facts.price(tick)))
            rho = 1.0001 ** (tick - first[1])
            assert float(loss.fraction) == pytest.approx(2 * math.sqrt(rho) / (1 + rho) - 1, abs=1e-9)


def test_the_arrays_agree_with_the_contracts_arithmetic() -> None:
    market = open_market(generated(RANGES, {"days": 1}))
    (day,) = market.days()
    pool = day.pools[0]
    for place in range(len(pool.own)):
        volatile, stable = pool.amounts(place)
        for at in range(0, len(pool.ticks), 97):
            amounts = pool.curve(place, at).amounts()
            assert volatile[at] == pytest.approx(amounts.total1 / 1e18, rel=1e-9, abs=1e-9)
            assert stable[at] == pytest.approx(amounts.total0 / 1e6, rel=1e-9, abs=1e-3)


def test_a_position_is_worth_what_was_asked_for() -> None:
    market = open_market(generated(RANGES, {"days": 1}))
    facts = market.facts[0]
    (day,) = market.days()
    for place in range(2):
        amounts = day.pools[0].curve(place, 0).amounts()
        price = facts.price(int(day.pools[0].ticks[0]))
        worth = facts.token0.to_units(amounts.principal0) + facts.token1.to_units(amounts.principal1) * price
        assert float(worth) == pytest.approx(50_000, abs=0.01)


def test_a_generated_pool_stays_within_its_fee_of_the_market() -> None:
    scenario = generated(model={"days": 2})
    market = open_market(scenario)
    marks = market.perps[market.underlyings[0]]
    prices = dict(zip(marks.times.tolist(), marks.floats.tolist(), strict=True))
    for tape in market.sources[0].days():
        pool = market.facts[0].prices(tape.close)
        true = np.array([prices[at] for at in tape.times.tolist()])
        assert np.abs(pool / true - 1).max() < 0.0005 + 0.0002
