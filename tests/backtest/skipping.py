"""Rows left out against every row decided at: ``python -m tests.backtest.skipping [FIRST [COUNT]]``, a line a market.

The recorded days come first, then generated markets with positions of ±0.5% to the full range.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.backtest.engine import Plan, Replay
from tests.backtest.recorded import plan_2022, plan_2025
from tests.backtest.scenes import POOL, generated, plan_of
from tests.faults.soak import silent

WIDTHS = ("0.5%", "1%", "2%", "5%", "10%", "20%", "50%", None)
MARKETS = 20
_CLOSE = 1e-9


def position(width: str | None, value: int = 100_000) -> dict[str, Any]:
    """Return a position of ± a width, or of the full range."""
    return {"value": value, "full": True} if width is None else {"value": value, "width": width}


def market(seed: int) -> tuple[str, Plan]:
    """Return a day of a generated market and one to three positions there, in words too."""
    rng = random.Random(seed)
    held = [
        position(rng.choice(WIDTHS), rng.choice([1000, 20_000, 100_000])) for _ in range(rng.choice([1, 1, 1, 2, 3]))
    ]
    model: dict[str, object] = {"seed": seed, "volatility": rng.choice(["0.2", "0.5", "0.8", "1.6", "4"])}
    if rng.random() < 0.4:
        model |= {"basis": "0.05%", "basis_deviation": "0.05%", "funding_deviation": "0.05%"}
    if rng.random() < 0.3:
        model |= {"kind": "jumps", "jumps_a_year": 500, "jump_size": "2%"}
    more: list[dict[str, str]] = [
        rng.choice([{}, {}, *({"hedge__band__tracking_error": share} for share in ("0.5%", "3%"))]),
        rng.choice([{}, {}, {"hedge__fixed_cost": "0.1"}]),
        rng.choice([{}, {"execution__style": "taker"}]),
        rng.choice([{}, {}, {}, {"venues__paper__deposit": "9000"}, {"hedge__ratio": "0.5"}]),
    ]
    overrides = {key: value for one in more for key, value in one.items()}
    widths = ", ".join(f"{item['value']} USD at {item.get('width', 'full')}" for item in held)
    return f"seed {seed}: {widths}; {model} {overrides}", plan_of(generated(held, model), **overrides)


def recorded(width: str | None) -> Plan:
    """Return a day of July 2022 as a plan."""
    return plan_2022(position(width), end=datetime(2022, 7, 20, tzinfo=UTC))


def differences(plan: Plan) -> tuple[list[str], Replay, Replay]:
    """Replay both ways; return what is not the same, both replays beside it.

    Alarms are the same where each was raised first at the same row.
    """
    skipping, stepping = Replay(plan, skip=True), Replay(plan, skip=False)
    one, other = skipping.run(), stepping.run()
    found = [] if one.order_lines() == other.order_lines() else ["orders"]
    found += [] if skipping.alarms == stepping.alarms else [f"alarms {skipping.alarms} {stepping.alarms}"]
    figures, expected = _figures(one.as_data()), _figures(other.as_data())
    for key in figures.keys() | expected.keys():
        left, right = figures.get(key), expected.get(key)
        if left is None or right is None or abs(left - right) > _CLOSE * max(abs(left), abs(right)):
            found.append(f"{key} {left} {right}")
    return found, skipping, stepping


def _figures(data: object, path: str = "") -> dict[str, float]:
    """Flatten a summary to its numbers, but for how many decisions it took."""
    if isinstance(data, dict):
        return {key: value for name, part in data.items() for key, value in _figures(part, f"{path}.{name}").items()}
    if data is None or path == ".decisions" or not isinstance(data, int | float | str):
        return {}
    try:
        return {path: float(data)}
    except ValueError:
        return {}


def _plans(first: int, count: int) -> Iterator[tuple[str, Plan]]:
    if POOL.is_dir():
        for width in WIDTHS:
            yield f"2022-07-19, {width or 'full'}", recorded(width)
            yield f"2025-07, {width or 'full'}", plan_2025(position(width))
    for seed in range(first, first + count):
        yield market(seed)


def main(first: int = 0, count: int = MARKETS) -> None:
    """Print a line a market; exit 1 where any differs."""
    silent()
    is_same = True
    for name, plan in _plans(first, count):
        found, skipping, stepping = differences(plan)
        is_same = is_same and not found
        decided = f"{skipping.tally.steps} of {stepping.tally.steps} rows decided at"
        told = f"{len(skipping.journal.orders)} orders, {len(skipping.alarms)} kinds of alarm"
        sys.stdout.write(f"{found or 'same'}: {name}: {decided}, {told}\n")
        sys.stdout.flush()
    sys.exit(0 if is_same else 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
