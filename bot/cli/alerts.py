"""``dnbot alerts``: send a test alert to everybody who is configured to be told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Final

import typer

from bot.app.settings import Settings
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.core.decision import Severity
from bot.core.errors import ConfigError
from bot.telemetry.notifications.carriers import DEADLINE, Apprise, Text, ask

_FAILED: Final = 1

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def alerts() -> None:
    """Alerts by mail, chat and pager."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One target, by its key in the configuration and its service; never by its URL, which is a secret."""

    target: str
    delivered: bool


@app.command("test")
def try_all(ctx: typer.Context, files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False) -> None:
    """Send a test message to each of alerts.urls and alerts.critical_urls, and ask alerts.pulse_url once."""
    settings = open_settings(ctx, files, live=live, keyless=True).settings
    if not settings.alerts.are_wanted:
        raise ConfigError("is empty: nobody would be told of anything; add an Apprise URL", key="alerts.urls")
    tried = asyncio.run(_all(settings))
    if as_json:
        typer.echo(json.dumps([{"target": one.target, "delivered": one.delivered} for one in tried]))
    else:
        for one in tried:
            typer.echo(f"{one.target}: {'delivered' if one.delivered else 'NOT delivered'}")
    if not all(one.delivered for one in tried):
        raise typer.Exit(_FAILED)


async def _all(settings: Settings) -> list[Tried]:
    own = settings.alerts
    text = Text(
        Severity.INFO,
        f"dnbot {settings.bot.id}: test",
        "this is a test, by `dnbot alerts test`: nothing happened, and alerts reach you",
    )
    targets: list[tuple[str, Coroutine[object, object, bool]]] = []
    for key, urls in (("urls", own.urls), ("critical_urls", own.critical_urls)):
        for number, url in enumerate(urls):
            service = url.get_secret_value().partition("://")[0]
            targets.append((f"alerts.{key}[{number}] ({service})", Apprise([url.get_secret_value()], ()).say(text)))
    if own.pulse_url is not None:
        targets.append(("alerts.pulse_url", ask(own.pulse_url.get_secret_value())))
    return [Tried(name, await _within(work)) for name, work in targets]


async def _within(work: Coroutine[object, object, bool]) -> bool:
    try:
        async with asyncio.timeout(DEADLINE):
            return await work
    except TimeoutError:
        return False
