"""What adapters note outlives the process, and is nobody else's fact."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.core.scenes import NOW


def test_a_note_is_there_after_a_restart_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot", NOW, CURVES)) as journal:
        assert journal.notes.note("bot_id") is None
        for text in ("one", '{"low": 5}'):
            journal.notes.save_note("local:place", text)
    with closing(SqliteJournal.open(path, "bot", NOW, CURVES)) as journal:
        assert journal.notes.note("local:place") == '{"low": 5}'
        assert journal.notes.note("local:other") is None
    with closing(JournalView.open(path, CURVES)) as view:
        assert view.meta().bot_id == "bot"
