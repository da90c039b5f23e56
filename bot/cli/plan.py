"""``dnbot plan``: one snapshot, one decision, nothing sent."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from bot.app import logging
from bot.app.plan import plan as make_plan
from bot.app.plan import what_if
from bot.app.report import as_data, planned_view, what_if_data
from bot.app.services import journal_path
from bot.app.settings import Settings
from bot.cli.console import screen
from bot.cli.options import AsJson, ConfigFiles, Level, Live, open_settings
from bot.cli.tables import show
from bot.cli.what_if import show_what_if
from bot.core.errors import ConfigError
from bot.core.pnl.ledger import Book
from bot.core.types import Underlying
from bot.core.view.glance import glance
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES

app = typer.Typer(add_completion=False)


_MOVE = re.compile(r"([A-Za-z0-9]{1,12})=([+-]?\d+(?:\.\d+)?)%")


@app.command()
def plan(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    shock: Annotated[
        list[str] | None, typer.Option("--shock", metavar="ETH=+30%", help="What if a price moved; repeatable.")
    ] = None,
    as_json: AsJson = False,
    live: Live = False,
    log_level: Level = None,
) -> None:
    """Read the chain and the venues once, decide, and print all of it; nothing is sent and nothing is written."""
    shocks = _shocks(shock or [])
    settings = open_settings(ctx, files, live=live, log_level=log_level).settings
    logging.configure(log_level or "warning", settings.log.format, settings.secrets(), sys.stderr)
    if shocks:
        found = asyncio.run(what_if(settings, shocks))
        if as_json:
            sys.stdout.write(json.dumps(what_if_data(found), indent=2) + "\n")
        else:
            show_what_if(screen(), found)
        return
    view = planned_view(asyncio.run(make_plan(settings)), *_booked(settings))
    if as_json:
        data = {**as_data(view), "mode": settings.bot.mode.value, "glance": glance(view, settings.bot.mode).text}
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
    else:
        show(screen(), view, settings.bot.mode)


def _booked(settings: Settings) -> tuple[Book, date | None]:
    """Return what the journal booked, and since when; nothing where there is no journal yet."""
    path = journal_path(settings)
    if not path.exists():
        return Book(), None
    with closing(JournalView.open(path, CURVES)) as view:
        return view.book(), view.began()


def _shocks(texts: Sequence[str]) -> dict[Underlying, Decimal]:
    """Read what is to move.

    Raises:
        ConfigError: it is not a move, takes the whole price, or moves something twice.
    """
    found: dict[Underlying, Decimal] = {}
    for text in texts:
        match = _MOVE.fullmatch(text)
        if match is None:
            raise ConfigError(f"--shock {text}: write an underlying and a percentage, such as ETH=+30% or BTC=-20%")
        name, move = Underlying(match[1].upper()), Decimal(match[2]) / 100
        if move <= -1:
            raise ConfigError(f"--shock {text}: a price stays above 0; a fall is less than 100%")
        if name in found:
            raise ConfigError(f"--shock {text}: {name} is moved twice")
        found[name] = move
    return found
