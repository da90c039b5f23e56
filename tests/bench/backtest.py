"""How fast a market is replayed, rows left out or every row decided at, and what memory a longer one takes.

The rows are the recorded minutes of July 2022 where they are, else those of a generated market.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.backtest.engine import Plan, replay
from tests.backtest.recorded import FULL, TEN, plan_2022
from tests.backtest.scenes import POOL, ROOT, generated, plan_of
from tests.faults.soak import silent

DAYS: Final = 13
LENGTHS: Final = (30, 120)


def _plan(position: Mapping[str, object]) -> Plan:
    if POOL.is_dir():
        return plan_2022(position)
    return plan_of(generated([dict(position)], {"days": DAYS, "volatility": "0.9"}))


def _micros(plan: Plan, *, skip: bool) -> float:
    began = time.process_time()
    found = replay(plan, skip=skip)
    return (time.process_time() - began) / found.rows * 1e6


def run() -> dict[str, float]:
    """Return microseconds a row, and the peak of a process that replays a market of some length, MB."""
    silent()
    found = {}
    for name, position in (("±10%", TEN), ("full range", FULL)):
        plan = _plan(position)
        found[f"{name}, rows left out"] = min(_micros(plan, skip=True) for _ in range(3))
        found[f"{name}, every row"] = _micros(plan, skip=False)
    for days in LENGTHS:
        command = [sys.executable, "-m", "tests.bench.backtest", str(days)]
        ended = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
        found[f"{days} days"] = float(ended.stdout)
    return found


def _peak(days: int) -> float:
    """Replay a generated market in this process; return its peak of memory, MB (10^6 bytes)."""
    silent()
    replay(plan_of(generated([dict(FULL)], {"days": days, "volatility": "0.8"})))
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) * 1024 / 1e6


if __name__ == "__main__":
    sys.stdout.write(f"{_peak(int(sys.argv[1]))}\n")
