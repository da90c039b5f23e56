"""The recorded markets: what the hedge takes away, and that every cent is explained."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.backtest.engine import plan_replay, replay
from bot.backtest.market import open_market
from bot.backtest.result import Result
from bot.backtest.scenario import Scenario
from tests.backtest.scenes import PERP, POOL, needs_data, pool, settings

TEN = {"value": 100_000, "width": "10%"}
FULL = {"value": 100_000, "full": True}


def _run(position: dict[str, object], budget: str | None, *, is_recent: bool = False) -> Result:
    times = {"start": datetime(2025, 7, 1, tzinfo=UTC)} if is_recent else {"end": datetime(2022, 8, 1, tzinfo=UTC)}
    perps = {"ETH": {"path": PERP}} if is_recent else {}
    held = pool([position], path=POOL, max_gap="5m")
    scenario = Scenario.model_validate({"collateral": 100_000, "pools": [held], "perps": perps, **times})
    chosen = settings()
    if budget is not None:
        band = type(chosen.hedge.band).model_validate({"tracking_error": budget})
        chosen = chosen.model_copy(update={"hedge": chosen.hedge.model_copy(update={"band": band})})
    return replay(plan_replay(open_market(scenario), chosen, scenario))


@needs_data
@pytest.mark.parametrize("position", [TEN, FULL], ids=["ten percent", "full range"])
@pytest.mark.parametrize(("budget", "most"), [(None, 0.01), ("0.5%", 0.001)])
def test_july_2022(position: dict[str, object], budget: str | None, most: float) -> None:
    found = _run(position, budget)
    assert found.rows == 13 * 1440 - 1
    assert found.variance_ratio <= most
    assert abs(found.total.residual) <= Decimal("1e-9") * found.start_value


@needs_data
@pytest.mark.parametrize("position", [TEN, FULL], ids=["ten percent", "full range"])
def test_july_2025_with_the_real_perpetual(position: dict[str, object]) -> None:
    found = _run(position, None, is_recent=True)
    assert abs(found.total.residual) <= Decimal("1e-9") * found.start_value
    assert found.variance_ratio < 0.05
    assert found.rows > 2000
