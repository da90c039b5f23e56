"""The running result: what the market did, never what was deposited, and unknown steps are counted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.snapshot import Balance
from bot.telemetry.results import Result, Results
from bot.telemetry.risk_figures import margin_ratio, perps
from tests.core.scenes import PAPER
from tests.telemetry.web.scenes import UNKNOWN, account, record
from tests.tools.market import play


def test_the_result_is_the_sum_of_value_and_equity_changes() -> None:
    results = Results()
    records = [item for item, _ in play(50)]
    for item in records:
        results.publish(item)

    def worth(index: int) -> tuple[Decimal, Decimal]:
        values = [report.value for report in records[index].decision.positions if report.value is not None]
        view = records[index].snapshot.venue(PAPER)
        assert view is not None
        return sum(values, Decimal(0)), view.balance.equity

    (before, equity_before), (after, equity_after) = worth(0), worth(-1)
    assert results.total.unpriced == 0
    assert float(results.total.unhedged) == pytest.approx(float(after - before), abs=1e-6)
    assert results.total.hedge == equity_after - equity_before
    assert results.total.hedged == results.total.unhedged + results.total.hedge


def test_a_step_with_an_unknown_venue_adds_nothing_and_is_counted() -> None:
    results = Results()
    for item in (record(1), record(2, UNKNOWN), record(3)):
        results.publish(item)
    assert results.total == Result(unpriced=2)


def test_distances_and_ratios_are_unknown_where_there_is_nothing_to_divide_by() -> None:
    flat, short = account("0"), account("-2.5")
    assert [item.liquidation_distance for item in perps(record(venue=flat))] == [None, None]
    assert [item.liquidation_distance for item in perps(record(venue=short))] == [Decimal("0.5"), None]
    nothing = Decimal(0)
    assert margin_ratio(Balance(nothing, nothing, nothing, nothing, nothing)) is None
