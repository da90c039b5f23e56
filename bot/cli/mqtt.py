"""``dnbot mqtt``: signed commands over the broker, and the passwords and the key that they need."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.app.services import mqtt_prefix
from bot.app.settings.sources import read_text
from bot.cli.control import Reason, Yes, command, confirm_flatten, show_result
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.clock import SystemClock
from bot.core.command import Verb
from bot.core.errors import ConfigError
from bot.telemetry.mqtt.config import SAFE, Broker
from bot.telemetry.mqtt.keys import make_keys

app = typer.Typer(no_args_is_help=True, add_completion=False)

User = Annotated[str | None, typer.Option("--username", help="The broker's user; left out: the configuration's.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help="A file with that user's password.")]


@app.command()
def send(
    ctx: typer.Context,
    verb: Annotated[Verb, typer.Argument(help="What to command; resume is for the bot's own machine.")],
    reason: Reason = "",
    files: ConfigFiles = None,
    *,
    username: User = None,
    password_file: PasswordFile = None,
    yes: Yes = False,
    as_json: AsJson = False,
    live: Live = False,
) -> None:
    """Sign a command with the configuration's key, send it over the broker, and print what the bot says."""
    from bot.telemetry.mqtt.command_client import Sender  # noqa: PLC0415 - aiomqtt is imported where it is used only

    settings = open_settings(ctx, files, live=live, keyless=True).settings
    key = settings.mqtt.key.get_secret_value()
    if not key:
        raise ConfigError("is missing: nothing can be signed; `dnbot mqtt keys` makes one", key="mqtt.key")
    if verb not in SAFE:
        raise ConfigError(f"{verb.value} is never taken over MQTT; use `dnbot {verb.value}` at the bot's own machine")
    if verb is Verb.FLATTEN:
        confirm_flatten(yes=yes)
    broker = _as_user(settings.mqtt.broker(), username, password_file)
    sender = Sender(broker, mqtt_prefix(settings), settings.bot.id, key.encode(), SystemClock())
    show_result(asyncio.run(sender.send(command(verb, reason))), as_json=as_json)


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(help="A folder of your own; docker/secrets for docker/compose.yaml.")],
) -> None:
    """Make passwords for the broker's users, its password file, and the key that signs commands."""
    for file in make_keys(folder):
        typer.echo(str(file))


def _as_user(broker: Broker, username: str | None, password_file: Path | None) -> Broker:
    if username is None and password_file is None:
        return broker
    if username is None or password_file is None:
        raise ConfigError("--username and --password-file go together")
    password = read_text(password_file, what="it is to hold the password").rstrip("\r\n")
    return replace(broker, username=username, password=password)
