"""Whose a journal is: its bot's alone, and readable for its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Halt
from bot.journal.journal import SqliteJournal
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, order


def test_everything_is_for_the_owners_eyes_only(journal: SqliteJournal, path: Path) -> None:
    journal.new_intent(order(), NOW, IDS)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite.lock"], 0o600
    )


def test_a_journal_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    path.chmod(0o644)
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    journal.close()


def test_a_client_id_that_venues_would_cut_is_never_made(path: Path) -> None:
    journal = SqliteJournal.open(path, "z23456789012", NOW, CURVES)
    journal.renew(NOW, 36**10 - 3)
    journal.close()
    journal = SqliteJournal.open(path, "z23456789012", NOW, CURVES)
    assert journal.new_intent(order(), NOW, IDS).client_id == "z23456789012-zzzzzzzzzz-1"
    journal.close()
    journal = SqliteJournal.open(path, "z23456789012", NOW, CURVES)
    with pytest.raises(Halt, match="begin a new journal"):
        journal.new_intent(order(), NOW, IDS)
    journal.close()


@pytest.mark.parametrize("bot_id", ["", "Bot", "a-b", "thirteenchars", "bot\n"])
def test_a_malformed_bot_id_is_refused(path: Path, bot_id: str) -> None:
    with pytest.raises(ConfigError, match="1 to 12"):
        SqliteJournal.open(path, bot_id, NOW, CURVES)


def test_another_bots_journal_is_refused_and_left_as_it_was(path: Path) -> None:
    first = SqliteJournal.open(path, "bot1", NOW, CURVES)
    first.close()
    with pytest.raises(ConfigError, match="belongs to the bot 'bot1'"):
        SqliteJournal.open(path, "bot2", NOW, CURVES)
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert journal.epoch == first.epoch + 1
    journal.close()
