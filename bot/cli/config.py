"""``dnbot config``: write, show and describe the configuration."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bot.app.settings.example import example
from bot.app.settings.show import as_data, as_toml, json_schema
from bot.cli.options import AsJson, ConfigFiles, Level, Live, open_settings
from bot.core.errors import ConfigError

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def init(
    path: Annotated[Path | None, typer.Argument(help="File to write; printed if left out.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a commented example with every setting and its default."""
    if path is None:
        typer.echo(example(), nl=False)
        return
    if path.exists() and not force:
        raise ConfigError("exists already; --force replaces it", source=str(path))
    try:
        _write(path, example())
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(path)) from error
    typer.echo(f"wrote {path}; look at it with: dnbot config show -c {path}", err=True)


@app.command()
def show(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    as_json: AsJson = False,
    live: Live = False,
    log_level: Level = None,
) -> None:
    """Print the settings that result, each with its source; endpoints are shown without keys."""
    loaded = open_settings(ctx, files, live=live, log_level=log_level)
    typer.echo(json.dumps(as_data(loaded), indent=2, ensure_ascii=False) if as_json else as_toml(loaded).rstrip("\n"))


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration."""
    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; readable by its owner only, since endpoints hold keys."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
