"""Options that several commands take, and how they become settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.app.redact import Redactor
from bot.app.settings import Loaded, LogLevel, load
from bot.app.settings.problems import undotted
from bot.cli.session import Session

ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option("-c", "--config", metavar="FILE", help="Configuration file; may be given again, later ones win."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Live = Annotated[bool, typer.Option("--live", help='Allow mode = "live".')]
JournalCopy = Annotated[Path | None, typer.Option(help="A copy of the journal; left out: the one in place.")]
Level = Annotated[LogLevel | None, typer.Option("--log-level", help="The least severe level that is logged.")]


def open_settings(
    ctx: typer.Context,
    files: Sequence[Path] | None,
    *,
    live: bool = False,
    log_level: LogLevel | None = None,
    overrides: Mapping[str, str] | None = None,
    keyless: bool = False,
) -> Loaded:
    """Load the settings from the given files and the environment, and configure the session with them.

    ``overrides`` are settings that the command line gives, by dotted key; ``keyless`` commands ask no
    venue for anything that takes a key: they read what is public or stored, or talk to the daemon.

    Raises:
        ConfigError: something is wrong with them.
    """
    level = {} if log_level is None else {"log.level": log_level.value}
    loaded = load(files or [], os.environ, overrides={**level, **(overrides or {})}, live=live, keyless=keyless)
    for text in loaded.warnings:
        typer.echo(f"warning: {text}", err=True)
    session = ctx.ensure_object(Session)
    session.crash_dir = loaded.settings.bot.state_dir
    session.redact = Redactor(loaded.settings.secrets())
    session.source_of = lambda key: loaded.origins.blame(undotted(key))
    return loaded
