"""The journal that tests write to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.journal.journal import SqliteJournal
from bot.protocols.registry import CURVES
from tests.journal.things import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    yield journal
    journal.close()
