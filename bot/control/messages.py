"""Messages of the control socket: one JSON object a line, a request and its answer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.core.command import Command, CommandResult, Verb
from bot.core.run_state import BotState, RunState

SOCKET: Final = "control.sock"
"""The socket's name in the state directory."""
LONGEST: Final = 8192
"""Bytes of a line; a command and its answer are far shorter."""
SOURCE: Final = "socket"
_ADDRESS: Final = 107
_OPEN_FILES: Final = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The daemon's answer to a line that is no command."""

    error: str


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Return what to bind or connect to for a socket at ``path``, whose folder may be nested as deep as it likes.

    The kernel takes 107 bytes as a socket's address. A longer one is addressed through the open folder, where the
    system has ``/proc``; elsewhere bind and connect will report that it is too long.

    Raises:
        OSError: the folder can't be opened.
    """
    if len(os.fsencode(path)) <= _ADDRESS or not _OPEN_FILES.exists():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_OPEN_FILES / str(folder) / path.name)
    finally:
        os.close(folder)


def encode_command(command: Command) -> bytes:
    """Write a command's line."""
    return _line({"verb": command.verb.value, "reason": command.reason})


def decode_command(line: bytes) -> Command:
    """Read a command's line.

    Raises:
        ValueError: it is none; the message says why, and repeats nothing of it.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("this is no JSON") from None
    if not isinstance(value, dict) or not set(value) <= {"verb", "reason"}:
        raise ValueError('write {"verb": …, "reason": …}')
    verb, reason = value.get("verb"), value.get("reason", "")
    if verb not in list(Verb) or not isinstance(reason, str):
        raise ValueError(f"`verb` is one of {', '.join(Verb)}, `reason` a text")
    return Command(Verb(verb), SOURCE, reason)


def encode_answer(answer: CommandResult | Refusal) -> bytes:
    """Write an answer's line."""
    match answer:
        case Refusal(error):
            return _line({"error": error})
        case CommandResult(accepted, bot, message):
            state = {"state": bot.state.value, "reason": bot.reason, "since": bot.since.isoformat()}
            return _line({"accepted": accepted, "message": message, **state})


def decode_answer(line: bytes) -> CommandResult | Refusal:
    """Read an answer's line.

    Raises:
        ValueError: it is none: no daemon of this version wrote it.
    """
    try:
        value = json.loads(line)
        if "error" in value:
            return Refusal(str(value["error"]))
        bot = BotState(RunState(value["state"]), str(value["reason"]), datetime.fromisoformat(value["since"]))
        return CommandResult(bool(value["accepted"]), bot, str(value["message"]))
    except (ValueError, TypeError, KeyError):
        raise ValueError("the daemon's answer is not understood; is it of another version?") from None


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"
