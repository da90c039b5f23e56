"""Judges messages: listed, private, fresh, new, not too many; ``flatten`` only with the word that was given for it."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from telegram import Message, Update

from bot.core.command import Verb
from bot.ports import Clock

FRESH: Final = timedelta(seconds=60)
"""What is older was said to a bot that was away, and may not be meant any more."""
CONFIRMED_WITHIN: Final = 60.0
MOST: Final = 20
"""Messages of a chat in a minute that are answered."""
_REMEMBERED: Final = 1000
_COMMANDS: Final = (Verb.PAUSE, Verb.FREEZE, Verb.FLATTEN)


class Fault(StrEnum):
    """Why a message is not answered, or only with a refusal."""

    MALFORMED = "malformed"
    STRANGER = "stranger"
    OLD = "old"
    REPLAYED = "replayed"
    FLOOD = "flood"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a listed chat wants: to know something, or ``verb``; ``word`` is what it was confirmed with."""

    chat: int
    what: str
    rest: str = ""


class Gate:
    """Judges updates one after the other; ``refused`` counts what was not answered."""

    def __init__(self, chats: AbstractSet[int], clock: Clock) -> None:
        self._chats, self._clock = chats, clock
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)
        self._times: dict[int, deque[float]] = {chat: deque(maxlen=MOST) for chat in chats}
        self._codes: dict[int, tuple[str, float]] = {}
        self.refused: Counter[Fault] = Counter()

    def judge(self, update: Update) -> Asked | Fault:
        """Judge an update; its fields may be of any type."""
        found = self._judge(update)
        if isinstance(found, Fault):
            self.refused[found] += 1
        return found

    def _judge(self, update: Update) -> Asked | Fault:
        message = update.message
        if message is None or message.from_user is None:
            return Fault.MALFORMED
        if message.from_user.id != message.chat.id or message.chat.id not in self._chats:
            return Fault.STRANGER
        if update.update_id in self._seen:
            return Fault.REPLAYED
        self._seen.append(update.update_id)
        return self._read(message)

    def _read(self, message: Message) -> Asked | Fault:
        if not isinstance(message.text, str) or message.forward_origin is not None:
            return Fault.MALFORMED
        if abs(self._clock.now() - message.date) > FRESH:
            return Fault.OLD
        if self._is_flooded(message.chat.id):
            return Fault.FLOOD
        first, _, rest = message.text.strip().partition(" ")
        return Asked(message.chat.id, first.removeprefix("/").partition("@")[0].lower(), rest.strip())

    def _is_flooded(self, chat: int) -> bool:
        times, now = self._times[chat], self._clock.monotonic()
        if len(times) == MOST and now - times[0] < FRESH.total_seconds():
            return True
        times.append(now)
        return False

    def code(self, chat: int) -> str:
        """Return the word with which a chat confirms its ``flatten``; an earlier one is void."""
        code = f"{secrets.randbelow(1_000_000):06}"
        self._codes[chat] = code, self._clock.monotonic() + CONFIRMED_WITHIN
        return code

    def is_confirmed(self, chat: int, word: str) -> bool:
        """Whether that is the chat's word, in time; each is good once, and a wrong one voids it."""
        code, until = self._codes.pop(chat, ("", 0.0))
        return bool(code) and secrets.compare_digest(code.encode(), word.encode()) and self._clock.monotonic() <= until


def verb_of(what: str) -> Verb | None:
    """Return the command of that name; None where it is none, or one that never comes this way."""
    return next((verb for verb in _COMMANDS if verb.value == what), None)


HELP: Final = "/status, /plan, /pause, /freeze, /flatten; to add risk again: dnbot resume, at the bot's own machine"
