"""Anvil, a local Ethereum node, as a child process that never outlives its parent."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bot.core.errors import DnbotError
from bot.demo.contracts import node_modules
from bot.demo.rpc import Rpc

GENESIS: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""The default time of the first block: fixed, so that a seeded scene gives the same blocks every time."""
_PR_SET_PDEATHSIG: Final = 1
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 5
_LIBC: Final = ctypes.CDLL(None)


class NodeError(DnbotError):
    """The local node did not start or did not stay up."""


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How the node is started.

    Args:
        chain_id: what ``eth_chainId`` answers.
        port: on the loopback; 0 takes a free one.
        genesis: the first block's time (aware).
        block_time: seconds between blocks that the node mines by itself; None: blocks are mined on demand only.
        gas_limit: gas of a block, which is also the default gas of ``eth_call``.
        state_file: read at the start if it exists, written at a clean stop: a chain that survives a restart.
    """

    chain_id: int = 31337
    port: int = 0
    genesis: datetime = GENESIS
    block_time: float | None = None
    gas_limit: int = 10_000_000_000
    state_file: Path | None = None

    def arguments(self) -> list[str]:
        """Return the command line, without the program. Gas is free and every sender is accepted without a key."""
        mining = ["--no-mining"] if self.block_time is None else ["--block-time", str(self.block_time)]
        state = [] if self.state_file is None else ["--state", str(self.state_file), "--preserve-historical-states"]
        return [
            *("--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(self.chain_id)),
            *("--timestamp", str(int(self.genesis.timestamp())), "--gas-limit", str(self.gas_limit)),
            *(
                "--base-fee",
                "0",
                "--gas-price",
                "0",
                "--disable-min-priority-fee",
                "--order",
                "fifo",
                "--balance",
                "1000000000",
            ),
            *("--auto-impersonate", "--disable-code-size-limit", "--no-request-size-limit", *mining, *state),
        ]


class Anvil:
    """A running node; use as an async context manager, or `start` and `stop` by hand (a restart keeps the port)."""

    def __init__(self, options: AnvilOptions | None = None) -> None:
        self.options = options or AnvilOptions()
        self._port = self.options.port
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The HTTP endpoint."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        """The WebSocket endpoint; the same port."""
        return f"ws://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process, for tests that stop or kill it.

        Raises:
            NodeError: it is not running.
        """
        if self._process is None:
            raise NodeError("the local node is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start the node and wait until it listens.

        Raises:
            ConfigError: anvil is not installed.
            NodeError: it ended or stayed silent.
        """
        program = node_modules() / "@foundry-rs/anvil-linux-amd64/bin/anvil"
        arguments = self.options.arguments()
        arguments[arguments.index("--port") + 1] = str(self._port)
        self._process = await _spawn(program, arguments)
        try:
            async with asyncio.timeout(_START_SECONDS):
                self._port = await _listening_port(self._process)
        except TimeoutError as error:
            await self.stop()
            raise NodeError(f"anvil did not listen within {_START_SECONDS} s") from error
        # Its log goes to a pipe that nobody reads from here on.
        async with Rpc(self.url) as rpc:
            await rpc.call("anvil_setLoggingEnabled", False)

    async def stop(self) -> None:
        """End the node: asked first, killed if it does not go."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()

    async def kill(self) -> None:
        """End the node at once, as a crash would; `start` brings up a new one on the same port."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.communicate()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def _spawn(program: Path, arguments: Sequence[str]) -> Process:
    # A session of its own: Ctrl-C in a terminal reaches the daemon only, which can then still read while it ends.
    return await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _listening_port(process: Process) -> int:
    said: list[str] = []
    if process.stdout is None:
        raise NodeError("anvil was started without a pipe")
    async for line in process.stdout:
        said.append(line.decode(errors="replace").strip())
        if said[-1].startswith("Listening on "):
            return int(said[-1].rpartition(":")[2])
    await process.wait()
    raise NodeError(f"anvil ended with {process.returncode}: {' '.join(filter(None, said))[-500:]}")
