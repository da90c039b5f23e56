"""``dnbot backtest``: a market replayed through the decision, the guards and the paper exchange that run live."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot.app import logging
from bot.backtest import optional_imports
from bot.cli.console import pays, screen, text
from bot.cli.options import AsJson, ConfigFiles, open_settings
from bot.clock import SystemClock
from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from bot.app.settings import Settings
    from bot.backtest.result import Horizon, Result

app = typer.Typer(add_completion=False)


@app.command()
def backtest(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    data: Annotated[
        Path, typer.Option(metavar="SCENARIO.toml", help="What is replayed: pools, positions, perpetuals.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for what it came to; `dnbot report` reads it.")] = None,
    every_row: Annotated[
        bool, typer.Option("--every-row", help="Decide at every row, not only where something can happen.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where one that was ended into the same --out had come to.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay, and print what the hedge would have earned and cost. The same input gives the same bytes."""
    settings = open_settings(ctx, files, keyless=True).settings
    logging.configure("error", settings.log.format, settings.secrets(), sys.stderr)
    if resume and out is None:
        raise ConfigError("--resume needs --out, the folder of the replay that was ended")
    result = run(settings, data, skip=not every_row, out=out, resume=resume)
    if out is not None:
        _write(result, out)
    if as_json:
        sys.stdout.write(json.dumps(result.as_data(), indent=2) + "\n")
    else:
        _show(screen(markup=True), result)
        if out is not None:
            screen().print(text(("written", "bold"), f"  {out}"))


def run(settings: Settings, data: Path, *, skip: bool, out: Path | None = None, resume: bool = False) -> Result:
    """Read the scenario and replay it, with a bar on a terminal; into ``out`` it is laid aside now and then.

    Raises:
        ConfigError: the research extra is missing, the scenario or its data must not be used, or what is to be resumed
            is of another replay.
    """
    try:
        from bot.backtest.checkpoint import Keeper  # noqa: PLC0415 - numpy, which the daemon does without
        from bot.backtest.engine import Replay, plan_replay  # noqa: PLC0415 - numpy, which the daemon does without
        from bot.backtest.market import open_market  # noqa: PLC0415 - the same
        from bot.backtest.scenario import load_scenario  # noqa: PLC0415 - the same
    except ImportError as error:
        raise optional_imports.missing("a backtest needs the research extra") from error
    scenario = load_scenario(data)
    market = open_market(scenario)
    console = screen(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=market.rows)
        plan = plan_replay(market, settings, scenario)
        replay = Replay(plan, skip=skip)
        keeper = None if out is None else Keeper(plan, _folder(out), SystemClock(), skip=skip)
        if keeper is not None and resume and not keeper.take_up(replay):
            console.print(f"nothing was laid aside in {out}: from the start", style="yellow", soft_wrap=True)

        def watch(at: Replay) -> None:
            bar.update(task, completed=at.tally.rows)
            if keeper is not None:
                keeper.watch(at)

        return replay.run(watch)


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(out)) from error
    return out


def _write(result: Result, out: Path) -> None:
    """Write a folder: ``summary.json``, ``orders.jsonl``, ``series.parquet`` (thinned rows) and the report's story.

    Raises:
        ConfigError: it can't be written.
    """
    from bot.backtest.checkpoint import FILE  # noqa: PLC0415 - as above
    from bot.backtest.report_model import of_result, save  # noqa: PLC0415 - only a folder needs it
    from bot.backtest.store import write_table  # noqa: PLC0415 - as above

    series = result.series
    columns: dict[str, Any] = {
        "time": series.at,
        "value": series.value,
        "hold": series.hold,
        "equity": series.equity,
        "distance": series.distance,
    }
    for name in series.marks:
        parts = {"mark": series.marks, "exposure": series.exposure, "short": series.short, "band": series.band}
        columns |= {f"{part}_{name}": found[name] for part, found in parts.items()}
    try:
        (out / "summary.json").write_text(json.dumps(result.as_data(), indent=2) + "\n", encoding="utf-8")
        (out / "orders.jsonl").write_text(result.order_lines(), encoding="utf-8")
        write_table(out / "series.parquet", columns)
        save(of_result(result), out)
        (out / FILE).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(out)) from error


def _show(console: Console, result: Result) -> None:
    """Print the figures."""
    total, hedge = result.total, result.total.hedge
    table = Table(show_header=False, box=box.SIMPLE, title="What the replay came to", title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    rows: list[tuple[str, str]] = [
        ("from, to", f"{result.start:%Y-%m-%d %H:%M} to {result.end:%Y-%m-%d %H:%M} UTC"),
        ("rows, decisions", f"{result.rows:,}, {result.steps:,}"),
        ("liquidity at the start, at the end, USD", f"{result.start_value:,.2f}, {result.end_value:,.2f}"),
        ("LP fees", f"{total.liquidity.fees:+,.2f}"),
        ("price of the deposit", f"{total.liquidity.hold:+,.2f}"),
        ("impermanent loss", f"{total.liquidity.il:+,.2f}"),
        ("hedge, price", f"{hedge.price:+,.2f}"),
        ("funding", f"{hedge.funding:+,.2f}"),
        ("trading fees, slippage", f"{hedge.trading_fees:+,.2f}, {hedge.slippage:+,.2f}"),
        ("unexplained", f"{total.residual:+.6f}"),
        ("result, USD", f"{total.total:+,.2f}"),
        ("without the hedge", f"{total.liquidity.total:+,.2f}"),
        ("loss against rebalancing, of it", f"{-total.liquidity.lvr:+,.2f}"),
        ("variance, hedged over unhedged: 1 min, 1 h, 1 d", ", ".join(map(_ratio, result.horizons.values()))),
        ("opening the hedge, once; rebalancing a year", f"{-result.opening:+,.2f}; {-result.rebalancing_a_year:.2%}"),
        ("tracking error a year, of it by drift", f"{result.tracking_error:.3%}, {result.tracking_error_adrift:.3%}"),
        ("orders, refused, liquidations", f"{len(result.orders)}, {result.refused}, {result.liquidations}"),
        ("nearest liquidation", "never short" if result.worst_distance is None else f"{result.worst_distance:.1%}"),
    ]
    for name, figure in rows:
        table.add_row(name, figure)
    console.print(table, highlight=False)
    stopped = [f"{guard} {count}" for guard, count in result.guards.items()]
    for name, items in (("orders stopped or cut", stopped), ("alarms", list(result.alarms))):
        if items:
            console.print(text((name, "bold"), f"  {', '.join(items)}"))
    console.print(pays(result.pool_result))
    for finding in result.findings:
        console.print(text(("data", "yellow"), f"     {finding.words}"))
    for line in result.assumptions:
        console.print(f"assumed  {line}", style="dim", highlight=False)


def _ratio(horizon: Horizon) -> str:
    return "unknown" if horizon.ratio is None else f"{horizon.ratio:.4%}"
