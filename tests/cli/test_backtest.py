"""``dnbot backtest`` as a user runs it: from a fresh clone's example, and on data that must not be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.app.settings import load
from bot.backtest.checkpoint import FILE, fingerprint, lay_aside
from bot.backtest.engine import Replay, plan_replay
from bot.backtest.market import open_market
from bot.backtest.scenario import load_scenario
from bot.backtest.store import read_table
from tests.backtest.test_data import _perp_rows, _pool_rows, _write
from tests.cli.scenes import Ran, dnbot

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "paper-mainnet.toml"
COLUMNS = (
    "timestamp,netAmount0,netAmount1,closeTick,openTick,lowestTick,highestTick,inAmount0,inAmount1,currentLiquidity"
)
Rows = list[list[str]]
SCENARIO = """
collateral = 100000
[[pools]]
name = "p"
{source}
fee = 500
token0 = {{ symbol = "USDC", decimals = 6, underlying = "USD" }}
token1 = {{ symbol = "WETH", decimals = 18, underlying = "ETH" }}
positions = [{{ value = 100000, width = "10%" }}]
"""
MODEL = "model = { seed = 3, start = 2026-01-01T00:00:00Z, days = 2, volatility = 1.2 }"


def scenario(folder: Path, text: str) -> Path:
    file = folder / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    return file


def run(data: Path, *more: object) -> Ran:
    return dnbot("backtest", "-c", CONFIG, "--data", data, *more)


def test_the_examples_are_scenarios() -> None:
    assert [pool.name for pool in load_scenario(ROOT / "config" / "scenarios" / "generated.toml").pools] == [
        "usdc-weth"
    ]
    assert load_scenario(ROOT / "config" / "scenarios" / "recorded.toml").perps.keys() == {"ETH"}


def test_a_replay_prints_and_writes_the_same_with_and_without_every_row(tmp_path: Path) -> None:
    data = scenario(tmp_path, SCENARIO.format(source=MODEL))
    first, second = tmp_path / "a", tmp_path / "b"
    ran = run(data, "--json", "--out", first)
    assert ran.code == 0, ran.err
    assert run(data, "--out", second, "--every-row").code == 0
    figures = json.loads(ran.out)
    assert figures == json.loads((first / "summary.json").read_text())
    assert figures["rows"] == 2880
    assert figures["variance_ratio"] < 0.05
    orders = (first / "orders.jsonl").read_bytes()
    assert orders
    assert orders == (second / "orders.jsonl").read_bytes()
    assert len(orders.splitlines()) == figures["orders"]
    assert {"time", "value", "equity", "mark_ETH", "short_ETH"} <= read_table(first / "series.parquet").keys()


def test_a_replay_that_was_ended_is_resumed_into_the_same_folder(tmp_path: Path) -> None:
    data, out = scenario(tmp_path, SCENARIO.format(source=MODEL)), tmp_path / "out"
    assert run(data, "--out", tmp_path / "whole").code == 0
    found = load_scenario(data)
    plan = plan_replay(open_market(found), load([CONFIG], {}).settings, found)

    def end(at: Replay) -> None:
        lay_aside(at, fingerprint(plan, skip=True), out / FILE)
        raise KeyboardInterrupt

    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        Replay(plan, skip=True).run(end)
    refused = run(data, "--out", out, "--resume", "--every-row")
    assert (refused.code, [file.name for file in out.iterdir()]) == (2, [FILE])
    ran = run(data, "--out", out, "--resume")
    assert (ran.code, "from the start" in ran.err) == (0, False)
    names = {file.name for file in out.iterdir()}
    assert names == {"orders.jsonl", "summary.json", "series.parquet", "story.json"}
    assert all((out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names)
    again = run(data, "--out", out, "--resume")
    assert (again.code, "from the start" in again.err) == (0, True)


def test_resuming_needs_the_folder(tmp_path: Path) -> None:
    ran = run(scenario(tmp_path, SCENARIO.format(source=MODEL)), "--resume")
    assert (ran.code, "--resume needs --out" in ran.err) == (2, True)


def test_the_seed_of_pythons_hashes_changes_no_byte(tmp_path: Path) -> None:
    data = scenario(tmp_path, SCENARIO.format(source=MODEL))
    for seed in ("1", "4242"):
        asked = ("backtest", "-c", str(CONFIG), "--data", str(data), "--out", str(tmp_path / seed))
        command = [sys.executable, "-m", "bot", *asked]
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, env=environ, check=True, capture_output=True)  # noqa: S603 - ourselves
    for name in ("orders.jsonl", "summary.json", "series.parquet"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4242" / name).read_bytes()


def holed(rows: Rows) -> Rows:
    return rows[:600] + rows[780:]


def worthless(rows: Rows) -> Rows:
    return [*rows[:7], [*rows[7][:3], "0", "0", "0", "0", *rows[7][7:]], *rows[8:]]


def unsorted(rows: Rows) -> Rows:
    return [*rows[:100], rows[101], rows[100], *rows[102:]]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(holed, "gap"), (unsorted, "unsorted"), (worthless, "bad price")],
)
def test_bad_pool_data_is_named_and_not_used(tmp_path: Path, spoil: Callable[[Rows], Rows], words: str) -> None:
    _write(tmp_path / "pool.csv", tuple(COLUMNS.split(",")), spoil(_pool_rows()))
    ran = run(scenario(tmp_path, SCENARIO.format(source='path = "pool.csv"')))
    assert ran.code == 2
    assert words in ran.err
    assert "pool.csv" in ran.err


def free(rows: Rows) -> Rows:
    return [[row[0], "0", "0", "0", "0", "1"] if number == 7 else row for number, row in enumerate(rows)]


def from_india(rows: Rows) -> Rows:
    return [[str(datetime.fromisoformat(row[0]) + timedelta(hours=5, minutes=30)), *row[1:]] for row in rows]


@pytest.mark.parametrize(("spoil", "words"), [(free, "bad price"), (from_india, "time zone"), (unsorted, "unsorted")])
def test_bad_candles_are_named_and_not_used(tmp_path: Path, spoil: Callable[[Rows], Rows], words: str) -> None:
    rows = _pool_rows()
    _write(tmp_path / "pool.csv", tuple(COLUMNS.split(",")), rows)
    _write(tmp_path / "perp.csv", ("timestamp", "open", "high", "low", "close", "volume"), spoil(_perp_rows(rows)))
    text = SCENARIO.format(source='path = "pool.csv"') + '[perps.ETH]\npath = "perp.csv"\ntimezone = "UTC"\n'
    ran = run(scenario(tmp_path, text))
    assert ran.code == 2
    assert words in ran.err


def test_swapped_tokens_are_named(tmp_path: Path) -> None:
    _write(tmp_path / "pool.csv", tuple(COLUMNS.split(",")), _pool_rows())
    text = SCENARIO.format(source='path = "pool.csv"').replace("token0", "tokenX").replace("token1", "token0")
    ran = run(scenario(tmp_path, text.replace("tokenX", "token1")))
    assert ran.code == 2
    assert "token order" in ran.err


def test_a_missing_scenario_and_a_wrong_key_are_named(tmp_path: Path) -> None:
    missing = run(tmp_path / "no.toml")
    assert (missing.code, "no.toml" in missing.err) == (2, True)
    wrong = run(scenario(tmp_path, "colateral = 1\n" + SCENARIO.format(source=MODEL)))
    assert wrong.code == 2
    assert "colateral" in wrong.err
