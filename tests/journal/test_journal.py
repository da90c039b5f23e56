"""The journal's writing side: intents, fills, cycles, entries, events, and coming back after a restart."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import Halt
from bot.core.inputs import PendingStatus
from bot.core.orders import NotFound, OrderKind, OrderStatus, Rejected, RejectReason, Unknown
from bot.core.reconciliation.identity import OrderKey
from bot.core.reconciliation.positions import Expected
from bot.core.record import Event
from bot.core.snapshot import Entry, EntrySource
from bot.core.types import ClientOrderId, PositionId, Symbol, VenueId
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.ports import Journal
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, PAPER, fill, order, record, report

LATER = NOW + timedelta(minutes=1)


def events(path: Path) -> list[str]:
    view = JournalView.open(path, CURVES)
    kinds = [event.kind for event in view.events()]
    view.close()
    return kinds


def test_it_is_the_port(journal: SqliteJournal) -> None:
    port: Journal = journal
    assert port.pending() == ()
    assert port.load_state() is None


def test_intents_are_numbered_and_named_by_bot_epoch_and_number(journal: SqliteJournal) -> None:
    first, second = journal.new_intent(order(), NOW, IDS), journal.new_intent(order("0.5"), LATER, IDS)
    me = journal.identity(IDS)
    assert (first.number, me.decode(first.client_id)) == (1, OrderKey(journal.epoch, 1))
    assert (second.number, me.decode(second.client_id), second.created_at) == (2, OrderKey(journal.epoch, 2), LATER)
    assert [pending.intent for pending in journal.pending()] == [first, second]
    assert [pending.status for pending in journal.pending()] == [PendingStatus.SENT] * 2
    assert [pending.remaining for pending in journal.pending()] == [Decimal("-1.25"), Decimal("0.5")]


def test_every_field_of_an_order_comes_back_after_a_restart(path: Path) -> None:
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    stop = replace(
        order("1.10"), kind=OrderKind.STOP_MARKET, reduce_only=True, price=Decimal("1E+3"), trigger=Decimal("2000.50")
    )
    intent = journal.new_intent(stop, NOW, IDS)
    journal.close()
    again = SqliteJournal.open(path, "bot1", LATER, CURVES)
    assert repr(again.pending()[0].intent) == repr(intent)
    again.close()


@pytest.mark.parametrize(
    ("filled_at", "moved_at"),
    [
        (NOW - timedelta(hours=2), NOW - timedelta(hours=2)),  # a journal that was restored learns of it late
        (NOW - timedelta(seconds=5), NOW - timedelta(seconds=5)),
        (NOW, NOW),
        (NOW + timedelta(seconds=3), NOW),  # the venue's clock is ahead
    ],
    ids=str,
)
def test_a_position_moved_when_the_venue_says_that_it_did(
    journal: SqliteJournal, filled_at: datetime, moved_at: datetime
) -> None:
    """What a venue shows of it is believed a minute after that, and not a minute after the journal heard of it."""
    intent = journal.new_intent(order(), NOW - timedelta(hours=3), IDS)
    told = report(intent.client_id, OrderStatus.FILLED, filled="-1.25")
    journal.resolve(intent.client_id, replace(told, report=replace(told.report, updated_at=filled_at)), NOW)
    assert list(journal.expected().values()) == [Expected(Decimal("-1.25"), moved_at)]


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=-30), timedelta(seconds=1)], ids=str)
def test_each_move_of_our_own_has_a_time_of_its_own(journal: SqliteJournal, later: timedelta) -> None:
    """Where it had not it would count as somebody else's; news of an order may come after those of a later one."""
    moved: list[datetime] = []
    for filled_at in (NOW - timedelta(minutes=1), NOW - timedelta(minutes=1) + later):
        intent = journal.new_intent(order(), NOW - timedelta(hours=1), IDS)
        told = report(intent.client_id, OrderStatus.FILLED, filled="-1.25")
        journal.resolve(intent.client_id, replace(told, report=replace(told.report, updated_at=filled_at)), NOW)
        (expected,) = journal.expected().values()
        assert expected.moved_at is not None
        moved.append(expected.moved_at)
    assert moved[0] < moved[1] <= max(moved[0], NOW - timedelta(minutes=1) + later) + timedelta(microseconds=1)


def test_each_opening_is_an_epoch_of_its_own_and_numbers_go_on(path: Path) -> None:
    """Even where the clock stands still or goes back."""
    epochs = [0]
    for number, at in enumerate((NOW, NOW, NOW - timedelta(days=1), LATER), 1):
        journal = SqliteJournal.open(path, "bot1", at, CURVES)
        assert journal.epoch > epochs[-1]
        assert journal.identity(IDS).decode(journal.new_intent(order(), NOW, IDS).client_id) == OrderKey(
            journal.epoch, number
        )
        epochs.append(journal.epoch)
        journal.close()


def test_no_journal_that_was_deleted_or_restored_gives_an_id_a_second_time(path: Path) -> None:
    seen: set[str] = set()
    for life in range(20):
        journal = SqliteJournal.open(path, "bot1", NOW + timedelta(milliseconds=life), CURVES)
        ids = {journal.new_intent(order(), NOW, IDS).client_id for _ in range(3)}
        assert not ids & seen
        seen |= ids
        journal.close()
        if life % 3 == 0:
            copy = path.read_bytes()
        if life % 3 == 1:
            path.write_bytes(copy)
        if life % 3 == 2:
            path.unlink()


def test_a_clock_that_starts_anew_is_told_apart_by_chance(path: Path) -> None:
    ids = set()
    for noise in (3, 900):
        journal = SqliteJournal.open(path, "bot1", datetime(1970, 1, 1, tzinfo=UTC), CURVES, noise=noise)
        ids.add(journal.new_intent(order(), NOW, IDS).client_id)
        journal.close()
        path.unlink()
    assert len(ids) == 2


def test_client_ids_are_what_every_venue_takes(path: Path) -> None:
    journal = SqliteJournal.open(path, "z23456789012", NOW, CURVES)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", journal.new_intent(order(), NOW, IDS).client_id)
    journal.close()


def test_an_outcome_moves_an_intent_and_its_end_takes_it_off_the_list(journal: SqliteJournal) -> None:
    ids = [journal.new_intent(order(), NOW, IDS).client_id for _ in range(5)]
    journal.resolve(ids[0], report(ids[0], OrderStatus.OPEN, "-0.5"), LATER)
    journal.resolve(ids[1], Unknown(ids[1], "timeout"), LATER)
    journal.resolve(ids[2], Rejected(ids[2], RejectReason.BAD_LOT, "-1111", "precision"), LATER)
    journal.resolve(ids[3], NotFound(ids[3], LATER), LATER)
    journal.resolve(ids[4], report(ids[4], OrderStatus.FILLED, "-1.25"), LATER)
    found = [(pending.intent.client_id, pending.status, pending.remaining) for pending in journal.pending()]
    assert found == [
        (ids[0], PendingStatus.OPEN, Decimal("-0.75")),
        (ids[1], PendingStatus.UNKNOWN, Decimal("-1.25")),
    ]


def test_saying_it_twice_changes_nothing(journal: SqliteJournal, path: Path) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    view = JournalView.open(path, CURVES)
    journal.resolve(client_id, report(client_id, OrderStatus.FILLED, "-1.25"), NOW)
    before = view.intents()
    journal.resolve(client_id, report(client_id, OrderStatus.FILLED, "-1.25"), LATER)
    assert view.intents() == before
    assert before[0].resolved_at == NOW
    view.close()
    assert events(path) == []


def test_a_stale_report_does_not_reopen_and_is_told(journal: SqliteJournal, path: Path) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    journal.resolve(client_id, report(client_id, OrderStatus.FILLED, "-1.25"), NOW)
    journal.resolve(client_id, report(client_id, OrderStatus.OPEN), LATER)
    assert journal.pending() == ()
    assert events(path) == ["intent_refused"]


def test_an_order_that_was_thought_never_placed_comes_back(journal: SqliteJournal, path: Path) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    journal.resolve(client_id, NotFound(client_id, NOW), NOW)
    journal.resolve(client_id, report(client_id, OrderStatus.OPEN), LATER)
    assert [pending.status for pending in journal.pending()] == [PendingStatus.OPEN]
    assert events(path) == ["intent_late"]


def test_a_late_fill_is_recorded_and_told_and_opens_what_had_no_effect(journal: SqliteJournal, path: Path) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    journal.resolve(client_id, NotFound(client_id, NOW), NOW)
    assert journal.add_fills([fill("1", client_id, "-0.5", second=300)]) == 1
    assert [(pending.status, pending.remaining) for pending in journal.pending()] == [
        (PendingStatus.UNKNOWN, Decimal("-0.75"))
    ]
    assert events(path) == ["intent_late"]
    assert journal.add_fills([fill("2", client_id, "-0.75", second=301)]) == 1
    journal.resolve(client_id, report(client_id, OrderStatus.FILLED, "-1.25"), LATER)
    assert journal.pending() == ()
    assert events(path) == ["intent_late"]


def test_fills_of_an_end_that_is_known_say_nothing_new(journal: SqliteJournal, path: Path) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    journal.resolve(client_id, report(client_id, OrderStatus.CANCELLED, "-0.75"), NOW)
    assert journal.add_fills([fill("1", client_id, "-0.5"), fill("2", client_id, "-0.25")]) == 2
    assert events(path) == []


def test_a_trade_is_recorded_once_and_trade_ids_are_the_symbols_own(journal: SqliteJournal) -> None:
    client_id = journal.new_intent(order(), NOW, IDS).client_id
    trades = [fill("7", client_id, "-0.5"), fill("7", None, "-0.5", symbol=Symbol("BTC/USDT:USDT"), second=5)]
    assert journal.add_fills(trades) == 2
    assert journal.add_fills([*trades, fill("8", "someone-else", "1", second=9)]) == 1
    assert journal.add_fills(()) == 0
    assert journal.pending()[0].remaining == Decimal("-0.75")
    assert journal.last_fill_at(PAPER) == NOW + timedelta(seconds=9)
    assert journal.last_fill_at(VenueId("elsewhere")) is None


def test_a_state_becomes_durable_with_an_intent_or_not_at_all(journal: SqliteJournal) -> None:
    first, second = record(1).decision.state, replace(record(1).decision.state, order_times=(NOW,))
    journal.new_intent(order(), NOW, IDS, first)
    assert journal.load_state() == first
    with pytest.raises(ValueError, match="zone"):
        journal.new_intent(order(), NOW.replace(tzinfo=None), IDS, second)
    assert journal.load_state() == first
    journal.new_intent(order(), NOW, IDS)
    assert journal.load_state() == first


def test_an_outcome_without_an_intent_halts(journal: SqliteJournal) -> None:
    stranger = ClientOrderId("bot1-9-9")
    with pytest.raises(Halt, match="bot1-9-9"):
        journal.resolve(stranger, Unknown(stranger, ""), NOW)


def test_a_cycle_and_its_state_come_back_after_a_restart(path: Path) -> None:
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert journal.last_cycle() == 0
    for number in (1, 2):
        journal.record(record(number, positions=number))
    journal.close()
    again = SqliteJournal.open(path, "bot1", LATER, CURVES)
    assert again.last_cycle() == 2
    assert again.load_state() == record(2, positions=2).decision.state
    again.close()


def test_a_cycle_is_recorded_whole_or_not_at_all(journal: SqliteJournal, path: Path) -> None:
    journal.record(record(1))
    with pytest.raises(Halt, match="contradiction"):
        journal.record(record(1, positions=5))
    broken = record(2)
    broken = replace(
        broken, decision=replace(broken.decision, prices={broken.decision.hedges[0].underlying: Decimal("NaN")})
    )
    with pytest.raises(ValueError, match="no Decision"):
        journal.record(broken)
    assert journal.last_cycle() == 1
    assert journal.load_state() == record(1).decision.state
    view = JournalView.open(path, CURVES)
    assert [summary.number for summary in view.summaries()] == [1]
    view.close()


def test_entry_amounts_keep_every_digit_and_can_be_set_again(journal: SqliteJournal) -> None:
    position = PositionId("local:v3:1")
    assert journal.entry(position) is None
    for amount in (2**256 - 1, 5):
        entry = Entry.single(amount, amount + 1, 2**128 - 1, EntrySource.FIRST_SIGHT, 123)
        journal.save_entry(position, entry)
        assert journal.entry(position) == entry
    assert journal.entry(PositionId("local:v3:2")) is None


def test_events_come_back_in_order(journal: SqliteJournal, path: Path) -> None:
    told = [Event(LATER, "reorg", "three blocks", {"depth": "3"}), Event(NOW, "stop", "ünïcode \x00 and all", {})]
    for event in told:
        journal.add_event(event)
    view = JournalView.open(path, CURVES)
    assert list(view.events()) == told
    view.close()


def test_an_order_of_no_quantity_or_no_time_leaves_nothing(journal: SqliteJournal) -> None:
    with pytest.raises(ValueError, match="NaN is no number"):
        journal.new_intent(order("NaN"), NOW, IDS)
    with pytest.raises(ValueError, match="without a zone"):
        journal.new_intent(order(), NOW.replace(tzinfo=None), IDS)
    assert journal.pending() == ()
    assert journal.new_intent(order(), NOW, IDS).number == 3
