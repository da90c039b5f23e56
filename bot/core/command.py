"""An operator's command and its answer, whatever the channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.run_state import BotState

LONGEST_REASON: Final = 200


class Verb(StrEnum):
    """What an operator can ask for."""

    PAUSE = "pause"
    RESUME = "resume"
    FREEZE = "freeze"
    FLATTEN = "flatten"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Command:
    """One request. ``source`` says which way it came (``socket``, ``mqtt``), ``reason`` is the operator's own words.

    Raises:
        ValueError: source or reason is too long, or holds characters that can't be printed.
    """

    verb: Verb
    source: str
    reason: str = ""

    def __post_init__(self) -> None:
        for name, text in (("source", self.source), ("reason", self.reason)):
            if len(text) > LONGEST_REASON or not text.isprintable():
                raise ValueError(f"{name} must be at most {LONGEST_REASON} printable characters")

    @property
    def words(self) -> str:
        """Return who asked for it and why."""
        return (
            f"{self.verb.value} by {self.source}: {self.reason}"
            if self.reason
            else f"{self.verb.value} by {self.source}"
        )


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The answer: whether the command was accepted, the state that stands now, and a sentence for the operator."""

    accepted: bool
    bot: BotState
    message: str
