"""``dnbot demo``: the main job on a local chain, watched live."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from bot.cli.console import table_of
from bot.cli.options import AsJson
from bot.cli.venue import SPEAKS, spoken
from bot.clock import SystemClock
from bot.demo.driver import DemoRun, Seen, Tables, demo_run
from bot.demo.path import MARKETS
from bot.demo.plot import save_plot
from bot.demo.registry import PLAYED, USUAL
from bot.demo.scenario import MIN_BLOCKS, SceneSettings
from bot.demo.screen import render
from bot.demo.summary import DemoAccount, in_words, summary
from bot.demo.venues import DemoVenue, spacing_of

app = typer.Typer(add_completion=False)

Words = tuple[str, list[tuple[str, str, str]]]
"""What was taken away, and the terms of the result."""
_SHOWN_ORDERS = 6
_BLOCKS = 288
_PACE = 0.15
_VENUE_SECONDS = 32.0
"""Of play with venues, so that with start and end a minute is enough. So short a run may spend a minute's requests."""
_TOLD = {"files", "swing_usd", "eth_usd", "results_usd"}
"""Figures that are printed another way."""


def _known(name: str) -> str:
    """Read the name of a protocol that has a scene."""
    if name not in PLAYED:
        raise typer.BadParameter(f"{name} has no scene; there are {', '.join(PLAYED)}")
    return name


def _market(name: str) -> str:
    """Read the name of a market."""
    if name not in MARKETS:
        raise typer.BadParameter(f"{name} is none of {', '.join(MARKETS)}")
    return name


@app.command()
def demo(
    *,
    blocks: Annotated[int | None, typer.Option(help="Length of the scene; 288, with venues what 32 s hold.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the market; the same seed gives the same blocks.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Go on, scene after scene, until Ctrl-C.")] = False,
    as_json: AsJson = False,
    venue: Annotated[
        list[str] | None,
        typer.Option(parser=spoken, metavar=SPEAKS, help="Hedge through ccxt on a venue server; may be given again."),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(parser=_known, metavar="|".join(PLAYED), help="Whose a position is; staked where it has a farm."),
    ] = USUAL,
    market: Annotated[
        str,
        typer.Option(
            parser=_market,
            metavar="|".join(MARKETS),
            help="What prices do: rally, crash and come back in 48 days, or rise and fall in two.",
        ),
    ] = "swings",
    pace: Annotated[
        float | None,
        typer.Option(
            help="Seconds per block at least; 0.15 on a terminal, with venues what they can bear (1.5 or more), else 0."
        ),
    ] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Where the runs are kept, each in a folder.")] = Path(
        "var/demo"
    ),
) -> None:
    """Hedge LP tokens of WBTC/WETH and a USDC/ether position between ticks on a local chain with the real contracts."""
    console = Console(stderr=as_json)
    clock = SystemClock()
    kinds = venue or []
    usual = max((spacing_of(name) for name in kinds), default=_PACE if console.is_terminal else 0.0)
    length = blocks or (max(MIN_BLOCKS, int(_VENUE_SECONDS / usual)) if kinds else _BLOCKS)
    if kinds and length == MIN_BLOCKS and not keep:
        usual = min(usual, _VENUE_SECONDS / length)
    more = {"bot": {"cycle_spacing": f"{usual}s"}} if kinds else {}
    wait = usual if pace is None else pace
    settings = SceneSettings(seed=seed, blocks=length, market=MARKETS[market].within(length))
    here = folder.absolute() / f"{clock.now():%Y%m%d-%H%M%S}-seed{seed}"
    here.mkdir(parents=True)
    play = _play(here, settings, (kinds, protocol, more), None if keep else length, wait, console)
    figures, words = asyncio.run(play)
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        _print(console, figures, words)
    if figures["daemon_exit_code"] != 0:
        raise typer.Exit(1)


async def _play(
    folder: Path,
    settings: SceneSettings,
    on: tuple[list[str], str, Tables],
    total: int | None,
    pace: float,
    console: Console,
) -> tuple[dict[str, object], Words]:
    clock, account, stop = SystemClock(), DemoAccount(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console.print(f"starting a local chain with the contracts, and the daemon; all of it in {folder}")
    kinds, protocol, more = on
    async with demo_run(folder, settings, clock, kinds, more, protocol) as run:
        with Live(console=console, auto_refresh=False, transient=False) as live:
            while not stop.is_set() and (total is None or account.blocks < total):
                due = clock.monotonic() + pace
                seen = await run.step()
                account.add(seen)
                _show(console, live, run, account, seen, total)
                await clock.sleep(max(0.0, due - clock.monotonic()))
        await run.settle()
        plot = folder / "drift.png"
        files = {"plot": plot, "journal": run.journal, "config": run.config, "log": run.log}
        figures = summary(account, run.view(), {name: str(path) for name, path in files.items()})
        words = in_words(account, run.view())
        save_plot(account.track.points, plot)
        figures["seed"] = settings.seed
        figures["venues"] = {item.name: _truth(run, item) for item in run.venues}
        figures["daemon_exit_code"] = await run.stop()
    return figures, words


def _truth(run: DemoRun, venue: DemoVenue) -> dict[str, str]:
    """Compare the venue's own account with the journal's fills, lot by lot."""
    held = venue.positions()
    return {
        "agrees_with_journal": "yes" if held == run.booked(venue) else "no",
        **{key: str(size) for key, size in held.items()},
    }


def _show(console: Console, live: Live, run: DemoRun, account: DemoAccount, seen: Seen, total: int | None) -> None:
    if console.is_terminal:
        orders = run.view().intents(limit=_SHOWN_ORDERS)
        live.update(render(account, orders, total), refresh=True)
    else:
        for words in seen.step.told:
            console.print(f"block {seen.step.number}: {words}")


def _print(console: Console, figures: dict[str, object], words: Words) -> None:
    _tell(console, *words)
    table = Table(show_header=False, box=box.SIMPLE, title="Figures", title_justify="left")
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in figures.items():
        if name not in _TOLD and value != {}:  # without venues there is nothing to compare with
            table.add_row(name.replace("_", " "), _words(value))
    console.print(table, highlight=False)
    files = figures["files"]
    assert isinstance(files, dict)  # noqa: S101 - made above; tells the type checker
    for name, path in files.items():
        console.print(f"[bold]{name}[/bold]  {path}", highlight=False, soft_wrap=True)


def _tell(console: Console, said: str, terms: list[tuple[str, str, str]]) -> None:
    """Print what is sold, and what it costs."""
    console.print(f"\n[bold]What the hedge took away[/bold]\n{said}\n\n[bold]What came of it[/bold]", highlight=False)
    table = table_of("", "USD", "")
    table.columns[2].justify = "left"
    for row in terms:
        table.add_row(*row, style="bold" if row is terms[-1] else "")
    console.print(table, "", highlight=False)


def _words(value: object) -> str:
    if isinstance(value, dict):
        between = "\n" if any(isinstance(item, dict) for item in value.values()) else ", "
        return between.join(f"{str(name).replace('_', ' ')} {_words(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return f"{value:.3%}" if isinstance(value, float) else str(value)
