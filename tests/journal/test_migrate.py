"""Migrations yield the tables that the code speaks of; journals of other versions are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bot.core.errors import ConfigError
from bot.core.orders import OrderStatus
from bot.core.pnl.ledger import Book
from bot.core.snapshot import Entry, EntrySource
from bot.core.types import PositionId
from bot.journal import migrate, sums, tables
from bot.journal.database import Database
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, order, record, report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "100% mine" / "journal.sqlite"


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def revise(path: Path, revision: str) -> None:
    """Write another revision into a journal, as the version that it is of would."""
    with closing(Database.for_writing(path)) as database, database.transaction() as connection:
        sums.keep(connection, anew=False)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (revision,))


def test_migrations_yield_the_tables_of_the_code(path: Path) -> None:
    SqliteJournal.open(path, "bot1", NOW, CURVES).close()
    database = Database.for_reading(path)
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
        found = inspect(connection)
        assert {name for name in found.get_table_names() if name != "alembic_version"} == set(tables.metadata.tables)
        for name, table in tables.metadata.tables.items():
            assert found.get_pk_constraint(name)["constrained_columns"] == [column.name for column in table.primary_key]
        assert [check["sqltext"] for check in found.get_check_constraints("state")] == ["id = 1"]
    database.close()


def test_the_newest_migration_is_the_one_that_the_code_knows(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD
    assert not list(tmp_path.iterdir())


def test_a_journal_of_the_future_is_refused_by_both_sides(path: Path) -> None:
    SqliteJournal.open(path, "bot1", NOW, CURVES).close()
    revise(path, "9999")
    with pytest.raises(ConfigError, match=r"journal\.sqlite: a newer dnbot wrote this journal .*9999"):
        SqliteJournal.open(path, "bot1", NOW, CURVES)
    with pytest.raises(ConfigError, match="a newer dnbot"):
        JournalView.open(path, CURVES)


def test_a_reader_does_not_migrate(path: Path) -> None:
    SqliteJournal.open(path, "bot1", NOW, CURVES).close()
    execute(path, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(ConfigError, match="an older dnbot"):
        JournalView.open(path, CURVES)


def test_someone_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "wallet.sqlite"
    execute(path, "CREATE TABLE precious (x)")
    with pytest.raises(ConfigError, match="no dnbot journal"):
        SqliteJournal.open(path, "bot1", NOW, CURVES)
    with pytest.raises(ConfigError, match="no dnbot journal"):
        JournalView.open(path, CURVES)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    connection.close()


def test_a_file_that_a_crash_left_empty_is_begun(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert journal.last_cycle() == 0
    journal.close()


def test_the_file_is_synced_at_every_commit(path: Path) -> None:
    database = Database.for_writing(_parent(path))
    with database.transaction() as connection:
        facts = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert facts == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def _parent(path: Path) -> Path:
    path.parent.mkdir()
    return path


def age(path: Path, revision: str) -> None:
    """Make a journal one of an older revision, as far as what came later adds tables and columns."""
    added = {
        "0008": ("TABLE sums",),
        "0007": ("TABLE cash",),
        "0005": ("cycles.inputs", "cycles.version"),
        "0004": (
            "TABLE book",
            "TABLE results",
            *(f"cycles.{name}" for name in ("before", "settlement")),
            "intents.mark",
        ),
        "0003": ("entries.root",),
        "0002": ("TABLE positions",),
    }
    for later, things in added.items():
        for thing in things if later > revision else ():
            table, _, column = thing.partition(".")
            execute(path, f"ALTER TABLE {table} DROP COLUMN {column}" if column else f"DROP {thing}")
    execute(path, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - our own words


def test_entries_of_an_older_journal_keep_their_amounts_and_get_a_root(path: Path) -> None:
    held = PositionId("local:uniswap_v2:0x1")
    entry = Entry.single(4 * 10**24, 9 * 10**6, 2**128 - 1, EntrySource.MINT_EVENTS, 17)
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        journal.save_entry(held, entry)
    age(path, "0002")
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert journal.entry(held) == entry


def test_positions_are_reckoned_from_the_orders_of_an_older_journal(path: Path) -> None:
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        for quantity in ("-1.25", "-0.5", "0.25"):
            intent = journal.new_intent(order(quantity), NOW, IDS)
            journal.resolve(intent.client_id, report(intent.client_id, OrderStatus.FILLED, quantity, quantity), NOW)
        before = journal.expected()
    age(path, "0001")
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert {key: one.size for key, one in journal.expected().items()} == {
            key: one.size for key, one in before.items()
        }
        assert [one.size for one in before.values()] == [Decimal("-1.5")]


def test_an_older_journal_begins_its_book_with_the_next_cycle(path: Path) -> None:
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        intent = journal.new_intent(order(), NOW, IDS)
        journal.record(record(1))
    age(path, "0003")
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert journal.load_book() == Book()
        assert [item.intent for item in journal.pending()] == [intent]
    with closing(JournalView.open(path, CURVES)) as view:
        assert view.results() == {}
        assert list(view.records()) == [record(1)]
