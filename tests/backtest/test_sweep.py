"""A sweep: the figures of single replays, whatever fails on the way, on processes that only this machine can reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from distributed import Client

from bot.backtest.engine import Plan, plan_replay, replay
from bot.backtest.kept_runs import KeptRuns
from bot.backtest.market import Market, open_market
from bot.backtest.report_points import Point, axes_of, grid
from bot.backtest.store import read_table
from bot.backtest.sweep import Run, Sweep, columns, figures_of, run_one, unbeaten, workers
from bot.core.errors import ConfigError
from tests.backtest.scenes import FILE, ROOT, generated, settings
from tests.cli.scenes import dnbot

psutil = pytest.importorskip("psutil", reason="dask brings it")
SCENARIO = generated([{"value": 100_000, "width": "20%"}], {"volatility": "0.8"})
KEY = "hedge.band.risk_aversion"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with workers(2, None) as found:
        yield found


@pytest.fixture(scope="module")
def market() -> Market:
    return open_market(SCENARIO)


def planned(market: Market, point: Point) -> Plan:
    return plan_replay(market, settings(**{key.replace(".", "__"): value for key, value in point.items()}), SCENARIO)


def test_the_runs_are_the_single_replays_in_the_order_of_the_grid(client: Client, market: Market) -> None:
    points = list(grid(axes_of([f"{KEY}=10,300"], searches=False)))
    told: list[Run] = []
    runs = Sweep(client, market, lambda point: planned(market, point), told.append).run(points)
    plans = [planned(market, point) for point in points]
    assert [run.figures for run in runs] == [figures_of(replay(plan)) for plan in plans]
    assert [run.point for run in runs] == points
    assert {id(run) for run in told} == {id(run) for run in runs}
    loose, tight = (run.figures for run in runs)
    assert loose is not None
    assert tight is not None
    assert loose.rebalancing_a_year < tight.rebalancing_a_year
    assert loose.tracking_error_a_year > tight.tracking_error_a_year
    assert tight.rebalancing_a_year < tight.cost_a_year


def test_a_run_that_fails_says_so_and_the_others_go_on(client: Client, market: Market) -> None:
    def plan(point: Point) -> Plan:
        if point[KEY] == "0":
            raise ConfigError("must be above 0", key=KEY)
        made = planned(market, point)
        return replace(made, venues=(None,)) if point[KEY] == "20" else made  # type: ignore[arg-type]  # a broken one

    points = [{KEY: value} for value in ("0", "20", "50")]
    refused, broken, whole = Sweep(client, market, plan, list[Run]().append).run(points)
    assert refused.figures is None
    assert refused.error is not None
    assert "must be above 0" in refused.error
    assert broken.error is not None
    assert broken.error.startswith("AttributeError")
    assert whole.error is None
    assert whole.figures is not None
    table = columns([refused, broken, whole])
    assert table[KEY] == ["0", "20", "50"]
    assert table["error"] == [refused.error, broken.error, None]
    assert table["orders"] == [None, None, whole.figures.orders]


def test_a_search_asks_for_its_trials_within_the_ranges_and_finds_the_same_again(
    client: Client, market: Market
) -> None:
    def search() -> list[Run]:
        under_way = Sweep(client, market, lambda point: planned(market, point), list[Run]().append)
        return under_way.search(axes_of([f"{KEY}=5..400", "hedge.ratio=0.5,1"], searches=True), 3)

    runs = search()
    assert len(runs) == 3
    assert all(run.figures for run in runs)
    assert all(5 <= int(run.point[KEY]) <= 400 and run.point["hedge.ratio"] in {"0.5", "1"} for run in runs)
    assert search() == runs


def test_only_this_machine_reaches_the_workers_and_there_is_no_dashboard(client: Client) -> None:
    workers_of_ours = client.scheduler_info()["workers"]
    assert len(workers_of_ours) == 2
    here = psutil.Process()
    listening = [
        connection.laddr
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert {address.ip for address in listening} == {"127.0.0.1"}
    port = client.scheduler_info()["services"]["dashboard"]  # so called, even where none is wanted
    for path in ("/", "/status", "/info/main/workers.html", "/json/counts.json"):
        with pytest.raises(HTTPError, match="404"), urlopen(f"http://127.0.0.1:{port}{path}", timeout=10):
            pass


def test_a_second_sweep_on_the_machine_takes_ports_of_its_own_without_a_word(client: Client) -> None:
    with workers(1, None) as other:
        ports = [one.scheduler_info()["services"]["dashboard"] for one in (client, other)]
    assert len(set(ports)) == 2


def test_the_command_writes_results_and_frontier_from_a_cluster(client: Client, tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FILE, encoding="utf-8")
    place = ["-c", ROOT / "config" / "paper-mainnet.toml", "--data", tmp_path, "-o", tmp_path / "out"]
    ran = dnbot("sweep", *place, "--set", "hedge.band.fixed_width=2%,8%", "--scheduler", client.scheduler.address)
    assert ran.code == 0, ran.err
    assert "unbeaten" in ran.out
    table = read_table(tmp_path / "out" / "sweep.parquet")
    assert table["hedge.band.fixed_width"] == ["2%", "8%"]
    assert table["tracking_error_a_year"][0] < table["tracking_error_a_year"][1]
    assert all(abs(amount) < 1e-4 for amount in table["residual_usd"])
    assert table["error"] == [None, None]
    assert (tmp_path / "out" / "frontier.png").read_bytes().startswith(b"\x89PNG")


def test_a_sweep_that_was_killed_keeps_what_had_ended_and_redoes_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FILE, encoding="utf-8")
    out, once = tmp_path / "out", tmp_path / "once"
    kept = out / "runs.kept"
    base: list[str | Path] = [
        sys.executable,
        "-m",
        "bot",
        "sweep",
        "-c",
        ROOT / "config" / "paper-mainnet.toml",
        "--data",
        tmp_path,
    ]
    base += ["--workers", "1", "--set", "hedge.band.fixed_width=2%,4%,6%,8%"]
    killed = subprocess.Popen(  # noqa: S603 - our own
        [*base, "-o", out], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while not kept.exists() or not runs_in(kept):
        with suppress(subprocess.TimeoutExpired):
            assert killed.wait(0.02) is None
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = runs_in(kept)
    assert 1 <= len(before) < 4
    assert not (out / "sweep.parquet").exists()
    cut = kept.read_bytes().rstrip()
    kept.write_bytes(cut[:-9])  # the machine went down while the last one was written

    again = subprocess.run([*base, "-o", out], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert "unbeaten" in again.stdout
    after = runs_in(kept)
    assert len(after) == 4  # each is there once: nothing whole was replayed again
    assert after[: len(before) - 1] == before[:-1]
    subprocess.run([*base, "-o", once], cwd=ROOT, capture_output=True, check=True)  # noqa: S603
    assert read_table(out / "sweep.parquet") == read_table(once / "sweep.parquet")


def runs_in(kept: Path) -> list[bytes]:
    """Return the lines of the runs that are kept whole."""
    lines = [line for line in kept.read_bytes().splitlines() if b" " in line]
    return [line for line in lines if sha256(line.split(b" ", 1)[1]).hexdigest().encode().startswith(line[:16])]


def test_kept_runs_are_known_by_settings_data_and_code(client: Client, market: Market, tmp_path: Path) -> None:
    points = list(grid(axes_of([f"{KEY}=10,300"], searches=False)))
    kept, told = KeptRuns.open(tmp_path), list[Run]()

    def swept(market: Market, points: Sequence[Point]) -> int:
        """Return how many of the points were replayed."""
        had = len(runs_in(kept.path)) if kept.path.exists() else 0
        runs = Sweep(client, market, lambda point: planned(market, point), told.append, kept).run(points)
        assert [run.point for run in runs] == list(points)
        assert all(run.figures for run in runs)
        return len(runs_in(kept.path)) - had

    assert swept(market, points) == 2
    assert KeptRuns.open(tmp_path).known == kept.known
    assert swept(market, points) == 0
    assert swept(market, [*points, {KEY: "30"}]) == 1
    other = generated([{"value": 100_000, "width": "20%"}], {"volatility": "0.8", "seed": 6})
    assert swept(open_market(other), points) == 2
    first, again, of_another = (
        {run.point[KEY]: run.figures for run in part} for part in (told[:2], told[2:4], told[-2:])
    )
    assert first == again != of_another


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("hedge.band.risk_aversoin=10,30", "did you mean hedge.band.risk_aversion?"),
        ("guards.slippage=1%,200%", "guards.slippage: '200%' is wrong"),
        ("hedge.ratio=0.5..1", "--optuna"),
    ],
)
def test_a_wrong_setting_is_said_before_anything_runs(wrong: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FILE, encoding="utf-8")
    out = tmp_path / "out"
    ran = dnbot("sweep", "-c", ROOT / "config" / "paper-mainnet.toml", "--data", tmp_path, "-o", out, "--set", wrong)
    assert ran.code == 2
    assert words in ran.err
    assert not out.exists()


def test_a_scheduler_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="--scheduler nonsense"), workers(1, "nonsense"):
        pass


def test_what_is_beaten_in_both_is_left_out(market: Market) -> None:
    plan = planned(market, {})
    one = run_one(market, plan.policy, plan.venues)

    def run(error: float, cost: float) -> Run:
        return Run({}, replace(one, tracking_error_a_year=error, rebalancing_a_year=cost))

    best = [run(0.01, 0.5), run(0.02, 0.2), run(0.05, 0.1)]
    assert unbeaten([run(0.03, 0.3), best[2], Run({}, error="no"), best[0], run(0.01, 0.6), best[1]]) == best


def test_without_the_research_extra_the_command_says_what_to_install() -> None:
    script = "import sys; sys.modules['numpy'] = None; from bot.cli.main import main; main()"
    command = [sys.executable, "-c", script, "sweep", "--data", "x"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own
    assert ran.returncode == 2
    assert "needs numpy: pip install 'dnbot[research]'" in ran.stderr
