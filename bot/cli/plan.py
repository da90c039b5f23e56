"""``dnbot plan``: one snapshot, one decision, nothing sent."""

from __future__ import annotations

import asyncio
import json
import sys

import typer
from rich.console import Console

from bot.app import logging
from bot.app.plan import plan as make_plan
from bot.app.report import as_data
from bot.cli.options import AsJson, ConfigFiles, Level, Live, open_settings
from bot.cli.tables import show

app = typer.Typer(add_completion=False)


@app.command()
def plan(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    as_json: AsJson = False,
    live: Live = False,
    log_level: Level = None,
) -> None:
    """Read the chain and the venues once, decide, and print all of it; nothing is sent and nothing is written."""
    settings = open_settings(ctx, files, live=live, log_level=log_level).settings
    logging.configure(log_level or "warning", settings.log.format, settings.secrets(), sys.stderr)
    snapshot, decision = asyncio.run(make_plan(settings))
    if as_json:
        sys.stdout.write(json.dumps(as_data(snapshot, decision), indent=2) + "\n")
    else:
        show(Console(), snapshot, decision)
