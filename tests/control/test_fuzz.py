"""Whatever comes over the control socket: an answer to each line, commands as they were said alone, memory bounded."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from pathlib import Path

from bot.control.messages import LONGEST, SOURCE, Refusal, decode_answer, encode_command
from bot.control.server import ControlServer
from bot.core.command import Command, Verb
from tests.control.test_control import asked, serving
from tests.spoil import GROWTH, INPUTS, resident, spoiled


async def over_control(path: Path, inputs: int, seed: int) -> None:
    """Send spoiled commands, one connection each, many at once; what is taken is what the line says."""
    draw = random.Random(seed)
    together = asyncio.Semaphore(8)

    async def say(line: bytes) -> None:
        async with together:
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                writer.write(line)
                writer.write_eof()
                answer = await reader.read(LONGEST)
            except ConnectionError:
                return  # closed in the middle of a line that is too long
            finally:
                writer.close()
        if isinstance(decode_answer(answer), Refusal):
            return
        said = json.loads(line.split(b"\n")[0])
        assert any(taken.verb == said["verb"] and taken.reason == said.get("reason", "") for taken in loop.taken)

    async with serving(path) as loop:
        for _ in range(0, inputs, 100):
            lines = [
                spoiled({"verb": draw.choice(list(Verb)), "reason": draw.choice(["", "odd prices"])}, draw)
                for _ in range(100)
            ]
            await asyncio.gather(*(say(line + draw.choice([b"\n", b"", b"\n\n{}"])) for line in lines))
        assert (await asked(path, Command(Verb.STATUS, SOURCE))).accepted


async def test_spoiled_lines_are_refused_and_the_next_command_is_taken(tmp_path: Path) -> None:
    await over_control(tmp_path / "s", 100, seed=0)
    before = resident()
    await over_control(tmp_path / "s", INPUTS, seed=1)
    assert resident() - before < GROWTH


async def test_a_crowd_of_silent_clients_is_bounded_and_makes_room_again(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as loop:
        crowd = [await asyncio.open_unix_connection(str(tmp_path / "s")) for _ in range(ControlServer.MOST)]
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(encode_command(Command(Verb.FREEZE, SOURCE)))
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert loop.taken == []
        for _, one in [*crowd, (reader, writer)]:
            one.close()
            with suppress(ConnectionResetError):
                await one.wait_closed()
        assert (await asked(tmp_path / "s", Command(Verb.FREEZE, SOURCE))).accepted


async def test_clients_that_never_read_their_answer_hold_no_place(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as loop:
        crowd = []
        for number in range(1, 2 * ControlServer.MOST):
            _, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport has it
            crowd.append(writer)
            writer.write(encode_command(Command(Verb.FREEZE, SOURCE)))
            assert (await asked(tmp_path / "s", Command(Verb.STATUS, SOURCE))).accepted
            assert len(loop.taken) == 2 * number
        for writer in crowd:
            writer.close()
