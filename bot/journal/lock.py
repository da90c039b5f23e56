"""One writer per journal: a lock of the operating system, which ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bot.core.errors import Halt

OWNER_ONLY: Final = 0o600
_CLOSED: Final = -1
_ATTEMPTS: Final = 100
"""Tries, each after letting others run: ``holder`` takes the lock for a few microseconds to see whether it is free."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a journal for writing; ``started_at`` is ISO-8601."""

    pid: int
    host: str
    started_at: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.started_at[:19].replace('T', ' ')} UTC"


class JournalLock:
    """The lock beside a journal, at ``<journal>.lock``; held from construction until ``release``.

    Raises:
        Halt: another process holds it, or the file can't be made.
    """

    def __init__(self, journal: Path, started_at: str) -> None:
        path = _lock_path(journal)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        except OSError as error:
            raise Halt(f"{path}: the journal's lock can't be made: {error.strerror}") from error
        if not _locked(self._file, fcntl.LOCK_EX, _ATTEMPTS):
            holder = _written(self._file)
            os.close(self._file)
            raise Halt(f"{journal} is in use by {holder or 'another process'}; two daemons must not trade one account")
        os.fchmod(self._file, OWNER_ONLY)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), started_at))).encode(), 0)

    def release(self) -> None:
        """Release the lock; idempotent."""
        if self._file == _CLOSED:
            return
        os.close(self._file)
        self._file = _CLOSED


def holder(journal: Path) -> Holder | None:
    """Return who holds a journal for writing, or None where nobody does (a dead process holds nothing)."""
    try:
        file = os.open(_lock_path(journal), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        found = _written(file)
        # what stands there may be of a process that has ended: only the lock itself proves that a process runs
        return None if found is None or _locked(file, fcntl.LOCK_SH, 1) else found
    finally:
        os.close(file)


def _lock_path(journal: Path) -> Path:
    return journal.with_name(journal.name + ".lock")


def _locked(file: int, kind: int, attempts: int) -> bool:
    for _ in range(attempts):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
        else:
            return True
    return False


def _written(file: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(file, 1000, 0)))
    except (ValueError, TypeError):
        return None
