"""The command line's end of the control socket."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from bot.control.messages import LONGEST, Refusal, decode_answer, encode_command, socket_address
from bot.core.command import Command, CommandResult
from bot.core.errors import Halt

_PATIENCE: Final = 60.0
"""Seconds to wait for an answer: the loop answers between cycles, and one on a slow chain may take that long."""


class NotRunning(Halt):
    """Nobody listens at the socket."""


def ask(path: Path, command: Command, patience: float = _PATIENCE) -> CommandResult:
    """Send a command to the daemon and wait for its answer.

    Raises:
        NotRunning: no daemon runs with this state directory.
        Halt: it refused the request, gave no answer in time, or one that is not understood.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        try:
            with socket_address(path) as address:
                connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning(f"no daemon runs here: nobody listens at {path}") from None
        except OSError as error:
            raise Halt(f"{path}: the daemon can't be reached: {error.strerror or error}") from error
        try:
            connection.sendall(encode_command(command))
            with connection.makefile("rb") as answers:
                line = answers.readline(LONGEST)
        except TimeoutError:
            late = f"the daemon gave no answer within {patience:g} s; it acts on the command as soon as it can"
            raise Halt(late) from None
        except ConnectionError:
            line = b""
    if not line:
        raise Halt("the daemon ended before it answered")
    return _understood(line)


def _understood(line: bytes) -> CommandResult:
    try:
        answer = decode_answer(line)
    except ValueError as error:
        raise Halt(str(error)) from None
    if isinstance(answer, Refusal):
        raise Halt(f"the daemon refused: {answer.error}")
    return answer
