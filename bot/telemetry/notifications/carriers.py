"""Send a text to people, and call the dead man's switch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import aiohttp

from bot.core.decision import Severity

DEADLINE: Final = 30.0
"""Seconds for one message, and for one pulse."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    severity: Severity
    title: str
    body: str


class Notifier(Protocol):
    """Sends a text to people."""

    async def say(self, text: Text) -> bool:
        """Send a text; return whether every target took it. Never raises for what a service or the network does."""


class Apprise:
    """Apprise with its URLs; imported at the first message, since it costs memory and half a second.

    ``urls`` get every alert, ``critical_urls`` only the critical ones.
    """

    def __init__(self, urls: Sequence[str], critical_urls: Sequence[str]) -> None:
        self._urls, self._critical = tuple(urls), tuple(critical_urls)

    async def say(self, text: Text) -> bool:
        """Send a text, in a thread of its own."""
        urls = self._urls + (self._critical if text.severity is Severity.CRITICAL else ())
        return not urls or await asyncio.to_thread(self._say, urls, text)

    def _say(self, urls: tuple[str, ...], text: Text) -> bool:
        import apprise  # noqa: PLC0415 - see the class

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines hold URLs
        kind = {
            Severity.INFO: apprise.NotifyType.INFO,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
        }[text.severity]
        carrier = apprise.Apprise()
        known = [carrier.add(url) for url in urls]
        plain = apprise.NotifyFormat.TEXT  # escaped where a service takes markup: an alarm may quote a stranger's token
        return bool(carrier.notify(text.body, text.title, kind, body_format=plain)) and all(known)


async def ask(url: str) -> bool:
    """Ask an URL by GET; whether it answered well."""
    timeout = aiohttp.ClientTimeout(total=DEADLINE)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
