"""A damaged journal: found at the opening, set aside, and whatever is in the next one is as it was written."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Halt
from bot.core.orders import OrderStatus
from bot.core.pnl.attribution import Attribution, HedgeResult
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Entry, EntrySource
from bot.core.types import PositionId
from bot.journal import sums
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.journal.soundness import faults, is_passing
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.test_migrate import age
from tests.journal.things import ETH, ETH_PERP, NOW, PAPER, fill, order, record, report

D = Decimal
CYCLES = 6
LATER = NOW + timedelta(days=1)
ANEW = {"meta", "events", "alembic_version"}
"""Tables that an opening writes to."""
Rows = dict[tuple[str, int], tuple[object, ...]]


def written(cycle: int) -> CycleRecord:
    """Return a cycle that booked a dollar, on the second day from the third on."""
    day, one = f"2025-03-0{1 + cycle // 3}", Attribution(hedges={ETH: HedgeResult(funding=D(1))}, total=D(1))
    today = one
    for _ in range(cycle % 3 if cycle >= 3 else cycle - 1):
        today = today.plus(one)
    total = Attribution(hedges={ETH: HedgeResult(funding=D(cycle))}, total=D(cycle))
    return replace(record(cycle, positions=5), book=Book(day, {}, {}, today, total))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a journal with rows in every table."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        for number in range(1, CYCLES + 1):
            intent = journal.new_intent(order("-0.5"), NOW, IDS)
            journal.add_fills([fill(str(number), intent.client_id, "-0.5")])
            if number < CYCLES:
                journal.resolve(intent.client_id, report(intent.client_id, OrderStatus.FILLED, "-0.5", "-0.5"), NOW)
            journal.add_event(Event(NOW, "state", "running", {}))
            journal.record(written(number))
        entry = Entry.single(10**24, 10**6, 2**128 - 1, EntrySource.MINT_EVENTS, 17)
        journal.save_entry(PositionId("local:uniswap_v2:0x1"), entry)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path))


def content(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        names = [name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            (name, row): values
            for name in names
            if name != "sums"
            for row, *values in connection.execute(f"SELECT rowid, * FROM {name}")  # noqa: S608 - the journal's tables
        }


def opened(path: Path) -> str | None:
    """Open a journal as a daemon does, write to it, and return what was damaged."""
    with closing(SqliteJournal.open(path, "bot1", LATER, CURVES)) as journal:
        journal.pending()
        journal.load_state()
        journal.load_book()
        journal.last_snapshot()
        return journal.damage


def told(path: Path) -> list[str]:
    with closing(JournalView.open(path, CURVES)) as view:
        return [event.message for event in view.events() if event.kind == "journal_damaged"]


def test_every_kind_of_write_keeps_the_sums(path: Path) -> None:
    assert faults(path) == ()
    with closing(SqliteJournal.open(path, "bot1", LATER, CURVES)) as journal:
        (pending,) = journal.pending()
        client_id = pending.intent.client_id
        journal.resolve(client_id, report(client_id, OrderStatus.FILLED, "-0.5", "-0.5"), LATER)
        journal.adopt(PAPER, ETH_PERP, D(-7), Event(LATER, "adopted", "by hand", {}))
        journal.record(written(CYCLES + 1))
        journal.renew(LATER)
        assert journal.damage is None
    assert faults(path) == ()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_bit_flips_nothing_untrue_is_read(whole: Path, tmp_path: Path, seed: int) -> None:
    """Each row of the journal that is opened then is the one that was written, or is not there and told of."""
    before, data, rng = content(whole), whole.read_bytes(), random.Random(seed)
    for number in range(25):
        path = tmp_path / str(number) / "journal.sqlite"
        path.parent.mkdir()
        flipped, at = bytearray(data), rng.randrange(len(data))
        flipped[at] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        damage = opened(path)
        after = content(path)
        remade = {"state", "book"} if damage else set()
        untrue = [key for key, row in after.items() if row != before.get(key) and key[0] not in ANEW | remade]
        assert untrue == [], (at, damage)
        lost = {table for table, row in before.keys() - after.keys()}
        assert lost <= {table for table in lost if damage and f"{table}: " in damage}, (at, damage)
        assert told(path) == ([damage] if damage else [])
        assert faults(path) == ()
        assert len(list(path.parent.glob("*.damaged-*"))) == (1 if damage else 0)


def damaged_row(path: Path, table: str, change: str) -> None:
    """Change a row as a flipped bit does: behind the back of who keeps the sums."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - our own words
        connection.commit()


def test_a_row_that_was_changed_is_named_and_left_out_of_the_next_journal(path: Path) -> None:
    damaged_row(path, "intents", "filled = '-0.4' WHERE number = 2")
    assert faults(path) == ("intents: row 2",)
    damage = opened(path)
    assert damage is not None
    (aside,) = path.parent.glob("*.damaged-*")
    assert (aside.name, faults(aside)) == ("journal.sqlite.damaged-20250302T120000Z", ("intents: row 2",))
    assert str(aside) in damage
    assert "lost is: intents: row 2." in damage
    assert told(path) == [damage]
    with closing(JournalView.open(path, CURVES)) as view:
        assert [item.intent.number for item in view.intents()] == [1, 3, 4, 5, 6]
    assert opened(path) is None
    assert not list(path.parent.glob("*.salvaged*"))


def test_a_row_that_is_gone_is_missed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM fills WHERE trade_id = '3'")
        connection.commit()
    assert faults(path) == ("fills: row 3",)


def test_lost_memory_is_taken_from_the_newest_cycle_and_sums_from_the_days(path: Path) -> None:
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        state, book = journal.load_state(), journal.load_book()
    damaged_row(path, "state", "state = x'00'")
    damaged_row(path, "book", "book = x'00'")
    damage = opened(path)
    assert damage is not None
    assert "state: row 1 (taken from cycle 6); book: row 1 (its sums are made of the days' results)" in damage
    with closing(SqliteJournal.open(path, "bot1", LATER, CURVES)) as journal:
        assert (journal.load_state(), journal.last_cycle()) == (state, CYCLES)
        again = journal.load_book()
        assert (again.total, again.today, again.day) == (book.total, book.today, book.day)
        journal.record(written(CYCLES + 1))


def test_what_is_no_database_any_more_is_set_aside_whole(path: Path) -> None:
    path.write_bytes(b"nothing of it " * 1000)
    damage = opened(path)
    assert damage is not None
    assert "file is not a database" in damage
    assert "intents: all rows" in damage
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == b"nothing of it " * 1000


@pytest.mark.parametrize("share", [0.001, 0.005, 0.05, 0.3, 0.6, 0.95])
def test_of_a_cut_file_what_is_left_is_kept(path: Path, whole: Path, share: float) -> None:
    before = content(whole)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    damage = opened(path)
    assert damage is not None
    after = content(path)
    assert not [k for k, row in after.items() if row != before.get(k) and k[0] not in ANEW | {"state", "book"}]
    assert faults(path) == ()


def test_a_damaged_journal_of_an_older_version_is_kept_as_far_as_its_structure_goes(path: Path) -> None:
    age(path, "0007")
    assert faults(path) == ()
    data = bytearray(path.read_bytes())
    at = data.index(b"cycles_") if b"cycles_" in data else 4096 * 3
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    assert faults(path) != ()
    assert opened(path) is not None
    assert faults(path) == ()
    with closing(JournalView.open(path, CURVES)) as view:
        view.intents()


def test_an_older_journal_gets_its_sums(path: Path) -> None:
    age(path, "0007")
    assert opened(path) is None
    assert faults(path) == ()
    damaged_row(path, "positions", "size = '-9'")
    assert faults(path) == ("positions: row 1",)


def test_a_newer_versions_journal_is_refused_and_not_touched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        sums.teach(connection)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        names = sums.columns(connection, "alembic_version")
        made = sums.expression(names, "t")
        right = f"(SELECT {made} FROM alembic_version t)"  # noqa: S608 - the journal's tables
        connection.execute(f"UPDATE sums SET sum = {right} WHERE name = 'alembic_version'")  # noqa: S608 - the same
        connection.commit()
    damaged_row(path, "intents", "filled = '-0.4' WHERE number = 2")
    data = path.read_bytes()
    with pytest.raises(ConfigError, match="a newer dnbot wrote"):
        opened(path)
    assert path.read_bytes() == data
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_revision_that_flipped_is_not_taken_for_a_newer_version(path: Path) -> None:
    damaged_row(path, "alembic_version", "version_num = '0108'")
    damage = opened(path)
    assert damage is not None
    assert "alembic_version: row 1" in damage


def test_a_file_in_use_is_not_taken_for_a_damaged_one(path: Path) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked") as caught:
            connection.execute("BEGIN IMMEDIATE")
    assert is_passing(caught.value)
    assert not is_passing(sqlite3.DatabaseError("file is not a database"))


def test_where_it_can_not_be_set_aside_nothing_is_touched(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    damaged_row(path, "intents", "filled = '-0.4' WHERE number = 2")
    monkeypatch.setattr("os.link", refused)
    with pytest.raises(Halt, match=r"intents: row 2.*can't be set aside: Operation not permitted"):
        opened(path)
    monkeypatch.undo()
    assert faults(path) == ("intents: row 2",)
    assert opened(path) is not None
