"""The control socket: one command per connection, answered; nobody but its owner; nonsense is refused, not obeyed."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.concurrency import end
from bot.control import server as server_module
from bot.control.client import NotRunning, ask
from bot.control.messages import (
    LONGEST,
    SOCKET,
    SOURCE,
    Refusal,
    decode_answer,
    decode_command,
    encode_answer,
    encode_command,
)
from bot.control.server import ControlServer
from bot.core.command import LONGEST_REASON, Command, CommandResult, Verb
from bot.core.errors import ConfigError, Halt
from bot.core.run_state import BotState, RunState
from tests.core.scenes import NOW
from tests.telemetry.operators import Loop


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Loop]:
    loop = Loop()
    server = ControlServer(path, loop)
    task = asyncio.create_task(server.run())
    try:
        yield loop
    finally:
        await end(task)
        server.close()


async def asked(path: Path, command: Command) -> CommandResult:
    return await asyncio.to_thread(ask, path, command, 5)


async def raw(path: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    answer = await reader.read(LONGEST)
    writer.close()
    return answer


async def test_a_command_reaches_the_loop_and_its_answer_comes_back(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as loop:
        answer = await asked(tmp_path / "s", Command(Verb.FREEZE, "anything", "I don't like this"))
    assert loop.taken == [Command(Verb.FREEZE, SOURCE, "I don't like this")]
    assert answer == CommandResult(
        True, BotState(RunState.FROZEN, loop.taken[0].words, NOW), "freeze by socket: I don't like this"
    )


async def test_only_the_owner_can_open_it_from_its_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with serving(tmp_path / "s"):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert not (tmp_path / "s").exists()


async def test_a_socket_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with pytest.raises(NotRunning):
        await asked(tmp_path / "s", Command(Verb.STATUS, SOURCE))
    async with serving(tmp_path / "s"):
        assert (await asked(tmp_path / "s", Command(Verb.STATUS, SOURCE))).accepted


async def test_without_a_daemon_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no daemon runs here"):
        await asked(tmp_path / "s", Command(Verb.STATUS, SOURCE))


def test_a_name_too_long_for_a_socket_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long for a socket"):
        ControlServer(tmp_path / ("s" * 120), Loop())


async def test_a_state_directory_may_be_nested_deeper_than_a_sockets_address_is_long(tmp_path: Path) -> None:
    path = tmp_path / ("d" * 100) / ("e" * 100) / SOCKET
    with pytest.raises(NotRunning, match="no daemon runs here"):
        await asked(path, Command(Verb.STATUS, SOURCE))
    path.parent.mkdir(parents=True)
    async with serving(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (await asked(path, Command(Verb.STATUS, SOURCE))).accepted
    assert not path.exists()


NONSENSE = [b"\n", b"freeze\n", b"[]\n", b'{"verb":"dance"}\n', b'{"verb":"freeze","x":1}\n', b'{"verb":["freeze"]}\n']
NONSENSE += [b'{"verb":"freeze","reason":7}\n', b'{"verb":"freeze","reason":"a\\u0007"}\n', b"\xff\xfe\n"]
NONSENSE += [b'{"verb":"freeze","reason":"' + b"a" * (LONGEST_REASON + 1) + b'"}\n', b"x" * (2 * LONGEST)]


@pytest.mark.parametrize("line", NONSENSE)
async def test_nonsense_is_refused_and_never_reaches_the_loop(tmp_path: Path, line: bytes) -> None:
    async with serving(tmp_path / "s") as loop:
        answer = decode_answer(await raw(tmp_path / "s", line))
        assert isinstance(answer, Refusal)
        assert loop.taken == []
        assert (await asked(tmp_path / "s", Command(Verb.PAUSE, SOURCE))).accepted


async def test_a_silent_client_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PATIENCE", 0.05)
    async with serving(tmp_path / "s") as loop:
        answer = decode_answer(await raw(tmp_path / "s", b""))
        assert isinstance(answer, Refusal)
        assert loop.taken == []


@given(st.sampled_from(Verb), st.text(max_size=LONGEST_REASON))
def test_a_command_survives_the_wire(verb: Verb, reason: str) -> None:
    if not reason.isprintable():
        return
    assert decode_command(encode_command(Command(verb, SOURCE, reason))) == Command(verb, SOURCE, reason)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_a_reason_why_not(line: bytes) -> None:
    try:
        assert isinstance(decode_command(line), Command)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both ends are right; only a silent one would be wrong


def test_an_answer_of_another_version_is_no_answer() -> None:
    for line in (b"", b"[]", b'{"accepted":true}', encode_answer(Refusal("x"))[:-4]):
        with pytest.raises(ValueError, match="not understood"):
            decode_answer(line)


async def test_a_daemon_that_dies_before_it_answers(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, tmp_path / "s")
    try:
        with pytest.raises(Halt, match="ended before"):
            await asked(tmp_path / "s", Command(Verb.STATUS, SOURCE))
    finally:
        server.close()
