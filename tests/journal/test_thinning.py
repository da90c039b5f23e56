"""What a journal loses with age, and that nothing which is summed, verified or recovered hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app.history import Span, What, history
from bot.core.orders import OrderKind, OrderStatus
from bot.core.pnl.attribution import Attribution, HedgeResult
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.journal.soundness import faults
from bot.journal.thinning import FRUITLESS_FOR, HOURLY_FOR, MEBIBYTE, RECENT, Limits
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import ETH, NOW, fill, order, record, report

D = Decimal
SPARING = Limits(whole=5)


def cycle(number: int, at: datetime) -> CycleRecord:
    """Return a cycle that gained something since midnight, and since ever."""
    today, total = (Attribution(hedges={ETH: HedgeResult(funding=one)}, total=one) for one in (D(1), D(number)))
    return replace(record(number, positions=1), at=at, book=Book(f"{at:%Y-%m-%d}", {}, {}, today, total))


def numbers(path: Path) -> list[int]:
    with closing(JournalView.open(path, CURVES)) as view:
        return [one.number for one in view.summaries(limit=10_000)]


def test_of_older_cycles_one_an_hour_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=SPARING)) as journal:
        for number in range(1, 61):
            journal.record(cycle(number, NOW + timedelta(minutes=10 * number)))
    kept = numbers(path)  # NOW is 12:00, so that number 6, at 13:00, begins an hour
    assert kept == [1, 6, 12, 18, 24, 30, 36, 42, 48, 54, 56, 57, 58, 59, 60]
    assert faults(path) == ()


def test_after_a_year_they_go_too_but_never_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=SPARING)) as journal:
        journal.record(cycle(1, NOW))
        for number in range(RECENT - 10, RECENT + 30):
            journal.record(cycle(number, NOW + HOURLY_FOR + timedelta(minutes=number - RECENT)))
    kept = numbers(path)
    assert kept[0] > 1
    assert kept[-5:] == [RECENT + number for number in range(25, 30)]


def test_beyond_the_bound_the_oldest_go_down_to_the_newest_thousand(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=Limits(size=1))) as journal:
        for number in (1, 2, 3, *range(RECENT, RECENT + 10)):
            journal.record(cycle(number, NOW + timedelta(seconds=number)))
    assert numbers(path) == list(range(RECENT, RECENT + 10))
    roomy = tmp_path / "roomy.sqlite"
    with closing(SqliteJournal.open(roomy, "bot1", NOW, CURVES, limits=Limits(size=MEBIBYTE))) as journal:
        for number in (1, 2, 3, *range(RECENT, RECENT + 10)):
            journal.record(cycle(number, NOW + timedelta(seconds=number)))
    assert numbers(roomy)[:3] == [1, 2, 3]


def test_an_order_that_came_to_nothing_is_forgotten_after_all_venues_forgot_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=SPARING)) as journal:
        names = [journal.new_intent(order("-0.5"), NOW, IDS).client_id for _ in range(6)]
        ends = ((OrderStatus.CANCELLED, "0"), (OrderStatus.FILLED, "-0.5"), (OrderStatus.CANCELLED, "-0.1"))
        for name, (status, filled) in zip(names, (*ends, (OrderStatus.CANCELLED, "0.000")), strict=False):
            journal.resolve(name, report(name, status, filled, "-0.5"), NOW)
        for number, at in enumerate((NOW, NOW + FRUITLESS_FOR), 1):
            for step in range(5):
                journal.record(cycle(10 * number + step, at))
        assert journal.known_ids(names) == frozenset(names)
        for step in range(5):
            journal.record(cycle(30 + step, NOW + FRUITLESS_FOR + timedelta(seconds=1)))
        assert journal.known_ids(names) == {names[1], names[2], names[4], names[5]}
        assert {item.intent.client_id for item in journal.pending()} == {names[4], names[5]}
    assert faults(path) == ()


def test_an_order_whose_id_bears_a_trade_stays_though_it_can_not_be_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=SPARING)) as journal:
        name, other = (journal.new_intent(order("-0.5"), NOW, IDS).client_id for _ in range(2))
        journal.resolve(name, report(name, OrderStatus.CANCELLED, "0", "-0.5"), NOW)
        journal.add_fills([fill("1", name, "0.1")])
        for step in range(1, 11):
            journal.record(cycle(step, NOW + 2 * FRUITLESS_FOR))
    with closing(JournalView.open(path, CURVES)) as view:
        assert [(item.intent.client_id, item.filled) for item in view.intents()] == [(name, D(0)), (other, D(0))]


def test_the_newest_order_stays_so_that_no_number_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=SPARING)) as journal:
        name = journal.new_intent(order("-0.5"), NOW, IDS).client_id
        journal.resolve(name, report(name, OrderStatus.CANCELLED, "0", "-0.5"), NOW)
        for step in range(1, 11):
            journal.record(cycle(step, NOW + 2 * FRUITLESS_FOR))
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert journal.new_intent(order("-0.5"), NOW, IDS).number == 2


def told(path: Path) -> Mapping[str, Any]:
    """Return all that accounting and recovery read."""
    with closing(JournalView.open(path, CURVES)) as view:
        tables = {what.value: history(view, what, Span()) for what in What}
        sums = {f"{name} sums": table.sums for name, table in tables.items()}
        events, trades = view.events(limit=10_000), view.trades()
        newest = [one.number for one in view.summaries(limit=SPARING.whole)]
        return {**tables, **sums, "book": view.book(), "events": events, "trades": trades, "newest": newest}


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["0", "-0.2", "-0.5"]),
        st.booleans(),
        st.sampled_from([OrderStatus.CANCELLED, OrderStatus.FILLED, None]),
        st.sampled_from([OrderKind.MARKET, OrderKind.STOP_MARKET]),
        st.integers(0, 200),
    ),
    max_size=6,
)


@settings(max_examples=12, deadline=None)
@given(ORDERS, st.lists(st.integers(1, 40_000), min_size=10, max_size=20), st.integers(1, 3 * MEBIBYTE))
def test_thinning_changes_no_sum_and_nothing_that_recovery_rests_on(
    orders: list[tuple[str, bool, OrderStatus | None, OrderKind, int]], gaps: list[int], size: int
) -> None:
    """The same life twice, in a journal that is thinned as early as can be, and in one that keeps everything."""
    with TemporaryDirectory() as folder:
        found = []
        for name, limits in (("sparing", replace(SPARING, size=size)), ("roomy", Limits())):
            path = Path(folder) / f"{name}.sqlite"
            with closing(SqliteJournal.open(path, "bot1", NOW, CURVES, limits=limits)) as journal:
                live(journal, orders, gaps)
                traded = [item.client_id for item in fills_of(path)]
                recovered = (
                    journal.pending(),
                    journal.expected(),
                    journal.stops_fired(NOW - timedelta(days=9999)),
                    journal.known_ids([one for one in traded if one is not None]),
                    journal.load_state(),
                    journal.load_book(),
                    journal.last_snapshot(),
                )
            found.append((told(path), recovered))
            assert faults(path) == ()
        assert found[0] == found[1]


def live(
    journal: SqliteJournal, orders: list[tuple[str, bool, OrderStatus | None, OrderKind, int]], gaps: list[int]
) -> None:
    for place, (filled, is_told, status, kind, days) in enumerate(orders):
        at = NOW + timedelta(days=days)
        request = replace(order("-0.5"), kind=kind, mark=D(2000 + place))
        name = journal.new_intent(request, at, IDS).client_id
        if is_told:  # a purchase can't be the order's, and is kept as what it is
            journal.add_fills([replace(fill(str(place), name, "0.1" if filled == "0" else filled), at=at)])
        if status is not None:
            whole = "-0.5" if status is OrderStatus.FILLED else filled
            journal.resolve(name, report(name, status, whole, "-0.5"), at)
    at = NOW
    for number, gap in enumerate(gaps, 1):
        at += timedelta(minutes=gap)
        journal.record(cycle(number, at))


def fills_of(path: Path) -> list[Any]:
    with closing(JournalView.open(path, CURVES)) as view:
        return list(view.fills(limit=10_000))
