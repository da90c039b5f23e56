"""The two calls of the Bot API that the link needs, each bounded in time and in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from bot.chain import bounded_json

WAITS: Final = 25
"""Seconds for which the server holds a question open while there is nothing new."""
_PATIENCE: Final = 10.0
_LARGEST: Final = 1 << 20
"""Bytes of an answer; a hundred messages of the greatest length have fewer."""


class TelegramError(Exception):
    """The Bot API could not be asked, or refused; ``retry_after`` seconds where it says so."""

    def __init__(self, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class BotApi:
    """A client; ``base`` with the token in it is never shown in an error."""

    def __init__(self, session: aiohttp.ClientSession, api: str, token: str) -> None:
        self._session, self._base = session, f"{api.rstrip('/')}/bot{token}"

    async def updates(self, offset: int | None) -> list[Any]:
        """Wait for messages from an update's number on.

        Raises:
            TelegramError: there is no answer, or it is none.
        """
        asked: dict[str, object] = {"timeout": WAITS, "limit": 100, "allowed_updates": ["message"]}
        found = await self._call("getUpdates", {**asked, **({} if offset is None else {"offset": offset})})
        if not isinstance(found, list):
            raise TelegramError("getUpdates: the answer holds no list")
        return found

    async def say(self, chat: int, text: str) -> None:
        """Send a plain text.

        Raises:
            TelegramError: it was not taken.
        """
        await self._call("sendMessage", {"chat_id": chat, "text": text})

    async def _call(self, method: str, body: Mapping[str, object]) -> object:
        timeout = aiohttp.ClientTimeout(total=WAITS + _PATIENCE)
        try:
            async with self._session.post(f"{self._base}/{method}", json=body, timeout=timeout) as answer:
                raw = bytearray()
                async for part in answer.content.iter_chunked(65536):
                    raw += part
                    if len(raw) > _LARGEST:
                        raise TelegramError(f"{method}: the answer is longer than {_LARGEST} bytes")
            found = bounded_json.parse(bytes(raw))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise TelegramError(f"{method}: {type(error).__name__}") from None  # its words may hold the token
        except ValueError:
            raise TelegramError(f"{method}: the answer is no JSON") from None
        if not isinstance(found, dict) or found.get("ok") is not True:
            raise _refusal(method, found)
        return found.get("result")


def _refusal(method: str, found: object) -> TelegramError:
    said = found if isinstance(found, dict) else {}
    parameters = said.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    words = str(said.get("description", "refused without a word"))[:200]
    return TelegramError(f"{method}: {words}", float(wait) if isinstance(wait, int) else 0.0)
