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
    "tests/core/risk",
    "tests/core/data_quality",
    "tests/core/lp",
    "tests/core/hedge/test_plan.py",
    "tests/core/test_decide.py",
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
    """Return the lines of the run state's guard."""
    return f"            {condition}\n                return Approved(order)\n            {_GATE}"


BUGS: Final = (
    Bug("short only", "core/risk/guards.py", " and abs(order.quantity) <= abs(position):", ":"),
    Bug("run state", "core/risk/guards.py", _open("if order.reduce_only:"), _open("if order:")),
    Bug(
        "pause",
        "core/risk/guards.py",
        "case RunState.PAUSED if order in context.protective:",
        "case RunState.PAUSED if order:",
    ),
    Bug("unresolved order", "core/risk/guards.py", "not context.market_state(order).flight.is_unknown", "order"),
    Bug("account check", "core/risk/guards.py", "holds_adds = dispute.hold is Hold.ADDS and", "holds_adds = False and"),
    Bug(
        "belief",
        "core/risk/guards.py",
        "if issue.amounts is None and order.underlying in issue.underlyings:",
        "if issue.amounts and order.underlying in issue.underlyings:",
    ),
    Bug("belief in proportion", "core/risk/guards.py", "left < -order.quantity:", "left < order.quantity:"),
    Bug(
        "doubt by what was believed",
        "core/data_quality/pool_prices.py",
        "if key in amounts and position.id in held:",
        "if key in amounts and not position.id:",
    ),
    Bug(
        "step cap",
        "core/risk/guards.py",
        "cap = context.policy.max_order_notional",
        "cap = 3 * context.policy.max_order_notional",
    ),
    Bug("notional cap", "core/risk/guards.py", "room = cap - context.shorts.get(order.underlying, ZERO)", "room = cap"),
    Bug("total notional cap", "core/risk/guards.py", "room = cap - sum(context.shorts.values(), ZERO)", "room = cap"),
    Bug(
        "orders per minute",
        "core/risk/guards.py",
        "len(context.order_times) < limit",
        "len(context.order_times) <= limit",
    ),
    Bug(
        "reductions first",
        "core/risk/guards.py",
        "key=lambda item: not item.reduce_only",
        "key=lambda item: item.reduce_only",
    ),
    Bug(
        "stop that is too large",
        "core/risk/guards.py",
        "and order.quantity <= -market_state.position",
        "and order.quantity",
    ),
    Bug("unread chain", "core/risk/added_risk.py", "order.reduce_only or not context.unread", "order"),
    Bug(
        "position jump", "core/risk/added_risk.py", "watch.unsettled is None or", "watch.unsettled is None or order or"
    ),
    Bug("cool-down", "core/risk/added_risk.py", "if context.at >= until:", "if context.at:"),
    Bug(
        "margin ladder",
        "core/risk/added_risk.py",
        "other.rung.height >= Rung.TOP_UP.height",
        "other.rung.height > Rung.FREEZE.height",
    ),
    Bug(
        "missing stop",
        "core/risk/added_risk.py",
        "watch.bare_since is None:",
        "watch.bare_since is not None:",
    ),
    Bug("spending limit", "core/risk/added_risk.py", "order.reduce_only or not context.spent", "order"),
    Bug(
        "share of capital",
        "core/risk/added_risk.py",
        "most = context.capital * context.policy.max_order_share",
        "most = context.capital",
    ),
    Bug(
        "venue cap",
        "core/risk/added_risk.py",
        "left = most - context.venue_shorts.get(order.venue, ZERO)",
        "left = most",
    ),
    Bug("margin headroom", "core/risk/added_risk.py", "if most >= wanted else reduced_to", "if most else reduced_to"),
    Bug("stale data", "core/data_quality/staleness.py", "if abs(age) <= most:", "if age:"),
    Bug(
        "pool against its average",
        "core/data_quality/pool_prices.py",
        "(basis / old.average - 1, policy",
        "(basis / basis - 1, policy",
    ),
    Bug(
        "pool's step",
        "core/data_quality/pool_prices.py",
        "(basis / old.basis - 1, policy",
        "(basis / basis - 1, policy",
    ),
    Bug(
        "loss of the hedge, day",
        "core/risk/loss_limits.py",
        '("hedge_day", today.hedge + gain',
        '("hedge_day", gain',
    ),
    Bug(
        "loss in all, lifetime",
        "core/risk/loss_limits.py",
        '("total_life", life.hedge + gain + life.liquidity, policy.total_life',
        '("total_life", gain, policy.total_life',
    ),
    Bug(
        "cost a day",
        "core/risk/loss_limits.py",
        "-today.fees > policy.cost_day * funds",
        "-today.fees > policy.cost_day * funds * 99",
    ),
    Bug(
        "funding a day",
        "core/risk/loss_limits.py",
        "return funds > 0 and -today.funding >",
        "return funds < 0 and -today.funding >",
    ),
    Bug(
        "ladder's hysteresis",
        "core/risk/margin_ladder.py",
        "eased = _reached(position_risk, policy, policy.hysteresis)",
        "eased = _reached(position_risk, policy, ZERO)",
    ),
    Bug(
        "ladder reduces",
        "core/risk/margin_ladder.py",
        "if rung.height >= Rung.REDUCE.height:",
        "if rung.height > Rung.FREEZE.height:",
    ),
    Bug(
        "top-up once per spacing",
        "core/risk/margin_ladder.py",
        "any(at - item.at < policy.spacing for item in recent)",
        "any(False for item in recent)",
    ),
    Bug(
        "stop as large as the short",
        "core/risk/stop_loss.py",
        "if covered(there) >= size - slack else None",
        "if there else None",
    ),
    Bug("stop is reduce-only", "core/risk/stop_loss.py", "if item.reduce_only\n        and item", "if item"),
    Bug("stops are not stacked", "core/risk/stop_loss.py", "    if unsure:\n", "    if not unsure and unsure:\n"),
    Bug(
        "a jump is noticed",
        "core/data_quality/position_tracking.py",
        "if not old.low <= size <= old.high:",
        "if size > 10**9:",
    ),
    Bug("absence is confirmed", "core/lp/exposure.py", "if missing < policy.absence_blocks:", "if missing < 1:"),
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
