"""``python -m tests.same_orders CHECKOUT``: does another checkout of dnbot trade the same? 1 where it does not.

Both trees replay config/scenarios/generated.toml and play ``dnbot demo --seed 7``. The orders must be equal byte for
byte but for client ids and reasons. The other checkout runs under this one's interpreter and packages.

It is for a checkout from before 8cb46ce or of it: what later issues decided otherwise is put back by settings. Two
decisions have none: how resting orders fill (so both take), and the optimum of several underlyings that know of each
other, with what is assumed of their correlation (so the demo, which has two, has a band of fixed width).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_APART: Final = frozenset(
    {"id", "client_id", "reason", "epoch", "outcome", "style", "wanted_at_mark", "fee_usd", "fills"}
)
"""What may differ: names and words, and what older versions did not tell; a fill is told by ``filled`` and the
columns of the fills."""
_SHOWN: Final = 5
_SETTINGS: Final = {"DNBOT_EXECUTION__STYLE": "taker", "DNBOT_VENUES__PAPER__FUNDING_RATE": "0.01%"}
_BEFORE: Final = {"DNBOT_HEDGE__LEAST_TRADE": "0", "DNBOT_RISK__STOP__SIZE_TOLERANCE": "0"}
"""This checkout's settings that 8cb46ce did not have."""
_MAIN: Final = """
import os
from bot.cli.main import main
from bot.demo.driver import DemoRun
credentials = DemoRun._environment
DemoRun._environment = lambda self: {**os.environ, **credentials(self)}
main()
"""
"""dnbot, whose demo hands its own environment's settings on to its daemon."""


def backtest(root: Path, folder: Path) -> Iterator[str]:
    """Return the orders of a replay of the generated month, a line each."""
    files = ("-c", "config/paper-mainnet.toml", "--data", "config/scenarios/generated.toml")
    _dnbot(root, {}, "backtest", *files, "--out", str(folder / "replay"), "--json")
    for line in (folder / "replay" / "orders.jsonl").read_text(encoding="utf-8").splitlines():
        yield _line(json.loads(line))


def demo(root: Path, folder: Path) -> Iterator[str]:
    """Return the orders and the fills of the demo's journal, a line each."""
    market = ("--market", "trend") if root == ROOT else ()  # the only one that 8cb46ce had
    band = {"DNBOT_HEDGE__BAND__FIXED_WIDTH": "2%"}
    _dnbot(root, band, "demo", "--seed", "7", *market, "--dir", str(folder / "demo"), "--json")
    (journal,) = (folder / "demo").glob("*/journal.sqlite")
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    for query in ("SELECT * FROM intents ORDER BY number", "SELECT * FROM fills ORDER BY at, rowid"):
        yield from (_line(dict(row)) for row in connection.execute(query))
    connection.close()


def by_day(orders: Iterable[str]) -> dict[str, str]:
    """Return how many orders each day of a replay has, and a digest of them."""
    days = groupby(orders, key=lambda line: str(json.loads(line)["at"])[:10])
    lists = {day: list(lines) for day, lines in days}
    return {day: f"{len(lines)} {hashlib.sha256(''.join(lines).encode()).hexdigest()}" for day, lines in lists.items()}


def _dnbot(root: Path, more: Mapping[str, str], *words: str) -> None:
    settings = {**_SETTINGS, **more, **(_BEFORE if root == ROOT else {})}
    command = [sys.executable, "-c", _MAIN, *words]
    environment = {**os.environ, **settings, "PYTHONPATH": str(root)}
    done = subprocess.run(command, check=False, cwd=root, env=environment, capture_output=True, text=True)  # noqa: S603 - dnbot
    if done.returncode:
        sys.exit(f"{root}: {' '.join(words)}: {done.returncode}\n{done.stderr}")


def _line(order: Mapping[str, object]) -> str:
    return json.dumps({key: value for key, value in order.items() if key not in _APART}, sort_keys=True)


def main() -> int:
    """Compare, and print a line for each of the two."""
    other, found = Path(sys.argv[1]).resolve(), 0
    for orders in (backtest, demo):
        with TemporaryDirectory() as here, TemporaryDirectory() as there:
            ours, theirs = (list(orders(root, Path(tmp))) for root, tmp in ((ROOT, here), (other, there)))
        differ = [pair for pair in zip_longest(ours, theirs) if pair[0] != pair[1]]
        found += bool(differ)
        sys.stdout.write(f"{orders.__name__}: {len(ours)} and {len(theirs)} lines, {len(differ)} differ\n")
        for one, two in differ[:_SHOWN]:
            sys.stdout.write(f"  here:  {one}\n  there: {two}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
