"""The recorded markets: what the hedge takes away, and that every cent is explained."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.backtest.recorded import BUDGET, FULL, TEN, july_2022, july_2025
from tests.backtest.scenes import needs_data

TIGHT = Decimal("1e-9")


@needs_data
@pytest.mark.parametrize("position", [TEN, FULL], ids=["ten percent", "full range"])
@pytest.mark.parametrize(("budget", "most"), [(None, 0.01), pytest.param(BUDGET, 0.001, marks=pytest.mark.campaign)])
def test_july_2022(position: Mapping[str, object], budget: str | None, most: float) -> None:
    found = july_2022(position, budget)
    assert found.rows == 13 * 1440 - 1
    assert found.variance_ratio <= most
    if budget is not None:
        assert found.tracking_error_adrift <= 1.1 * float(budget.rstrip("%")) / 100
    assert abs(found.total.residual) <= TIGHT * found.start_value
    assert found.total.liquidity.fees > 0
    assert found.total.liquidity.lvr > 0 > found.total.hedge.trading_fees
    days = sum((item.total for item in found.days.values()), Decimal(0))
    assert abs(days - found.total.total) <= TIGHT * found.start_value


@needs_data
@pytest.mark.parametrize("position", [TEN, FULL], ids=["ten percent", "full range"])
def test_july_2025_with_the_real_perpetual(position: Mapping[str, object]) -> None:
    found = july_2025(position)
    assert abs(found.total.residual) <= TIGHT * found.start_value
    assert found.variance_ratio < 0.05
    assert found.rows > 2000
