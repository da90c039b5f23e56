"""An operator's commands: applied by the loop, durable, answered; what takes risk away works even on a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.loop.commands import MOST_WAITING, Commands
from bot.clock import ManualClock
from bot.core.command import Command, CommandResult, Verb
from bot.core.errors import Retryable
from bot.core.run_state import RunState
from bot.core.state import State
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.core.scenes import NOW


class FullDisk(SqliteJournal):
    """A journal that can't be written any more."""

    def save_state(self, state: State) -> None:
        raise Retryable(f"disk full at {state.bot.state}")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal.open(tmp_path / "journal.sqlite", "dn", NOW, CURVES)) as opened:
        yield opened


def commands(journal: SqliteJournal) -> Commands:
    return Commands(journal, ManualClock(NOW))


async def said(desk: Commands, state: State, *verbs: Verb) -> tuple[State, list[CommandResult]]:
    waiting = [asyncio.create_task(desk.submit(Command(verb, "socket", "test"))) for verb in verbs]
    await asyncio.sleep(0)
    state = desk.apply(state)
    return state, [await task for task in waiting]


async def test_a_freeze_is_applied_answered_and_durable(journal: SqliteJournal, tmp_path: Path) -> None:
    desk = commands(journal)
    state, (answer,) = await said(desk, State.fresh(NOW), Verb.FREEZE)
    assert answer.accepted
    assert answer.bot == state.bot
    assert (state.bot.state, state.bot.reason, state.bot.since) == (RunState.FROZEN, "freeze by socket: test", NOW)
    assert journal.load_state() == state
    with closing(JournalView.open(tmp_path / "journal.sqlite", CURVES)) as view:
        (event,) = view.events()
    assert (event.kind, event.data) == ("command", {"verb": "freeze", "source": "socket", "reason": "test"})


async def test_commands_count_in_their_order(journal: SqliteJournal) -> None:
    desk = commands(journal)
    state, answers = await said(desk, State.fresh(NOW), Verb.FREEZE, Verb.PAUSE, Verb.RESUME, Verb.PAUSE)
    assert [answer.accepted for answer in answers] == [True, False, True, True]
    assert state.bot.state is RunState.PAUSED


async def test_a_command_wakes_the_loop(journal: SqliteJournal) -> None:
    desk = commands(journal)
    task = asyncio.create_task(desk.submit(Command(Verb.FREEZE, "socket")))
    await asyncio.wait_for(desk.arrived.wait(), 1)
    desk.apply(State.fresh(NOW))
    assert not desk.arrived.is_set()
    assert (await task).accepted


async def test_status_is_answered_at_once_once_the_state_is_known(journal: SqliteJournal) -> None:
    desk = commands(journal)
    desk.apply(State.fresh(NOW))
    answer = await desk.submit(Command(Verb.STATUS, "socket"))
    assert (answer.accepted, answer.bot.state) == (True, RunState.RUNNING)
    assert not desk.arrived.is_set()


async def test_a_full_disk_stops_a_resume_but_no_freeze(tmp_path: Path) -> None:
    with closing(FullDisk.open(tmp_path / "journal.sqlite", "dn", NOW, CURVES)) as journal:
        desk = commands(journal)
        state, answers = await said(desk, State.fresh(NOW), Verb.FREEZE, Verb.RESUME)
    assert state.bot.state is RunState.FROZEN
    assert [answer.accepted for answer in answers] == [True, False]
    assert "a restart would forget it" in answers[0].message


async def test_who_stops_waiting_is_obeyed_all_the_same(journal: SqliteJournal) -> None:
    desk = commands(journal)
    task = asyncio.create_task(desk.submit(Command(Verb.FREEZE, "socket")))
    await asyncio.sleep(0)
    task.cancel()
    assert desk.apply(State.fresh(NOW)).bot.state is RunState.FROZEN


async def test_a_flood_is_refused(journal: SqliteJournal) -> None:
    desk = commands(journal)
    tasks = [asyncio.create_task(desk.submit(Command(Verb.PAUSE, "mqtt"))) for _ in range(MOST_WAITING + 1)]
    await asyncio.sleep(0)
    desk.apply(State.fresh(NOW))
    answers = [await task for task in tasks]
    assert [answer.accepted for answer in answers] == [True] * MOST_WAITING + [False]


async def test_a_closing_daemon_answers_everybody(journal: SqliteJournal) -> None:
    desk = commands(journal)
    task = asyncio.create_task(desk.submit(Command(Verb.FREEZE, "socket")))
    await asyncio.sleep(0)
    desk.close()
    late = await desk.submit(Command(Verb.FREEZE, "socket"))
    assert not (await task).accepted
    assert not late.accepted


@pytest.mark.parametrize("text", ["x" * 201, "a\nb", "\x1b[31m"])
def test_words_that_would_spoil_a_log_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        Command(Verb.FREEZE, "mqtt", text)
