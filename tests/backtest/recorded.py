"""The recorded markets beside the project, replayed: a range of ±10% and a full range of 100,000 USD each.

``python -m tests.backtest.recorded`` prints what the hedge leaves, at the default risk aversion and with a budget.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, product

from bot.backtest.engine import Plan, plan_replay, replay
from bot.backtest.market import open_market
from bot.backtest.result import Result
from bot.backtest.scenario import Scenario
from tests.backtest.scenes import PERP, POOL, pool, settings
from tests.faults.soak import silent

TEN: Mapping[str, object] = {"value": 100_000, "width": "10%"}
FULL: Mapping[str, object] = {"value": 100_000, "full": True}
BUDGET = "0.5%"
BUDGETS = ("0.5%", "1%", "3%")
AUGUST = datetime(2022, 8, 1, tzinfo=UTC)


def july_2022(position: Mapping[str, object], budget: str | None = None) -> Result:
    """Replay 13 days; the pool's own price is the perpetual's mark.

    Args:
        position: what is held.
        budget: the tracking error a year that the band comes from; left out: the default risk aversion.
    """
    return replay(plan_2022(position, budget))


def plan_2022(position: Mapping[str, object], budget: str | None = None, end: datetime = AUGUST) -> Plan:
    """Return what ``july_2022`` replays, or the days of it up to ``end``."""
    return _plan(position, budget, {"end": end})


def july_2025(position: Mapping[str, object], budget: str | None = None) -> Result:
    """Replay two days with the real perpetual's prices, so with its real basis."""
    return replay(plan_2025(position, budget))


def plan_2025(position: Mapping[str, object], budget: str | None = None) -> Plan:
    """Return what ``july_2025`` replays."""
    return _plan(position, budget, {"start": datetime(2025, 7, 1, tzinfo=UTC), "perps": {"ETH": {"path": PERP}}})


def _plan(position: Mapping[str, object], budget: str | None, more: Mapping[str, object]) -> Plan:
    held = pool([dict(position)], path=POOL, max_gap="5m")
    scenario = Scenario.model_validate({"collateral": 100_000, "pools": [held], **more})
    chosen = settings()
    if budget is not None:
        band = type(chosen.hedge.band).model_validate({"tracking_error": budget})
        chosen = chosen.model_copy(update={"hedge": chosen.hedge.model_copy(update={"band": band})})
    return plan_replay(open_market(scenario), chosen, scenario)


def main() -> None:
    """Print a line a replay, as a Markdown table."""
    columns = [
        "market",
        "held",
        "band",
        "variance left",
        "tracking error",
        "by drift",
        "cost a year",
        "orders",
        "residual",
    ]
    for line in chain((columns, ["---"] * len(columns)), _lines()):
        sys.stdout.write(f"| {' | '.join(line)} |\n")
        sys.stdout.flush()


def _lines() -> Iterator[list[str]]:
    markets = (("July 2022", july_2022), ("July 2025", july_2025))
    for (market, run), width, budget in product(markets, ("5%", "10%", "50%", None), (None, *BUDGETS)):
        held = FULL if width is None else {"value": 100_000, "width": width}
        found = run(held, budget)
        yield [
            market,
            "full range" if width is None else f"±{width}",
            "default" if budget is None else f"budget {budget}",
            f"{found.variance_ratio:.4%}",
            f"{found.tracking_error:.3%}",
            f"{found.tracking_error_adrift:.3%}",
            f"{found.cost_a_year:.2%}",
            str(len(found.orders)),
            f"{float(abs(found.total.residual) / found.start_value):.0e}",
        ]


if __name__ == "__main__":
    silent()
    main()
