"""No journal, no send: a full disk, a locked file, a killed process."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.core.errors import Halt, Retryable
from bot.core.orders import Intent
from bot.core.reconciliation.identity import OrderKey
from bot.core.record import Event
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, fill, order, record

FULL = "database or disk is full"


@contextmanager
def connections() -> Iterator[list[sqlite3.Connection]]:
    """Collect the connections that are made meanwhile, to set limits on them."""
    made: list[sqlite3.Connection] = []

    def remember(connection: sqlite3.Connection, _record: object) -> None:
        made.append(connection)

    event.listen(Pool, "connect", remember)
    try:
        yield made
    finally:
        event.remove(Pool, "connect", remember)


def check(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_without_room_nothing_is_sent_and_with_room_everything_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with connections() as made:
        journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    made[0].execute("PRAGMA max_page_count = 30")
    intents: list[Intent] = []
    with pytest.raises(Retryable, match=FULL):
        intents.extend(iter(lambda: journal.new_intent(order(reason="x" * 300), NOW, IDS), None))
    for attempt in (
        lambda: journal.record(record(1, positions=100)),
        lambda: journal.add_fills([fill(str(trade), None, "1") for trade in range(500)]),
        lambda: journal.add_event(Event(NOW, "alarm", "y" * 20_000, {})),
    ):
        with pytest.raises(Retryable, match=FULL):
            attempt()
    assert [pending.intent for pending in journal.pending()] == intents
    assert (journal.load_state(), journal.last_cycle()) == (None, 0)

    made[0].execute("PRAGMA max_page_count = 10000")
    after = journal.new_intent(order(), NOW, IDS)
    assert after.number > intents[-1].number
    journal.record(record(1, positions=100))
    journal.close()
    check(path)
    view = JournalView.open(path, CURVES)
    assert [known.intent for known in view.intents()] == [*intents, after]
    assert view.last_record() == record(1, positions=100)
    assert view.fills() == ()
    view.close()


def test_a_locked_file_is_waited_for_and_then_retryable(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with connections() as made:
        journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    made[0].execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retryable, match="database is locked"):
        journal.new_intent(order(), NOW, IDS)
    other.execute("ROLLBACK")
    other.close()
    assert journal.new_intent(order(), NOW, IDS).number == 2
    assert [pending.intent.number for pending in journal.pending()] == [2]
    journal.close()


def test_a_file_that_is_damaged_meanwhile_halts(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    for _ in range(50):
        journal.new_intent(order(reason="x" * 300), NOW, IDS)
    journal.close()
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 8192, len(content) // 4096):
        content[page * 4096 : page * 4096 + 2048] = b"\xa5" * 2048
    path.write_bytes(content)
    with closing(JournalView.open(path, CURVES)) as view, pytest.raises(Halt, match=r"damaged.*start again"):
        view.intents()


WRITER = """
import sys
from pathlib import Path
from bot.journal.journal import SqliteJournal
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.journal.things import NOW, fill, order, record

journal = SqliteJournal.open(Path(sys.argv[1]), "bot1", NOW, CURVES)
cycle = journal.last_cycle()
while True:
    intent = journal.new_intent(order(reason="x" * 200), NOW, IDS)
    print("intent", intent.number, intent.client_id, flush=True)
    journal.add_fills([fill(str(intent.number), intent.client_id, "-0.5")])
    print("fill", intent.number, intent.client_id, flush=True)
    cycle += 1
    journal.record(record(cycle, positions=20))
    print("cycle", cycle, "-", flush=True)
"""


def run_and_kill(path: Path, lines: int) -> list[tuple[str, int, str]]:
    """Let a writer report so many lines, kill it, and return all that it reported."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 - our own program
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        said += writer.stdout.readlines()
    whole = [line.split() for line in said if line.endswith("\n")]
    return [(kind, int(number), client_id) for kind, number, client_id in whole]


def test_what_was_reported_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    dice = random.Random(7)
    reported: list[tuple[str, int, str]] = []
    epochs: set[str] = set()
    for _ in range(4):
        before = len(reported)
        reported += run_and_kill(path, dice.randrange(1, 120))
        made = {client_id.split("-")[1] for kind, _, client_id in reported[before:] if kind == "intent"}
        assert len(made - epochs) == len(made) == 1
        epochs |= made
        check(path)
    view = JournalView.open(path, CURVES)
    meta = view.meta()
    assert (meta.epoch, meta.holder) == (int(max(epochs), 36), None)
    intents = view.intents(limit=100_000)
    assert {intent.intent.number for intent in intents} == set(range(1, len(intents) + 1))
    known: dict[str, set[tuple[int, str | None]]] = {
        "intent": {(intent.intent.number, intent.intent.client_id) for intent in intents},
        "fill": {(int(fill.trade_id), fill.client_id) for fill in view.fills(limit=100_000)},
        "cycle": {(summary.number, "-") for summary in view.summaries(limit=100_000)},
    }
    for kind, durable in known.items():
        said = {(number, client_id) for of, number, client_id in reported if of == kind}
        assert said
        assert said <= durable
        assert len(durable) - len(said) <= 4  # a kill comes between a commit and its report at most once a run
    last = view.last_record()
    view.close()
    journal = SqliteJournal.open(path, "bot1", NOW, CURVES)
    assert last is not None
    assert (journal.last_cycle(), journal.load_state()) == (last.cycle, last.decision.state)
    key = journal.identity(IDS).decode(journal.new_intent(order(), NOW, IDS).client_id)
    assert key == OrderKey(meta.epoch + 1, len(intents) + 1)
    journal.close()
