"""The daemon's end of the control socket."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from bot.control.messages import LONGEST, Refusal, decode_command, encode_answer, socket_address
from bot.core.command import CommandResult
from bot.core.errors import ConfigError, Halt
from bot.ports import Operator

PATIENCE: Final = 10.0
"""Seconds that a client has to send its line."""
_OTHERS: Final = 0o177
"""The permissions that nobody gets."""


class ControlServer:
    """Accepts one command per connection and answers it, for as long as it runs.

    Args:
        path: the socket. Whoever holds the journal beside it owns it, so one that a dead daemon left is replaced.
        operator: the loop.

    Raises:
        ConfigError: the path is too long for a socket (on Linux none is).
        Halt: the socket can't be made.
    """

    name = "control"
    MOST: Final = 32
    """Clients at once; one more is closed as it comes."""

    def __init__(self, path: Path, operator: Operator) -> None:
        self._path, self._operator = path, operator
        self._socket = _listening(path)
        self._clients = 0

    async def run(self) -> None:
        """Answer until cancelled."""
        server = await asyncio.start_unix_server(self._serve, sock=self._socket, limit=LONGEST)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()  # without waiting for clients: a silent one must not delay the daemon

    def close(self) -> None:
        """Remove the socket."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients <= self.MOST:
                with suppress(ConnectionError):  # the client has gone; its command counts all the same
                    writer.write(encode_answer(await self._answer(reader)))
                    await writer.drain()
        finally:
            self._clients -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> CommandResult | Refusal:
        try:
            async with asyncio.timeout(PATIENCE):
                line = await reader.readline()
            command = decode_command(line)
        except TimeoutError:
            return Refusal(f"no command came within {PATIENCE:g} s")
        except ValueError as error:  # also a line above the limit
            return Refusal(str(error))
        return await self._operator.submit(command)


def _listening(path: Path) -> socket.socket:
    """Make the socket, for its owner only from its first moment on."""
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(_OTHERS)
    try:
        path.unlink(missing_ok=True)
        with socket_address(path) as address:
            listening.bind(address)
    except OSError as error:
        listening.close()
        if error.strerror is None:  # the address does not fit; there is no number for that
            hint = f"its path is too long for a socket ({path}); choose a shorter one"
            raise ConfigError(hint, key="bot.state_dir") from error
        raise Halt(f"{path}: the control socket can't be made: {error.strerror}") from error
    finally:
        os.umask(before)
    listening.listen()
    listening.setblocking(False)
    return listening
