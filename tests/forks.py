"""``python -m bot`` as a process that starts at once: forked off one that has imported what the bot imports.

An interpreter needs more than a second for the bot's imports; a fork of one that has done them needs nothing of it and
is the same otherwise: arguments, environment, folder, pipes and signals are its own, and it can be killed. What starts
an interpreter itself stays tested with real ones: in `tests/cli/test_main.py`, and by the demo.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import warnings
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).parents[1]
_VERBS: Final = ("run", "plan", "doctor", "setup", "status", "venue", "verify", "report")
_LATER: Final = (
    "bot.chain.provider",
    "bot.chain.head_socket",
    "bot.telemetry.web.server",
    "alembic.command",
    "ccxt.pro",
)
"""What a daemon imports as it starts."""
_SERVER: Final = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([*(f"bot.cli.{verb}" for verb in _VERBS), *_LATER])


def spawn(
    command: tuple[str, ...], cwd: Path = ROOT, env: Mapping[str, str] | None = None, **pipes: int
) -> ForkServerProcess:
    """Start ``python -m`` with ``command``; ``pipes`` are the descriptors that ``stdout`` and ``stderr`` become."""
    ends = {name: Connection(os.dup(number), readable=False) for name, number in pipes.items()}
    environ = dict(os.environ if env is None else env)
    process = _SERVER.Process(target=_run, args=(command, cwd, environ, ends))
    process.start()
    for end in ends.values():
        end.close()
    return process


@contextmanager
def running(
    pipe: str, *command: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> Iterator[tuple[IO[str], ForkServerProcess]]:
    """Run ``python -m`` with ``command``, killed at the end; ``pipe`` ("stdout" or "stderr") is read as text."""
    read, write = os.pipe()
    process = spawn(command, cwd, env, **{pipe: write})
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as lines:
        try:
            yield lines, process
        finally:
            process.kill()
            process.join()


def _run(command: tuple[str, ...], cwd: Path, environ: Mapping[str, str], pipes: Mapping[str, Connection]) -> None:
    for name, pipe in pipes.items():
        os.dup2(pipe.fileno(), getattr(sys, name).fileno())
        pipe.close()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    if environ.get("PYTHONWARNINGS") == "error":
        warnings.simplefilter("error")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background has it ignored
    module, *sys.argv[1:] = command
    if module not in ("bot", "tests.e2e.crash"):  # it registers something before the settings ask the registries
        for name in [name for name in sys.modules if name.partition(".")[0] == "bot"]:
            del sys.modules[name]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class Fork:
    """A forked process, with what `asyncio.subprocess.Process` offers."""

    def __init__(
        self, process: ForkServerProcess, stdout: asyncio.StreamReader | None, stderr: asyncio.StreamReader | None
    ) -> None:
        self._process, self.stdout, self.stderr = process, stdout, stderr
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.sentinel, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode if self._ended.is_set() else None

    def send_signal(self, number: signal.Signals) -> None:
        if not self._ended.is_set():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    async def communicate(self) -> tuple[bytes, bytes]:
        """Read both pipes to their ends; what is no pipe reads as empty."""
        readers = [_all(one) for one in (self.stdout, self.stderr)]
        out, err = await asyncio.gather(*readers)
        await self.wait()
        return out, err


async def fork(
    *command: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Fork:
    """Start ``python -m`` with ``command``, as `asyncio.create_subprocess_exec` would."""
    ends, readers = {}, {}
    for name, wanted in (("stdout", stdout), ("stderr", stderr)):
        if wanted == PIPE:
            read, ends[name] = os.pipe()
            readers[name] = await _reader(read)
        elif wanted == STDOUT:
            ends[name] = ends["stdout"]
    process = spawn(command, cwd, env, **ends)
    for end in set(ends.values()):
        os.close(end)
    return Fork(process, readers.get("stdout"), readers.get("stderr"))


async def start(
    *command: str, env: Mapping[str, str], stdout: int | None = None, stderr: int | None = None
) -> Fork | asyncio.subprocess.Process:
    """Start an interpreter with arguments, as a fork if it runs a module."""
    if command[0] == "-m":
        return await fork(*command[1:], env=env, stdout=stdout, stderr=stderr)
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=env, stdout=stdout, stderr=stderr
    )


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb")
    )
    return reader


async def _all(reader: asyncio.StreamReader | None) -> bytes:
    return b"" if reader is None else await reader.read()
