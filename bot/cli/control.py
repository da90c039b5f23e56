"""``dnbot pause``, ``resume``, ``freeze`` and ``flatten``: operator commands to the daemon on this machine."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from bot.app.services import control_path
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.control.client import ask
from bot.core.command import Command, CommandResult, Verb
from bot.core.errors import ConfigError

Reason = Annotated[str, typer.Argument(help="Why, in your own words; it is kept with the state.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

pause_app = typer.Typer(add_completion=False)
resume_app = typer.Typer(add_completion=False)
freeze_app = typer.Typer(add_completion=False)
flatten_app = typer.Typer(add_completion=False)

_FLATTEN = "This closes every short. Your liquidity is unhedged from then on, until `dnbot resume`. Go on?"


@pause_app.command()
def pause(
    ctx: typer.Context, reason: Reason = "", files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False
) -> None:
    """Send no hedge order, reductions neither, until `dnbot resume`; resting stops stay."""
    _tell(ctx, files, command(Verb.PAUSE, reason), as_json=as_json, live=live)


@resume_app.command()
def resume(
    ctx: typer.Context, reason: Reason = "", files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False
) -> None:
    """Hedge again; the only way out of frozen and halted."""
    _tell(ctx, files, command(Verb.RESUME, reason), as_json=as_json, live=live)


@freeze_app.command()
def freeze(
    ctx: typer.Context, reason: Reason = "", files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False
) -> None:
    """Add nothing to any short until `dnbot resume`; what reduces risk still happens."""
    _tell(ctx, files, command(Verb.FREEZE, reason), as_json=as_json, live=live)


@flatten_app.command()
def flatten(
    ctx: typer.Context,
    reason: Reason = "",
    files: ConfigFiles = None,
    *,
    yes: Yes = False,
    as_json: AsJson = False,
    live: Live = False,
) -> None:
    """Close every short, reduce-only. The liquidity is unhedged from then on."""
    confirm_flatten(yes=yes)
    _tell(ctx, files, command(Verb.FLATTEN, reason), as_json=as_json, live=live)


def confirm_flatten(*, yes: bool) -> None:
    """Ask for confirmation, unless it was given already.

    Raises:
        ConfigError: nobody is there to answer.
        typer.Abort: it was not confirmed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("flatten asks before it acts, and nobody can answer here; give --yes")
    typer.confirm(_FLATTEN, abort=True)


def command(verb: Verb, reason: str) -> Command:
    """Make a command.

    Raises:
        ConfigError: the reason is too long or can't be printed.
    """
    try:
        return Command(verb, "socket", reason)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def result_data(result: CommandResult) -> dict[str, object]:
    """Return a daemon's answer as JSON values."""
    bot = result.bot
    state = {"state": bot.state.value, "reason": bot.reason, "since": bot.since.isoformat()}
    return {"accepted": result.accepted, **state, "message": result.message}


def show_result(result: CommandResult, *, as_json: bool) -> None:
    """Print the daemon's answer; end with 1 where it changed nothing."""
    if as_json:
        typer.echo(json.dumps(result_data(result)))
    else:
        typer.echo(result.message if result.accepted else f"refused: {result.message}")
    if not result.accepted:
        raise typer.Exit(1)


def _tell(ctx: typer.Context, files: ConfigFiles, said: Command, *, as_json: bool, live: bool) -> None:
    settings = open_settings(ctx, files, live=live, keyless=True).settings
    show_result(ask(control_path(settings), said), as_json=as_json)
