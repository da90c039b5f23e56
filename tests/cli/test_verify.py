"""``verify``: 0 where every byte comes out again, 1 where one differs, 2 where there is no journal."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.settings import load
from bot.journal import rows
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.app.fakes import rig, view
from tests.cli.scenes import dnbot

CONFIG = Path(__file__).parents[2] / "config" / "paper-mainnet.toml"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of four cycles under the settings of an example."""

    async def play() -> None:
        async with rig(tmp_path, wanted=load([CONFIG], {}).settings.policy()) as run:
            for block in range(1, 5):
                await run.turn(view(block))

    asyncio.run(play())
    return tmp_path / "journal.sqlite"


def test_an_untouched_journal_comes_out_again(journal: Path) -> None:
    told = dnbot("verify", "-c", CONFIG, "--journal", journal)
    assert told.code == 0, told.err
    assert "4 of 4 journaled decisions derived again" in told.out
    assert "every byte is the same" in told.out
    found = json.loads(dnbot("verify", "-c", CONFIG, "--journal", journal, "--json").out)
    assert (found["cycles"], found["derived"], found["different"]) == (4, 4, [])


def test_a_changed_journal_is_found_out(journal: Path) -> None:
    with closing(JournalView.open(journal, CURVES)) as books:
        record = list(books.records())[1]
    hedges = tuple(replace(hedge, drift=Decimal(0)) for hedge in record.decision.hedges)
    forged = rows.pack(rows.DECISION, replace(record.decision, hedges=hedges))
    with closing(sqlite3.connect(journal)) as file, file:
        file.execute("UPDATE cycles SET decision = ? WHERE number = 2", (forged,))
    told = dnbot("verify", "-c", CONFIG, "--journal", journal)
    assert told.code == 1
    assert "cycle 2 differs: hedges" in told.out
    found = json.loads(dnbot("verify", "-c", CONFIG, "--journal", journal, "--json").out)
    assert found["different"] == [{"cycle": 2, "parts": ["hedges"]}]


def test_no_journal_is_wrong_use(tmp_path: Path) -> None:
    told = dnbot("verify", "-c", CONFIG, "--journal", tmp_path / "none.sqlite")
    assert told.code == 2
    assert "there is no journal here" in told.err
