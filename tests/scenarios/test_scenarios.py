"""Every scenario keeps every rule at every tick, says what it must say, and plays the same each time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import cache

import pytest

from tests.scenarios.catalogue import SCENARIOS
from tests.scenarios.script import Row, Told
from tests.scenarios.stage import play

BEYOND = "a gap of +45% beyond liquidation"
"""The one in which no ladder and no stop can help: both lie inside the gap."""
TOLERANCE = Decimal("0.02")
"""The share of a short that its stop may leave."""


@cache
def told(name: str) -> Told:
    return asyncio.run(play(SCENARIOS[name]))


def alarms(name: str, first: int, last: int) -> set[str]:
    return {alarm for row in told(name).rows[first - 1 : last] for alarm in row.alarms}


def is_in_band(row: Row) -> bool:
    return row.band is not None and abs(row.exposure + row.short) <= row.band


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_rule_holds_at_every_tick(name: str) -> None:
    assert told(name).broken == []
    assert (told(name).liquidations > 0) is (name == BEYOND)


@pytest.mark.parametrize("name", ["+60% in a day", "-60% in a day", "half of the short auto-deleveraged"])
def test_with_collateral_to_spare_the_hedge_ends_in_its_band(name: str) -> None:
    assert is_in_band(told(name).rows[-1])


def test_thin_collateral_climbs_the_whole_ladder_and_is_not_liquidated() -> None:
    rungs = [row.rung for row in told("+60% in a day, thin collateral").rows]
    assert {"alert", "top_up", "reduce"} <= set(rungs)
    assert rungs.index("alert") < rungs.index("top_up") < rungs.index("reduce")
    assert "unhedged" in alarms("+60% in a day, thin collateral", 1, 2000)


def test_a_stop_that_is_jumped_over_closes_the_short_and_nothing_is_opened_again() -> None:
    name = "a gap of +39% through the stop"
    rows = told(name).rows
    least = rows[59].short * TOLERANCE
    assert least <= rows[60].short <= 0
    assert all(rows[60].short <= row.short <= 0 for row in rows[60:])
    assert "fired" in alarms(name, 61, 70)


@pytest.mark.parametrize(("blocks", "name"), [(1, "one block"), (10, "ten blocks")])
def test_a_manipulated_pool_moves_nothing(blocks: int, name: str) -> None:
    name = f"the pool at 600% of the mark for {name}"
    rows = told(name).rows[59 : 61 + blocks]
    assert len({row.short for row in rows[1 : 1 + blocks]}) == 1
    assert all(abs(row.exposure / rows[0].exposure - 1) < 0.02 for row in rows[: 1 + blocks])
    assert "pool" in alarms(name, 61, 60 + blocks)
    assert is_in_band(told(name).rows[-1])


def test_nothing_goes_to_a_venue_that_is_away_and_soon_after_all_is_well() -> None:
    name = "the venue away for 6 h while the price moves by 20%"
    rows = told(name).rows
    assert len({row.short for row in rows[31:389]}) == 1
    assert "venue" in alarms(name, 40, 380)
    back = next(number for number, row in enumerate(rows) if row.number > 391 and row.drift is not None)
    assert any(is_in_band(row) for row in rows[back : back + 4])


def test_funding_that_costs_too_much_is_told() -> None:
    assert alarms("funding at the cap for 3 days", 1000, 4320) & {"spending", "loss"}


def test_a_dollar_token_off_par_stops_what_would_add() -> None:
    rows = told("the dollar token at 0.90").rows
    assert len({row.short for row in rows[61:119]}) == 1
    assert {"pool", "par"} <= alarms("the dollar token at 0.90", 61, 120)


@pytest.mark.parametrize("name", ["half of the short auto-deleveraged", BEYOND])
def test_the_same_scenario_gives_the_same_bytes(name: str) -> None:
    assert repr(asyncio.run(play(SCENARIOS[name])).rows) == repr(told(name).rows)
