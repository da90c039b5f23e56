"""What the journal keeps in memory of intents and positions is what stands in its file, whatever failed before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Halt
from bot.core.orders import NotFound, OrderKind, OrderStatus, Rejected, RejectReason, Unknown
from bot.core.record import Event
from bot.core.types import ClientOrderId
from bot.journal.cache import Known
from bot.journal.database import Database
from bot.journal.journal import SqliteJournal
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import ETH_PERP, NOW, PAPER, fill, order, record, report

pytestmark = pytest.mark.slow

Step = Callable[[SqliteJournal], object]
LENGTHS = st.integers(0, 4)
FILLED = st.sampled_from(("0", "-0.5", "-1.25"))


def _new(stop: bool) -> Step:  # noqa: FBT001 - drawn
    request = replace(order(), kind=OrderKind.STOP_MARKET, trigger=Decimal(2100)) if stop else order()
    return lambda journal: journal.new_intent(request, NOW, IDS)


def _resolved(number: int, status: OrderStatus, filled: str, second: int) -> Step:
    name = ClientOrderId(f"bot1-1-{number}")
    return lambda journal: journal.resolve(name, report(name, status, filled), NOW + timedelta(seconds=second))


def _ended(number: int, how: str) -> Step:
    name = ClientOrderId(f"bot1-1-{number}")
    outcomes: dict[str, Any] = {
        "unknown": Unknown(name, ""),
        "rejected": Rejected(name, RejectReason.OTHER, "", ""),
        "gone": NotFound(name, NOW),
    }
    return lambda journal: journal.resolve(name, outcomes[how], NOW)


def _filled(trade: int, number: int, quantity: str, *, broken: bool) -> Step:
    one = fill(str(trade), f"bot1-1-{number}", quantity)
    odd = replace(one, trade_id="odd", price=Decimal("NaN"))
    return lambda journal: journal.add_fills([one, odd] if broken else [one])


def _adopted(size: int) -> Step:
    event = Event(NOW, "adopted", "", {})
    return lambda journal: journal.adopt(PAPER, ETH_PERP, Decimal(size), event)


def _read(journal: SqliteJournal) -> object:
    return journal.pending(), journal.expected(), journal.stops_fired(NOW - timedelta(days=1))


STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(_new, st.booleans()),
    st.builds(_resolved, LENGTHS, st.sampled_from(OrderStatus), FILLED, LENGTHS),
    st.builds(_ended, LENGTHS, st.sampled_from(("unknown", "rejected", "gone"))),
    st.builds(_filled, LENGTHS, LENGTHS, st.sampled_from(("-0.25", "-1.25")), broken=st.booleans()),
    st.builds(_adopted, st.integers(-2, 2)),
    st.just(_read),
)


@given(st.lists(STEPS, max_size=12), LENGTHS)
def test_what_is_told_is_what_stands_in_the_file(steps: list[Step], back: int) -> None:
    since = NOW + timedelta(seconds=back)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with (
            closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal,
            closing(Database.for_reading(path)) as reader,
        ):
            for step in steps:
                with suppress(Halt, ValueError):
                    step(journal)
                with reader.transaction() as connection:
                    known = Known.read(connection, since)
                assert (journal.pending(), journal.expected()) == (known.pending, dict(known.expected))
                assert journal.stops_fired(since) == dict(known.fired)


def test_the_number_of_the_last_cycle_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert journal.last_cycle() == 0
        journal.record(record(1))
        assert journal.last_cycle() == 1
        with suppress(Halt):
            journal.record(record(1))
        journal.save_state(record(2).decision.state)
    with closing(SqliteJournal.open(path, "bot1", NOW, CURVES)) as journal:
        assert journal.last_cycle() == 1
