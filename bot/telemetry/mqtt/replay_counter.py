"""The counter of the last command, in a small file, so that no restart accepts an old one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import structlog

from bot.core.errors import Halt

log = structlog.get_logger(__name__)

_OWNER_ONLY: Final = 0o600


class CounterFile:
    """The largest counter that was ever used.

    Raises:
        Halt: the file holds something else, or can't be read: nobody knows what was used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.last = int(path.read_text(encoding="ascii")) if path.exists() else -1
        except (OSError, ValueError) as error:
            message = f"{path}: this is no command counter ({error}); if you have no other copy, remove it"
            raise Halt(message) from error

    def use(self, counter: int) -> None:
        """Store a counter, durable when this returns.

        A full disk must not keep an operator from freezing the bot: the counter counts in memory then, and a restart
        begins a new epoch, which no old command fits.
        """
        self.last = counter
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
            try:
                os.write(file, str(counter).encode())
                os.fsync(file)
            finally:
                os.close(file)
            fresh.replace(self._path)
        except OSError as error:
            log.warning("the command counter is not on disk", file=str(self._path), reason=error.strerror)
