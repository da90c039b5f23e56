"""Redact secrets from texts, and silence the loggers that would print keys."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, quote_plus

_SIGNED: Final = re.compile(
    r"(signature|sign|ACCESS-[A-Z]+|X-MBX-APIKEY)(['\"]?\s*[=:]\s*['\"]?)[^&\s'\",}]+", re.IGNORECASE
)
_LOUD: Final = ("ccxt", "aiohttp", "urllib3")
_LONGEST: Final = 300
"""Characters of a foreign text that are worth keeping."""


class Redactor:
    """Replaces known secrets, in every spelling of a URL or a log, and whatever looks like a signature."""

    def __init__(self, secrets: Sequence[str]) -> None:
        spellings = {
            form for one in secrets if one for form in (one, quote(one, safe=""), quote_plus(one), repr(one)[1:-1])
        }
        self._spellings = sorted(spellings, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without secrets, on one line and cut to a readable length."""
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        text = " ".join(_SIGNED.sub(r"\1\2***", text).split())
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def quiet_loggers() -> None:
    """Keep the loggers at WARNING that at DEBUG print requests with their keys and signatures."""
    for name in (*_LOUD, *(one for one in logging.root.manager.loggerDict if one.split(".")[0] in _LOUD)):
        logging.getLogger(name).setLevel(logging.WARNING)
