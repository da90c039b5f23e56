"""A sweep of 64 replays on two workers against one: what the second process brings."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.app.settings import load
from bot.backtest.engine import Plan, plan_replay
from bot.backtest.market import open_market
from bot.backtest.report_points import Point, axes_of, grid
from bot.backtest.scenario import Scenario
from bot.backtest.sweep import Run, Sweep, workers

ROOT: Final = Path(__file__).parents[2]
RUNS: Final = 64


def run() -> dict[int, float]:
    """Return the seconds of the sweep, by number of workers; processes are up before the clock starts."""
    token0 = {"symbol": "USDC", "decimals": 6, "underlying": "USD"}
    token1 = {"symbol": "WETH", "decimals": 18, "underlying": "ETH"}
    model = {"start": datetime(2026, 1, 1, tzinfo=UTC), "days": 3, "volatility": "0.8"}
    positions = [{"value": 100_000, "width": "20%"}]
    pool = {"name": "one", "fee": 500, "token0": token0, "token1": token1, "positions": positions, "model": model}
    scenario = Scenario.model_validate({"collateral": 100_000, "pools": [pool]})
    market = open_market(scenario)

    def plan(point: Point) -> Plan:
        return plan_replay(
            market, load([ROOT / "config" / "paper-mainnet.toml"], {}, overrides=point).settings, scenario
        )

    values = ",".join(str(20 + place) for place in range(RUNS))
    points = list(grid(axes_of([f"hedge.band.risk_aversion={values}"], searches=False)))
    found = {}
    for count in (1, 2):
        with workers(count, None) as client:
            sweep = Sweep(client, market, plan, list[Run]().append)
            sweep.run(points[:count])  # imports are no work of the sweep
            began = time.perf_counter()
            sweep.run(points)
            found[count] = time.perf_counter() - began
    return found
