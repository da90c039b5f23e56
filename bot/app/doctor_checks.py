"""The doctor's checks of this machine: disk, journal, secrets, and the services beside the loop."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

from bot.app.doctor_findings import Finding, fail, ok, skip, warn
from bot.app.services import control_path, journal_path
from bot.app.settings import Loaded, Settings
from bot.app.settings.root import url_secrets
from bot.control.client import NotRunning, ask
from bot.control.messages import SOURCE
from bot.core.command import Command, Verb
from bot.core.printable import printable
from bot.journal.reader import JournalView
from bot.journal.soundness import faults
from bot.protocols.registry import CURVES

_LITTLE, _LEAST = 500, 50
"""MiB of free disk below which it warns, and fails."""
_OTHERS: Final = 0o077
_OLD_RATE: Final = 30
"""Days: a staked token gains a quarter of a percent in them."""
_CONTAINER: Final = Path("/run/secrets")
"""Where a container's engine mounts secrets; its isolation, not file modes, protects them."""


async def disk(settings: Settings) -> Sequence[Finding]:
    """Whether the state directory can be written, and has room."""
    name, folder = "state directory", settings.bot.state_dir.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return [fail(name, f"{there} can't be written by this user", "change its owner, or bot.state_dir")]
    free = shutil.disk_usage(there).free // 2**20
    text = f"{folder}: {free} MiB free"
    if free < _LEAST:
        return [fail(name, text, "make room: without a journal nothing is sent")]
    return [warn(name, text, "make room") if free < _LITTLE else ok(name, text)]


async def journal(settings: Settings) -> Sequence[Finding]:
    """Whether the journal is there, sound and of this version."""
    path = journal_path(settings)
    if not path.exists():
        return [skip("journal", f"{path} is not there yet; the first run makes it")]
    if found := faults(path):
        remedy = "start the daemon, which keeps what is whole, or restore a backup (docs/backup.md)"
        return [fail("journal", f"{path} is damaged: {'; '.join(found)}", remedy)]
    with closing(JournalView.open(path, CURVES)) as view:
        meta, pending = view.meta(), view.pending()
    size = f"{path.stat().st_size // 2**20} of {settings.bot.journal_size} MiB"
    text = f"of {meta.bot_id}, opened {meta.opened_at:%Y-%m-%d %H:%M} UTC, {len(pending)} orders unresolved, {size}"
    if meta.bot_id != settings.bot.id:
        return [fail("journal", text, f"set bot.id to {meta.bot_id!r}, or choose another bot.state_dir")]
    return [ok("journal", f"{text}; at this version's revision")]


async def daemon(settings: Settings) -> Sequence[Finding]:
    """Whether a daemon runs and answers."""
    try:
        answer = await asyncio.to_thread(ask, control_path(settings), Command(Verb.STATUS, SOURCE), 10)
    except NotRunning:
        return [skip("daemon", "none runs with this state directory")]
    return [ok("daemon", answer.message)]


async def secrets(loaded: Loaded) -> Sequence[Finding]:
    """Whether others on this machine can read files that hold secrets, endpoints' keys included."""
    exposed = sorted(_exposed(loaded))
    return [warn("secrets", f"others can read {path}", f"chmod 600 {path}") for path in exposed] or [
        ok("secrets", "no file with a secret can be read by others")
    ]


def _exposed(loaded: Loaded) -> Iterator[Path]:
    """Return the files with secrets that others can reach and read."""
    tellers = {loaded.origins.of(path) for path, url in loaded.settings.endpoints() if url_secrets(url)}
    for source in set(loaded.origins.sources()):
        path = Path(source.removeprefix("secret ").rpartition("(")[2].removesuffix(")"))
        # a TOML file with credentials must be private to load at all; one may still hold an endpoint's key
        holds = source != str(path) or source in tellers
        if holds and path.is_file() and not path.is_relative_to(_CONTAINER):
            is_closed = not path.parent.stat().st_mode & _OTHERS
            if path.stat().st_mode & _OTHERS and not is_closed:
                yield path


async def token_rates(settings: Settings, today: date) -> Sequence[Finding]:
    """Whether the fixed rates of staked tokens are recent: they drift by some percent a year."""
    found = []
    for name, chain in settings.chains.items():
        for address, token in chain.tokens.items():
            if token.rate == 1 or token.rate_from is not None:
                continue
            key = f'chains.{name}.tokens."{address}"'
            fix = f"look the rate up again and set {key}.rate_as_of, or read it from the chain by {key}.rate_from"
            if token.rate_as_of is None:
                found.append(warn("token rates", f"{key}.rate is {token.rate} since nobody knows when", fix))
            elif (age := (today - token.rate_as_of).days) > _OLD_RATE:
                found.append(warn("token rates", f"{key}.rate is {token.rate} of {age} days ago", fix))
    return found or [ok("token rates", "none is fixed for long")]


async def broker(settings: Settings) -> Sequence[Finding]:
    """Whether the broker accepts the bot's login."""
    if not settings.mqtt.enabled:
        return [skip("broker", "mqtt.enabled is false")]
    from aiomqtt import MqttError  # noqa: PLC0415 - only where there is a broker

    from bot.telemetry.mqtt.connect import client, tls_context  # noqa: PLC0415 - the same

    at = settings.mqtt.broker()
    where = f"{at.host}:{at.port}"
    try:
        async with client(at, None, tls_context(at)):
            pass
    except (MqttError, OSError) as error:
        return [fail("broker", f"{where}: {error}", "see that it runs, and check mqtt.username and the password")]
    if at.password and not at.tls and at.host not in ("127.0.0.1", "::1", "localhost"):
        return [warn("broker", f"{where}: the password goes over the network in clear", "set mqtt.tls = true")]
    return [ok("broker", f"{where}: connected{'' if settings.mqtt.key.get_secret_value() else '; takes no commands'}")]


async def telegram(settings: Settings) -> Sequence[Finding]:
    """Whether Telegram accepts the token, and which chats are answered."""
    own = settings.telegram
    if not own.enabled:
        return [skip("telegram", "telegram.enabled is false")]
    from bot.telemetry.telegram.api import BotApiError, TokenRefusedError, connected  # noqa: PLC0415 - as above

    found = []
    async with connected(own.api.get_secret_value(), own.token.get_secret_value()) as api:
        try:
            name = await api.own_name()
        except TokenRefusedError as error:
            return [fail("telegram", f"the token is not taken: {error}", "set telegram.token to what @BotFather gave")]
        except BotApiError as error:
            fix = "see that it can be reached from here; nothing else waits for it"
            return [warn("telegram", f"whether the token is good is unknown: {error}", fix)]
        for chat in own.chats:
            try:
                found.append(ok("telegram", printable(f"{name} answers {await api.name_of(chat)} ({chat})")))
            except BotApiError as error:
                fix = f"write /start to {name} from there, or correct telegram.chats"
                found.append(warn("telegram", printable(f"{name} knows no {chat}: {error}"), printable(fix)))
    return found


async def alerts(settings: Settings) -> Sequence[Finding]:
    """Whether Apprise knows the URLs; nothing is sent."""
    urls = [*settings.alerts.urls, *settings.alerts.critical_urls]
    if not urls:
        fix = "set alerts.urls, so that somebody hears of a freeze"
        return [warn("alerts", "nobody is told of anything", fix)]

    def unknown() -> int:
        import apprise  # noqa: PLC0415 - only where it is used

        return sum(not apprise.Apprise().add(url.get_secret_value()) for url in urls)

    wrong = await asyncio.to_thread(unknown)
    if wrong:
        return [fail("alerts", f"{wrong} of {len(urls)} URLs mean nothing to Apprise", "correct alerts.urls")]
    pulse = "with" if settings.alerts.pulse_url else "without"
    return [ok("alerts", f"{len(urls)} URLs, {pulse} a dead man's switch")]
