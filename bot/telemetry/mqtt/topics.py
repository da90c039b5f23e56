"""The topics below the prefix: their names, what they carry, who writes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.types import Underlying, VenueId
from bot.telemetry.mqtt import payloads


class Availability(StrEnum):
    """The availability topic's plain texts."""

    ONLINE = "online"
    OFFLINE = "offline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of topic; ``name`` is below the prefix, with NAME for what varies; ``model`` None is plain text."""

    name: str
    model: type[payloads.Payload] | None
    retained: bool
    writer: str
    what: str


AVAILABILITY: Final = "availability"
BOT: Final = "state/bot"
COMMANDS: Final = "state/commands"
EVENT: Final = "event"

TOPICS: Final = (
    Topic(
        AVAILABILITY,
        None,
        retained=True,
        writer="bot",
        what="`online`; `offline` by the broker (last will) when the bot is lost; `stopped` when it ended as asked",
    ),
    Topic(BOT, payloads.BotState, retained=True, writer="bot", what="the bot as a whole"),
    Topic(
        "state/underlying/NAME", payloads.UnderlyingState, retained=True, writer="bot", what="exposure, short and drift"
    ),
    Topic("state/venue/NAME", payloads.VenueState, retained=True, writer="bot", what="an account and its positions"),
    Topic(COMMANDS, payloads.CommandDesk, retained=True, writer="bot", what="what a sender of commands has to know"),
    Topic(EVENT, payloads.EventMessage, retained=False, writer="bot", what="what happened"),
    Topic("cmd/VERB", payloads.CommandMessage, retained=False, writer="operator", what="a signed command"),
    Topic("cmd/VERB/result", payloads.CommandReply, retained=False, writer="bot", what="what came of it"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send."""

    topic: str
    payload: bytes
    retain: bool


def underlying(name: Underlying) -> str:
    """Return an underlying's topic."""
    return f"state/underlying/{name}"


def venue(name: VenueId) -> str:
    """Return a venue's topic."""
    return f"state/venue/{name}"


def command(verb: str) -> str:
    """Return a command's topic."""
    return f"cmd/{verb}"


def result(verb: str) -> str:
    """Return the topic of a command's result."""
    return f"cmd/{verb}/result"
