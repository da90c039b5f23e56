"""The journal's reading side: while the daemon writes, and where there is none."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Halt
from bot.core.orders import OrderStatus
from bot.core.record import Event
from bot.core.snapshot import VenueUnknown
from bot.journal.cycle_summary import HedgeFigures
from bot.journal.journal import SqliteJournal
from bot.journal.lock import Holder
from bot.journal.order_lifecycle import IntentStatus
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import ETH, NOW, PAPER, fill, order, record, report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def view(journal: SqliteJournal, path: Path) -> Iterator[JournalView]:
    assert journal.last_cycle() == 0
    view = JournalView.open(path, CURVES)
    yield view
    view.close()


def test_a_new_journal_has_nothing_to_show(view: JournalView) -> None:
    assert view.last_record() is None
    assert [len(found) for found in (view.summaries(), view.intents(), view.fills(), view.events())] == [0] * 4


def test_it_tells_whose_journal_it_is_and_who_writes_it(journal: SqliteJournal, view: JournalView) -> None:
    meta = view.meta()
    assert (meta.bot_id, meta.epoch, meta.opened_at) == ("bot1", journal.epoch, NOW)
    assert meta.holder == Holder(os.getpid(), socket.gethostname(), "2025-03-01T12:00:00.250000+00:00")
    journal.close()
    assert view.meta().holder is None


def test_it_sees_what_is_written_meanwhile(journal: SqliteJournal, view: JournalView) -> None:
    for number in (1, 2, 3):
        journal.record(record(number))
        assert view.last_record() == record(number)
        assert view.summaries()[-1].number == number


def test_summaries_come_from_a_number_on_and_are_the_newest(journal: SqliteJournal, view: JournalView) -> None:
    for number in range(1, 11):
        journal.record(record(number))
    assert [summary.number for summary in view.summaries(after=7)] == [8, 9, 10]
    assert [summary.number for summary in view.summaries(after=2, limit=2)] == [9, 10]
    assert view.summaries(after=10) == ()


def test_a_summary_has_the_figures_of_its_cycle(journal: SqliteJournal, view: JournalView) -> None:
    journal.record(record(7, positions=3))
    (summary,) = view.summaries()
    assert (summary.at, summary.seconds, summary.blocks) == (NOW + timedelta(seconds=14), 0.0125, {"local": 1007})
    figures = summary.figures
    reports = record(7, positions=3).positions
    assert figures.lp_value == sum(one.value for one in reports if one.value) > 0
    assert figures.fees_value == sum(one.fees_value for one in reports if one.fees_value) > 0
    assert figures.il_value == sum(one.il_value for one in reports if one.il_value)
    assert figures.equity == {PAPER: Decimal("9990.5")}
    assert (figures.state.value, figures.positions, figures.approved, figures.refused, figures.alarms) == (
        "running",
        3,
        1,
        0,
        0,
    )
    assert figures.hedges == (
        HedgeFigures(
            underlying=ETH,
            exposure=Decimal("11.5"),
            target=Decimal("-4.5"),
            position=Decimal("-3.5"),
            in_flight=Decimal(0),
            drift=Decimal(1),
            outer=Decimal("0.4"),
            inner=Decimal("0.3"),
            mark=Decimal("2000.5"),
        ),
    )


def test_what_is_unknown_is_not_summed_up_as_zero(journal: SqliteJournal, view: JournalView) -> None:
    known = record(1)
    decision = replace(
        known.decision,
        prices={ETH: Decimal("2000.5")},
        hedges=(replace(known.decision.hedges[0], position=None, drift=None, band=None, mark=None),),
    )
    snapshot = replace(known.snapshot, venues=(VenueUnknown(PAPER, "time-out", NOW),))
    journal.record(replace(known, decision=decision, snapshot=snapshot))
    figures = view.summaries()[0].figures
    assert (figures.lp_value, figures.fees_value) == (None, None)
    assert figures.equity == {}
    assert (figures.hedges[0].drift, figures.hedges[0].outer, figures.hedges[0].mark) == (None, None, None)


def test_intents_come_with_what_became_of_them(journal: SqliteJournal, view: JournalView) -> None:
    first, second = (journal.new_intent(order(), NOW, IDS) for _ in range(2))
    filled = report(first.client_id, OrderStatus.FILLED, "-1.25")
    journal.resolve(first.client_id, filled, NOW)
    done, sent = view.intents()
    assert (done.intent, done.status, done.filled) == (first, IntentStatus.FILLED, Decimal("-1.25"))
    assert (done.outcome, done.resolved_at) == (filled, NOW)
    assert (sent.intent, sent.status, sent.filled) == (second, IntentStatus.SENT, Decimal(0))
    assert (sent.outcome, sent.resolved_at) == (None, None)
    assert view.intents(after=1) == (sent,)
    assert view.intents(limit=1) == (sent,)


def test_fills_and_events_come_oldest_first_from_a_time_on(journal: SqliteJournal, view: JournalView) -> None:
    fills = [fill(str(second), None, "-0.5", second=second) for second in (3, 1, 2)]
    journal.add_fills(fills)
    assert view.fills() == (fills[1], fills[2], fills[0])
    assert view.fills(since=NOW + timedelta(seconds=2)) == (fills[2], fills[0])
    assert view.fills(limit=1) == (fills[0],)
    told = [Event(NOW + timedelta(seconds=second), "alarm", str(second), {}) for second in range(3)]
    for event in told:
        journal.add_event(event)
    assert view.events(since=NOW + timedelta(seconds=1)) == (told[1], told[2])
    assert view.events(limit=2) == (told[1], told[2])


def test_it_can_be_read_after_the_daemon_has_gone(journal: SqliteJournal, path: Path) -> None:
    journal.record(record(1))
    journal.close()
    view = JournalView.open(path, CURVES)
    assert view.last_record() == record(1)
    view.close()


def test_it_can_not_write(view: JournalView, path: Path) -> None:
    before = path.read_bytes()
    view.meta()
    view.close()
    assert path.read_bytes() == before


def test_a_missing_journal_is_named(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"journal\.sqlite: there is no journal here that"):
        JournalView.open(path, CURVES)
    assert not path.exists()


def test_an_empty_file_is_no_journal_yet(path: Path) -> None:
    path.touch()
    with pytest.raises(ConfigError, match="the journal is empty"):
        JournalView.open(path, CURVES)


def test_a_database_without_tables_is_no_journal_yet(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(ConfigError, match="the journal is empty"):
        JournalView.open(path, CURVES)


def test_a_directory_and_a_text_are_no_journal(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        JournalView.open(tmp_path, CURVES)
    path.write_text("[venues.paper]\n" * 100)
    with pytest.raises(ConfigError, match="no dnbot journal"):
        JournalView.open(path, CURVES)


def test_a_damaged_cycle_halts_its_reader(journal: SqliteJournal, view: JournalView, path: Path) -> None:
    journal.record(record(1))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE cycles SET snapshot = x'00'")
    connection.commit()
    connection.close()
    with pytest.raises(Halt, match="damaged"):
        view.last_record()
