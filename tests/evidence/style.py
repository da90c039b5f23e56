"""Taking against resting: the same markets and days, the difference in money, paired by day.

Nobody knows where a resting order stands in a queue, nor how often those who know more fill it. The range:
first at its price (fills once it is traded at), last (once it is traded through by half a spread), behind hidden size
(by a whole one, so that whatever fills has the market a spread against it). Resting would be the default only if at
the cautious end it won by more than two standard errors. A market whose mark is the pool's own price flatters resting:
the price bounces within the pool's fee, which no perpetual does; such rows are shown, and left out of the sum.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from bot.backtest.engine import plan_replay, replay
from bot.backtest.market import Market, open_market
from bot.backtest.result import Result
from bot.backtest.scenario import Scenario
from tests.backtest.scenes import PERP, POOL, generated, pool, settings
from tests.evidence.tables import Table

VALUE: Final = 100_000
USUAL: Final = "10%"
FULL: Final = "full"
LOTS: Final = {"behind hidden size": "2", "last": "1", "first": "0"}
CAUTIOUS: Final = "behind hidden size"
STANDARD_ERRORS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Paired:
    """Resting less taking, USD a day; ``share`` is the mean a year over the liquidity's value."""

    days: int
    mean: float
    error: float

    @property
    def t(self) -> float:
        """The mean in standard errors."""
        return self.mean / self.error if self.error else 0.0

    @property
    def share(self) -> float:
        """The mean a year, fraction of the value."""
        return self.mean * 365 / VALUE


def paired(differences: Sequence[float]) -> Paired:
    """Return mean and standard error of the days' differences."""
    found = np.array(differences)
    error = float(found.std(ddof=1)) / math.sqrt(len(found)) if len(found) > 1 else 0.0
    return Paired(len(found), float(found.mean()), error)


def recorded(position: Mapping[str, object]) -> Iterator[tuple[str, Scenario]]:
    """Return the recorded markets, where they are."""
    if not POOL.is_dir():
        return
    held = pool([dict(position)], path=POOL, max_gap="5m")
    july = {"start": datetime(2025, 7, 1, tzinfo=UTC), "perps": {"ETH": {"path": PERP}}}
    for name, more in (
        ("2022-07-19 to -24, the pool's price as mark", {"end": datetime(2022, 7, 25, tzinfo=UTC)}),
        ("2025-07-01, -02, real perpetual", july),
    ):
        yield name, Scenario.model_validate({"collateral": VALUE, "pools": [held], **more})


def models(position: Mapping[str, object], days: int) -> Iterator[tuple[str, Scenario]]:
    """Return the generated markets: diffusion, jumps, stochastic volatility."""
    for kind, more in (("gbm", {}), ("jumps", {"jumps_a_year": 200})):
        model = {"kind": kind, "days": days, "seed": 11, "volatility": "0.7", **more}
        yield kind, generated([dict(position)], model)


def money(market: Market, scenario: Scenario, style: str, queue: str) -> Result:
    """Replay one style."""
    chosen = settings(execution__style=style, venues__paper__queue=queue)
    return replay(plan_replay(market, chosen, scenario))


def by_day(result: Result) -> dict[date, tuple[float, float]]:
    """Return each day's result, and what of it trading fees and shortfall are, USD."""
    return {
        day: (float(found.total), float(found.hedge.trading_fees + found.hedge.slippage))
        for day, found in result.days.items()
    }


def compare(scenario: Scenario) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Return by place in the queue each day's result of resting less that of taking, and what of it trading costs are.

    The first day, on which the hedge is opened, is left out.
    """
    market = open_market(scenario)
    taker = by_day(money(market, scenario, "taker", "1"))
    for lot, queue in LOTS.items():
        maker = by_day(money(market, scenario, "maker", queue))
        days = sorted(taker)[1:]
        yield lot, [(maker[day][0] - taker[day][0], maker[day][1] - taker[day][1]) for day in days]


def table(quick: bool, width: str = USUAL) -> Table:  # noqa: FBT001 - as the command has it
    """Compare the styles over all markets; it holds where the default is the one that they bear out.

    Args:
        quick: two days of generated markets alone.
        width: of the range, or ``FULL``.
    """
    held: dict[str, object] = {"value": VALUE} | ({"full": True} if width == FULL else {"width": width})
    rows, pooled = [], dict[str, list[tuple[float, float]]]()
    markets = models(held, 2) if quick else (*recorded(held), *models(held, 7))
    for name, scenario in markets:
        for lot, found in compare(scenario):
            if scenario.perps or scenario.pools[0].model is not None:
                pooled.setdefault(lot, []).extend(found)
            rows.append(_row(name, lot, found))
            sys.stderr.write(" | ".join(rows[-1]) + "\n")
    rows += [_row("all with a perpetual's mark", lot, found) for lot, found in pooled.items()]
    wins = paired([result for result, _ in pooled[CAUTIOUS]]).t > STANDARD_ERRORS
    return Table(
        f"Resting less taking, USD a day, on 100,000 USD at {width if width == FULL else f'±{width}'}",
        (
            "market",
            "place in the queue",
            "days",
            "mean",
            "standard error",
            "t",
            "of the value a year",
            "fees and shortfall",
        ),
        rows,
        holds=wins == (settings().execution.style.value == "maker"),
        note=f"Default: {settings().execution.style.value}.",
    )


def _row(name: str, lot: str, days: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    found, costs = paired([result for result, _ in days]), paired([cost for _, cost in days])
    figures = f"{found.mean:+.2f}", f"{found.error:.2f}", f"{found.t:+.1f}", f"{found.share:+.2%}"
    return name, lot, str(found.days), *figures, f"{costs.mean:+.2f} ± {costs.error:.2f}"
