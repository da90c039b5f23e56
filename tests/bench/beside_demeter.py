"""The same position through the same recorded rows, by our replay and by zelos-demeter, in CPU time, paired.

``python -m tests.bench.beside_demeter`` prints a line a position. Theirs only holds it; ours hedges it besides. It runs
in an environment of its own, built among the temporary files at the first time; where that can't be, that is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bot.backtest.engine import Replay
from bot.core.amm.concentrated import ConcentratedPosition
from tests.backtest.recorded import FULL, TEN, plan_2022
from tests.backtest.scenes import POOL
from tests.faults.soak import silent

PACKAGE: Final = "zelos-demeter==1.3.0"
ROOM: Final = Path(tempfile.gettempdir()) / f"dnbot-bench-{PACKAGE}"
PAIRS: Final = 3
_HOLD: Final = Path(__file__).with_name("demeter_hold.py")


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of CPU that a replay took, without reading the files, ours and theirs; ``fees`` are theirs over ours."""

    ours: float
    theirs: float
    rows: tuple[int, int]
    fees: tuple[float, float]


def interpreter() -> Path | str:
    """Return the Python that has zelos-demeter, or why there is none."""
    if not POOL.is_dir():
        return f"the recorded markets are not here: {POOL}"
    python = ROOM / "bin" / "python"
    if python.exists():
        return python
    venv.create(ROOM, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        python.unlink()
        return f"{PACKAGE} can't be installed: {done.stderr.strip() or done.returncode}"
    return python


def pair(python: Path, position: Mapping[str, object]) -> Pair:
    """Replay July 2022 in turns, and return the medians."""
    plan, ours, theirs = plan_2022(position), [], []
    for _ in range(PAIRS):
        replay = Replay(plan, skip=True)
        started = time.process_time()
        replay.run()
        ours.append(time.process_time() - started)
        held = _hold(python, replay)
        theirs.append(held["run"])
    assert replay.booking.last is not None
    (end,) = replay.booking.last.snapshot.positions
    fees = [float(told) for told in held["fees"]]
    mine = [float(end.token0.to_units(end.amounts.fees0)), float(end.token1.to_units(end.amounts.fees1))]
    shares = fees[0] / mine[0], fees[1] / mine[1]
    return Pair(median(ours), median(theirs), (replay.tally.rows, held["rows"]), shares)


def _hold(python: Path, replay: Replay) -> dict[str, Any]:
    """Let theirs hold what ours held at its first row."""
    assert replay.booking.first is not None
    (start,) = replay.booking.first.snapshot.positions
    assert isinstance(start.curve, ConcentratedPosition)
    put_in = (start.amounts.principal0, start.token0), (start.amounts.principal1, start.token1)
    days = sorted(POOL.glob("2022-07-*.csv"))
    with tempfile.TemporaryDirectory() as folder:
        for path in days:
            (Path(folder) / f"polygon-pool-{path.stem}.minute.csv").symlink_to(path.resolve())
        words = [folder, days[0].stem, days[-1].stem, start.curve.tick_lower, start.curve.tick_upper]
        command = [python, _HOLD, *words, *(token.to_units(raw) for raw, token in put_in)]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)  # noqa: S603 - ours
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pairs() -> Iterator[tuple[str, Pair]]:
    """Return each position's pair; nothing where zelos-demeter can't be had, and it is said why."""
    python = interpreter()
    if isinstance(python, str):
        sys.stderr.write(f"beside zelos-demeter: not measured, {python}\n")
        return
    for name, position in (("±10%", TEN), ("full range", FULL)):
        yield name, pair(python, position)


def main() -> None:
    """Print a line a position."""
    silent()
    for name, one in pairs():
        speeds = [rows / seconds for rows, seconds in zip(one.rows, (one.ours, one.theirs), strict=True)]
        sys.stdout.write(
            f"{name}: {one.ours:.2f} s against {one.theirs:.2f} s ({speeds[0]:,.0f} and {speeds[1]:,.0f} a second), "
            f"{one.theirs / one.ours:.1f} x; its fees over ours {one.fees[0]:.4f} and {one.fees[1]:.4f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
