"""``dnbot sweep``: many backtests of one market with other settings, and the frontier that they make."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.backtest.engine import Plan, plan_replay
from bot.backtest.frontier_plot import save_frontier
from bot.backtest.frontier_theory import frontier
from bot.backtest.kept_runs import KeptRuns
from bot.backtest.market import open_market
from bot.backtest.report_points import Axis, Point, axes_of, ends, grid
from bot.backtest.scenario import load_scenario
from bot.backtest.store import arrow, write_table
from bot.backtest.sweep import Run, Sweep, columns, unbeaten, workers
from bot.cli.console import screen, table_of, text
from bot.cli.options import ConfigFiles, open_settings
from bot.core.errors import ConfigError

app = typer.Typer(add_completion=False)

_LEGEND = (
    "tracking error and costs a year, of the liquidity at the start; rebalancing: all costs but opening the hedge; "
    "variance left of the unhedged one; how near liquidation ever was"
)


@app.command()
def sweep(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    data: Annotated[Path, typer.Option(help="Scenario file, or the folder of a scenario.toml.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=V1,V2,…", help="A setting and its values; repeatable.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--optuna", min=1, metavar="N", help="Search N points; ranges: KEY=LOW..HIGH.")
    ] = None,
    count: Annotated[int, typer.Option("--workers", min=1, help="Processes of this machine.")] = os.cpu_count() or 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler instead; only one that you trust.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of sweep.parquet and frontier.png.")] = Path("sweep"),
) -> None:
    """Replay a market with every combination of settings, or search them; write results and the frontier.

    Runs that ended are kept in the folder, and not replayed again by a sweep of the same data, settings and version.
    """
    open_settings(ctx, files, keyless=True)
    axes = axes_of(settings or [], searches=trials is not None)
    scenario = load_scenario(data)
    market = open_market(scenario)

    def plan(point: Point) -> Plan:
        return plan_replay(market, open_settings(ctx, files, overrides=point, keyless=True).settings, scenario)

    for point in ends(axes) if trials else grid(axes):
        plan(point)  # errors are reported before anything runs
    arrow()
    _make(out)
    kept = KeptRuns.open(out)
    total = trials or sum(1 for _ in grid(axes))
    runs: list[Run] = []
    try:
        with _progress() as progress, workers(min(count, total), scheduler) as client:
            task = progress.add_task("replaying", total=total)

            def done(run: Run) -> None:
                runs.append(run)
                progress.advance(task)
                if run.error is not None:
                    progress.console.print(text(("failed", "red"), f"  {_words(run.point)}: {run.error}"))

            under_way = Sweep(client, market, plan, done, kept)
            runs = under_way.search(axes, trials) if trials else under_way.run(grid(axes))
    finally:
        if runs:
            write_table(out / "sweep.parquet", columns(runs))
    drawn = save_frontier(runs, frontier(plan({})), out / "frontier.png")
    _show(screen(markup=True), runs, axes)
    written = [out / "sweep.parquet", *([out / "frontier.png"] if drawn else [])]
    typer.echo(f"wrote {' and '.join(map(str, written))}", err=True)
    if failed := sum(run.error is not None for run in runs):
        typer.echo(f"{failed} of {len(runs)} replays failed; their errors are in the table", err=True)
        raise typer.Exit(1)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out can't be made: {error.strerror}", source=str(out)) from error


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=screen(stderr=True))


def _words(point: Mapping[str, str]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in point.items())


def _show(console: Console, runs: Sequence[Run], axes: Sequence[Axis]) -> None:
    """Print the runs by rising tracking error; those that no other one beats are marked."""
    names = [axis.key.rpartition(".")[2] for axis in axes]
    figures_shown = ("error", "rebalancing", "all costs", "variance", "orders", "liquidation", "")
    table = table_of(*names, *figures_shown, left=len(axes))
    best = [id(run) for run in unbeaten(runs)]
    known = [(run.figures.tracking_error_a_year, run, run.figures) for run in runs if run.figures]
    for _, run, figures in sorted(known, key=lambda item: item[0]):
        near = figures.nearest_liquidation
        table.add_row(
            *(run.point[axis.key] for axis in axes),
            f"{figures.tracking_error_a_year:.3%}",
            f"{figures.rebalancing_a_year:.3%}",
            f"{figures.cost_a_year:.3%}",
            f"{figures.variance_ratio:.3%}",
            str(figures.orders),
            "-" if near is None else f"{near:.1%}",
            "[green]unbeaten[/]" if id(run) in best else "",
        )
    console.print(table)
    console.print(_LEGEND, style="dim", highlight=False)
