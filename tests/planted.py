"""``python -m tests.planted``: break every guard once, in a copy, and see that the tests notice; 1 if one did not.

A bug is a piece of text that stands exactly once in its file, and what it is replaced by.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[1]
TESTS: Final = (
    *(
        f"tests/core/test_{name}.py"
        for name in (
            "guards",
            "guards_alone",
            "losses",
            "ladder",
            "pools",
            "stops",
            "watch",
            "protection",
            "belief",
            "exposure",
            "decide",
            "plan",
        )
    ),
    "tests/core/test_decide_properties.py",
    "tests/scenarios",
)
"""The quick ones first."""
_GATE: Final = 'return Refused(order, "run state", f"{state.value}'


@dataclass(frozen=True, slots=True)
class Bug:
    """One guard, and how it is broken."""

    guard: str
    file: str
    right: str
    wrong: str


def _open(condition: str) -> str:
    """Give the lines of the run state's guard."""
    return f"            {condition}\n                return Approved(order)\n            {_GATE}"


BUGS: Final = (
    Bug("short only", "core/guards.py", " and abs(order.quantity) <= abs(position):", ":"),
    Bug("run state", "core/guards.py", _open("if order.reduce_only:"), _open("if order:")),
    Bug(
        "pause",
        "core/guards.py",
        "case RunState.PAUSED if order in situation.protective:",
        "case RunState.PAUSED if order:",
    ),
    Bug("unresolved order", "core/guards.py", "not situation.lane(order).flight.is_unknown", "order"),
    Bug("account check", "core/guards.py", "is_on_venue = dispute.hold is Hold.ADDS and", "is_on_venue = False and"),
    Bug("belief", "core/guards.py", "if order.underlying in doubt.underlyings:", "if order.underlying in ():"),
    Bug(
        "step cap",
        "core/guards.py",
        "cap = situation.policy.max_order_notional",
        "cap = 3 * situation.policy.max_order_notional",
    ),
    Bug("notional cap", "core/guards.py", "room = cap - situation.shorts.get(order.underlying, ZERO)", "room = cap"),
    Bug("total notional cap", "core/guards.py", "room = cap - sum(situation.shorts.values(), ZERO)", "room = cap"),
    Bug(
        "orders per minute",
        "core/guards.py",
        "len(situation.order_times) < limit",
        "len(situation.order_times) <= limit",
    ),
    Bug(
        "reductions first",
        "core/guards.py",
        "key=lambda item: not item.reduce_only",
        "key=lambda item: item.reduce_only",
    ),
    Bug("stop that is too large", "core/guards.py", "and order.quantity <= -lane.position", "and order.quantity"),
    Bug("unread chain", "core/limits.py", "order.reduce_only or not situation.unread", "order"),
    Bug("position jump", "core/limits.py", "watch.unsettled is None or", "watch.unsettled is None or order or"),
    Bug("cool-down", "core/limits.py", "if situation.at >= until:", "if situation.at:"),
    Bug(
        "margin ladder",
        "core/limits.py",
        "other.rung.height >= Rung.TOP_UP.height",
        "other.rung.height > Rung.FREEZE.height",
    ),
    Bug(
        "missing stop",
        "core/limits.py",
        "watch.bare > situation.risk.stop.grace",
        "watch.bare > 99 + situation.risk.stop.grace",
    ),
    Bug("spending limit", "core/limits.py", "order.reduce_only or not situation.spent", "order"),
    Bug(
        "share of capital",
        "core/limits.py",
        "most = situation.capital * situation.policy.max_order_share",
        "most = situation.capital",
    ),
    Bug("venue cap", "core/limits.py", "left = most - situation.venue_shorts.get(order.venue, ZERO)", "left = most"),
    Bug("margin headroom", "core/limits.py", "if most >= wanted else cut", "if most else cut"),
    Bug("stale data", "core/belief.py", "if age <= policy.max_snapshot_age:", "if age:"),
    Bug("pool against its average", "core/pools.py", "(basis / old.average - 1, policy", "(basis / basis - 1, policy"),
    Bug("pool's step", "core/pools.py", "(basis / old.basis - 1, policy", "(basis / basis - 1, policy"),
    Bug(
        "loss of the hedge, day",
        "core/losses.py",
        '(Trigger.LIMIT, "the hedge has lost", money.hedge_day + gain',
        '(Trigger.LIMIT, "the hedge has lost", gain',
    ),
    Bug(
        "loss in all, lifetime",
        "core/losses.py",
        'have lost", total_life, policy.total_life',
        'have lost", gain, policy.total_life',
    ),
    Bug(
        "cost a day",
        "core/losses.py",
        "-money.fees_day > policy.cost_day * funds",
        "-money.fees_day > policy.cost_day * funds * 99",
    ),
    Bug(
        "funding a day",
        "core/losses.py",
        "return funds > 0 and -money.funding_day >",
        "return funds < 0 and -money.funding_day >",
    ),
    Bug(
        "ladder's hysteresis",
        "core/ladder.py",
        "eased = _reached(standing, policy, policy.hysteresis)",
        "eased = _reached(standing, policy, ZERO)",
    ),
    Bug(
        "ladder reduces",
        "core/ladder.py",
        "if rung.height >= Rung.REDUCE.height:",
        "if rung.height > Rung.FREEZE.height:",
    ),
    Bug(
        "top-up once per spacing",
        "core/ladder.py",
        "any(at - item.at < policy.spacing for item in recent)",
        "any(False for item in recent)",
    ),
    Bug("stop as large as the short", "core/stops.py", "if covered >= size else None", "if covered else None"),
    Bug("stop is reduce-only", "core/stops.py", "item.reduce_only and is_right(", "is_right("),
    Bug("stops are not stacked", "core/stops.py", "    if unsure:\n", "    if not unsure and unsure:\n"),
    Bug(
        "a jump is noticed",
        "core/watch.py",
        "if old is not None and not old.low <= size <= old.high:",
        "if old is None and size > 10**9:",
    ),
    Bug("absence is confirmed", "core/exposure.py", "if missing < absence_blocks:", "if missing < 1:"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests made of a bug: the first that went red, or none."""

    bug: Bug
    caught_by: str


def plant(bug: Bug) -> Verdict:
    """Break a copy and run the tests on it."""
    with TemporaryDirectory() as name:
        copy = Path(name)
        for part in ("bot", "tests", "config"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        file = copy / "bot" / bug.file
        text = file.read_text(encoding="utf-8")
        if text.count(bug.right) != 1:
            raise ValueError(f"{bug.guard}: {bug.right!r} stands {text.count(bug.right)} times in {bug.file}")
        file.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
        environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own tests
    red = re.search(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    return Verdict(bug, red[1] if red and ran.returncode else "")


def main() -> int:
    """Plant every bug, print one table."""
    console = Console(width=150)
    table = Table("guard", "file", "caught by", title="planted bugs")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = []
        for one in pool.map(plant, BUGS):
            console.print(f"{one.bug.guard}: {one.caught_by or 'nobody'}", style="dim", highlight=False)
            verdicts.append(one)
    for one in verdicts:
        table.add_row(one.bug.guard, one.bug.file, one.caught_by or "[bold red]nobody[/]")
    missed = sum(not one.caught_by for one in verdicts)
    console.print(table)
    console.print(f"{len(verdicts)} bugs, {missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
