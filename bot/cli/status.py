"""``dnbot status``: the running daemon's state, where there is one, and what the journal holds in any case."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.app.services import control_path
from bot.cli import live_status
from bot.cli.console import screen, text
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.cli.status_data import Status, read, status_data
from bot.cli.tables import results_table, show, show_short
from bot.clock import SystemClock
from bot.control.client import ask
from bot.control.messages import SOURCE
from bot.core.command import Command, CommandResult, Verb
from bot.core.errors import Halt

app = typer.Typer(add_completion=False)

_PATIENCE = 5.0


@app.command()
def status(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Positions, bands, results by term, the last orders and events, too.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Draw it anew with every cycle, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
    live: Live = False,
) -> None:
    """Print whether the exposure is hedged, what comes next, and what stands against it."""
    settings = open_settings(ctx, files, live=live, keyless=True).settings
    if follow:
        live_status.follow(partial(read, settings, None), screen(), SystemClock(), as_json=as_json)
        return
    found = read(settings, _asked(control_path(settings)))
    if as_json:
        sys.stdout.write(json.dumps(status_data(found), indent=2) + "\n")
    elif full:
        _show_full(screen(), found)
    else:
        _show_short(screen(), found)


def _asked(path: Path) -> CommandResult | None:
    """Ask the daemon for its state; None where none runs, or one that is too busy to answer at once."""
    try:
        return ask(path, Command(Verb.STATUS, SOURCE), _PATIENCE)
    except Halt:
        return None


def _show_short(console: Console, found: Status) -> None:
    view = found.view
    if view is None:
        console.print("no cycle was journaled yet")
    else:
        show_short(console, view, found.mode)
    _bot(console, found)


def _bot(console: Console, found: Status) -> None:
    """Say who runs, and what the daemon itself answers."""
    runs = f"held by {found.meta.holder}" if found.meta.holder else "no daemon runs"
    at = f", cycle {found.record.cycle} of {found.record.at:%Y-%m-%d %H:%M:%S} UTC" if found.record else ""
    console.print(text((f"{found.meta.bot_id}, epoch {found.meta.epoch}, {runs}{at}", "dim")))
    if found.now is not None:
        console.print(text(f"now: {found.now.message}"))


def _show_full(console: Console, found: Status) -> None:
    view = found.view
    if view is None:
        console.print("no cycle was journaled yet")
    else:
        show(console, view, found.mode)
        console.print(f"cycle {view.record.cycle} took {view.record.seconds * 1000:.0f} ms")
    for item in found.orders:
        request = item.intent.request
        what = f"{request.quantity} {request.symbol}: {item.status.value}, filled {item.filled}"
        at = f"{item.intent.created_at:%Y-%m-%d %H:%M:%S} UTC"
        console.print(text(f"{at}  {item.intent.client_id}  {what} ({request.reason})"))
    for event in found.events:
        console.print(text(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.kind}: {event.message}"))
    if found.book.day:
        console.print(results_table(found.book))
    _bot(console, found)
