"""Telegram's Bot API by python-telegram-bot, over a transport of our own: bounded in time, in bytes and in depth.

The library's own transport holds whatever comes, and logs each URL, which has the token in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import aiohttp
from telegram import Bot, Update
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.chain import bounded_json

T = TypeVar("T")

WAITS: Final = 25
"""Seconds for which the server holds a question open while there is nothing new."""
_PATIENCE: Final = 10.0
_LARGEST: Final = 1 << 20
"""Bytes of an answer; a hundred messages of the greatest length have fewer."""


class BotApiError(Exception):
    """The Bot API could not be asked, or refused; ``retry_after`` seconds where it says so."""

    def __init__(self, words: str, retry_after: float = 0.0) -> None:
        super().__init__(words[:200])
        self.retry_after = retry_after


class TokenRefusedError(BotApiError):
    """There is no bot of that token."""


class BotApi:
    """A client; the token is never shown in an error."""

    def __init__(self, session: aiohttp.ClientSession, api: str, token: str) -> None:
        transport = _Transport(session)
        self._bot = Bot(token, f"{api.rstrip('/')}/bot", request=transport, get_updates_request=transport)

    async def updates(self, offset: int | None) -> Sequence[Update]:
        """Wait for messages from an update's number on.

        Raises:
            BotApiError: there is no answer, or it is none.
        """
        return await _plainly(self._bot.get_updates(offset, timeout=WAITS, allowed_updates=[Update.MESSAGE]))

    async def say(self, chat: int, text: str) -> None:
        """Send a plain text.

        Raises:
            BotApiError: it was not taken.
        """
        await _plainly(self._bot.send_message(chat, text))

    async def own_name(self) -> str:
        """Return the bot's own name.

        Raises:
            TokenRefusedError: it has none.
            BotApiError: there is no answer.
        """
        return (await _plainly(self._bot.get_me())).name

    async def name_of(self, chat: int) -> str:
        """Return the name of whom a chat is with.

        Raises:
            BotApiError: the bot may not know, since nobody wrote to it from there, or there is no answer.
        """
        return (await _plainly(self._bot.get_chat(chat))).effective_name or "without a name"


@asynccontextmanager
async def connected(api: str, token: str) -> AsyncIterator[BotApi]:
    """Open a client, for a block; nothing is asked yet."""
    timeout = aiohttp.ClientTimeout(total=WAITS + _PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        yield BotApi(session, api, token)


async def _plainly(call: Awaitable[T]) -> T:
    """Await a call of the library, whose words may be as long as an answer, and whose parsing fails in any way."""
    try:
        return await call
    except InvalidToken as error:
        raise TokenRefusedError(str(error)) from None
    except RetryAfter as error:
        wait = error.retry_after
        raise BotApiError(str(error), wait.total_seconds() if isinstance(wait, timedelta) else wait) from None
    except TelegramError as error:
        raise BotApiError(str(error)) from None
    except Exception as error:  # noqa: BLE001 - see above
        raise BotApiError(f"an odd answer: {type(error).__name__}") from None


class _Transport(BaseRequest):
    """HTTP for the library: no proxy of the environment's, no redirect; the session bounds its time."""

    read_timeout = _PATIENCE

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def initialize(self) -> None:
        """Do nothing: the session is open."""

    async def shutdown(self) -> None:
        """Do nothing: who opened the session closes it."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: object, **_timeouts: object
    ) -> tuple[int, bytes]:
        """Ask, and return the status and the body."""
        fields = request_data.json_parameters if request_data else None
        try:
            async with self._session.request(method, url, data=fields, allow_redirects=False) as answer:
                encoding = answer.headers.get("Content-Encoding", "")
                return answer.status, await bounded_json.read(answer.content.iter_chunked(1 << 16), encoding, _LARGEST)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NetworkError(type(error).__name__) from None  # its words may hold the token

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Parse an answer; an update that the library can't read stays as its number, so that it holds up no other."""
        try:
            found = bounded_json.parse(payload)
        except ValueError:
            raise TelegramError("the answer is no JSON") from None
        if not isinstance(found, dict):
            raise TelegramError("the answer is no object")
        if isinstance(found.get("result"), list):
            found["result"] = [_readable(update) for update in found["result"]]
        return found


def _readable(update: object) -> dict[str, Any]:
    if not isinstance(update, dict) or not isinstance(number := update.get("update_id"), int):
        raise TelegramError("an update without a number")
    try:
        Update.de_json(update)
    except Exception:  # noqa: BLE001 - anybody can write anything to a bot
        return {"update_id": number}
    return update
