"""One writer per journal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Halt
from bot.journal.journal import SqliteJournal
from bot.journal.lock import JournalLock, holder
from bot.protocols.registry import CURVES
from tests.journal.things import NOW

WAITS = """
import sys
from pathlib import Path
from bot.journal.lock import JournalLock
lock = JournalLock(Path(sys.argv[1]), "2025-01-01T00:00:00+00:00")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_second_daemon_is_refused_and_told_who_the_first_one_is(path: Path) -> None:
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    with pytest.raises(Halt, match=rf"in use by process {os.getpid()} on \S+, since 2025-03-01 12:00:00 UTC"):
        SqliteJournal.open(path, "bot1", NOW, CURVES)
    journal.close()
    again = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert again.epoch == journal.epoch + 1
    again.close()


def test_a_killed_daemon_holds_nothing(path: Path) -> None:
    command = [sys.executable, "-c", WAITS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:  # noqa: S603 - ours
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        found = holder(path)
        assert found is not None
        assert found.pid == other.pid
        with pytest.raises(Halt, match=f"process {other.pid} on"):
            JournalLock(path, "")
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert holder(path) is None
    JournalLock(path, "").release()


def test_looking_who_holds_it_does_not_take_it(path: Path) -> None:
    assert holder(path) is None
    lock = JournalLock(path, "now")
    assert holder(path) == holder(path)
    lock.release()
    lock.release()
    assert holder(path) is None
    JournalLock(path, "again").release()


def test_a_lock_file_that_is_damaged_still_locks(path: Path) -> None:
    lock = JournalLock(path, "now")
    path.with_name("journal.sqlite.lock").write_text("{")
    with pytest.raises(Halt, match="in use by another process"):
        JournalLock(path, "later")
    lock.release()


def test_a_failed_opening_gives_the_lock_back(path: Path) -> None:
    SqliteJournal.open(path, "bot1", NOW, CURVES).close()
    for _ in range(2):
        with pytest.raises(ConfigError, match="belongs to the bot"):
            SqliteJournal.open(path, "bot2", NOW, CURVES)


def test_a_directory_that_can_not_be_made_halts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Halt, match="can't be made"):
        SqliteJournal.open(tmp_path / "file" / "journal.sqlite", "bot1", NOW, CURVES)


def test_a_journal_that_is_a_directory_halts(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Halt, match="can't be opened"):
        SqliteJournal.open(path, "bot1", NOW, CURVES)
