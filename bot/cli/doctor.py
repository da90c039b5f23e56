"""``dnbot doctor``: check everything that the daemon depends on."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

import typer
from rich.console import Console

from bot.app import logging
from bot.app.doctor import examine
from bot.app.doctor_findings import Finding, Level
from bot.app.settings import Loaded
from bot.cli.console import screen, text
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.cli.session import Session

app = typer.Typer(add_completion=False)

_COLOURS = {Level.OK: "green", Level.SKIP: "dim", Level.WARN: "yellow", Level.FAIL: "bold red"}


@app.command()
def doctor(ctx: typer.Context, files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False) -> None:
    """Check endpoints, clock, venues, margin, broker, alerts, disk, journal and secrets; nothing is sent or changed.

    Ends with 0 where all is well or only worth a warning, with 1 where something fails, with 2 where the configuration
    can't be loaded.
    """
    loaded = open_settings(ctx, files, live=live)
    settings = loaded.settings
    logging.configure("error", settings.log.format, settings.secrets(), sys.stderr)
    found = asyncio.run(_examined(loaded, ctx.ensure_object(Session), screen(), as_json=as_json))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    if any(finding.level is Level.FAIL for finding in found):
        raise typer.Exit(1)


async def _examined(loaded: Loaded, session: Session, console: Console, *, as_json: bool) -> list[Finding]:
    found = []
    async for raw in examine(loaded):
        finding = Finding(raw.check, raw.level, session.redact(raw.message), session.redact(raw.fix))
        found.append(finding)
        if not as_json:
            _print(console, finding)
    return found


def _print(console: Console, finding: Finding) -> None:
    mark = (f"{finding.level.value:>4}", _COLOURS[finding.level])
    console.print(text(mark, "  ", (finding.check, "bold"), f": {finding.message}"))
    if finding.fix:
        console.print(text((f"      {finding.fix}", "cyan")))
