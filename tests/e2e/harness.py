"""A whole world for end-to-end tests: a node, a market on it, and the daemon as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bot.app.services import journal_path
from bot.app.settings import load
from bot.core.record import CycleRecord
from bot.core.types import Underlying
from bot.demo.blocks import RevertedError
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.path import write_marks
from bot.demo.rpc import Rpc
from bot.demo.scenario import SceneSettings
from bot.demo.scene import OWNER, Scene, Step
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.demo.tricks import held_token
from tests.e2e.books import Account, check_books, waiting
from tests.forks import Fork, start

ETH, BTC = Underlying("ETH"), Underlying("BTC")
_LIVE_BLOCK: Final = timedelta(seconds=2)
PATIENCE: Final = 60.0
"""Seconds that anything may take on a slow machine before a test gives up."""
Line = dict[str, Any]
"""One log line; its values are whatever was logged."""


class Daemon:
    """One ``dnbot run``, or another program that logs as it does; ``lines`` are its log so far."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | Fork | None = None
        self._reader: asyncio.Task[None] | None = None
        self._more = asyncio.Condition()
        self.lines: list[Line] = []

    @property
    def process(self) -> asyncio.subprocess.Process | Fork:
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
        environment = {**inherited, "PYTHONWARNINGS": "error", "DNBOT_LOG__LEVEL": "debug"}  # quiet cycles, too
        self._process = await start(*self._command, stderr=asyncio.subprocess.PIPE, env=environment)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            text = raw.decode()
            line = json.loads(text) if text.startswith("{") else {"event": text.rstrip()}
            async with self._more:
                self.lines.append(line)
                self._more.notify_all()
        await self.process.wait()
        async with self._more:
            self._more.notify_all()

    async def said(self, event: str, after: int = 0) -> Line:
        """Wait for a log line, from line number ``after`` on."""
        return await self._wait(lambda line: event in line["event"], after)

    async def runs(self, seconds: float) -> None:
        """Let it run for a while, unless it ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)

    async def cycle(self, block: int, after: int = 0) -> None:
        """Wait until a cycle on this block, or a later one, stands in the journal."""
        await self._wait(lambda line: line["event"] == "cycle" and line["blocks"]["local"] >= block, after)

    async def _wait(self, wanted: Any, after: int) -> Line:  # noqa: ANN401 - a predicate on a line
        def found() -> Line | None:
            return next((line for line in self.lines[after:] if wanted(line)), None)

        try:
            async with asyncio.timeout(PATIENCE), self._more:
                await self._more.wait_for(lambda: found() or self.ended)
        except TimeoutError:
            raise AssertionError(f"not said within {PATIENCE} s; the last lines: {self.lines[-20:]}") from None
        line = found()
        assert line is not None, f"the daemon ended with {self.process.returncode}: {self.lines[-20:]}"
        return line

    @property
    def ended(self) -> bool:
        return self._reader is not None and self.process.returncode is not None and self.process.stderr.at_eof()  # type: ignore[union-attr]  # it is a pipe

    async def dead(self) -> int:
        """Wait until it has ended, whatever ends it, and return its exit code."""
        assert self._reader is not None
        async with asyncio.timeout(PATIENCE):
            await self._reader
            return await self.process.wait()

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.dead()

    async def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 5) -> int:
        """Ask it to end, and return its exit code; it has so many seconds."""
        self.process.send_signal(number)
        async with asyncio.timeout(seconds):
            await self.process.wait()
        return await self.dead()


@asynccontextmanager
async def running(*command: object) -> AsyncIterator[Daemon]:
    """Run a program that logs as the daemon does, and end it as ``docker stop`` would."""
    daemon = Daemon(tuple(map(str, command)))
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()


async def said(*command: object) -> str:
    """Run a program of ours to its end, which is a good one; return what it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
    pipe = asyncio.subprocess.PIPE
    process = await start(*map(str, command), env=environment, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert process.returncode == 0, (command, out.decode(), err.decode())
    return out.decode()


@dataclass
class World:
    """A node with a scene on it, in a folder that holds everything that is written."""

    folder: Path
    node: Anvil
    chain: LocalChain
    scene: Scene
    config: Path
    token_ids: list[int] = field(default_factory=list)
    _daemons: list[Daemon] = field(default_factory=list)

    def configure(self, *, rpc_urls: Sequence[str] = (), chain: str = "", extra: str = "") -> None:
        """Write the configuration; without ``rpc_urls`` the node's own endpoint is used."""
        text = configuration(self, rpc_urls or [self.node.url], chain)
        self.config.write_text(text + extra, encoding="utf-8")

    async def daemon(self, *command: str) -> Daemon:
        """Start the daemon, or what ``command`` says."""
        daemon = Daemon(command or ("-m", "bot", "run", "-c", str(self.config)))
        self._daemons.append(daemon)
        await daemon.start()
        return daemon

    async def step(self) -> Step:
        """Mine the scene's next block."""
        step = await self.scene.step()
        held = held_token(self.scene)
        if held is not None and held not in self.token_ids:
            self.token_ids.append(held)
        return step

    async def play(self, daemon: Daemon, steps: int) -> list[CycleRecord]:
        """Mine blocks one by one, each when the daemon has finished with the one before; return a record of each."""
        records = []
        for _ in range(steps):
            seen = len(daemon.lines)
            step = await self.step()
            await daemon.cycle(step.number, after=seen)
            records.append(self.record())
        return records

    @property
    def journal(self) -> Path:
        return journal_path(load([self.config], {}).settings)

    def view(self) -> JournalView:
        return JournalView.open(self.journal, CURVES)

    def record(self) -> CycleRecord:
        """Return the newest cycle in the journal."""
        with closing(self.view()) as view:
            record = view.last_record()
        assert record is not None
        return record

    def account(self) -> Account:
        return Account.of(self.folder / "state" / "paper-paper.sqlite")

    async def exposure(self, block: int) -> dict[Underlying, Decimal]:
        """Ask the contracts what the owner's positions would pay at a block, per hedged underlying."""
        at, pinned = self.chain.at, hex(block)
        amounts = {token.address: 0 for token in (at.weth, at.wbtc, at.usdc)}
        lp = await self.chain.balance(self.scene.pair, OWNER, pinned)
        if lp:
            pair = sorted((at.wbtc.address, at.weth.address), key=lambda token: int(token, 16))
            for token, amount in zip(pair, await self.scene.v2.burn_pays(self.scene.pair, lp, pinned), strict=True):
                amounts[token] += amount
        for token_id in self.token_ids:
            try:
                pays = await self.scene.v3.pays(token_id, pinned)
            except RevertedError:  # not minted yet, or burned
                continue
            info = await self.scene.v3.position(token_id, pinned)
            amounts[info.token0] += pays.total0
            amounts[info.token1] += pays.total1
        return {
            ETH: Decimal(amounts[at.weth.address]).scaleb(-18),
            BTC: Decimal(amounts[at.wbtc.address]).scaleb(-8),
        }

    async def check_exposure(self, record: CycleRecord) -> None:
        """Insist that a cycle saw what the contracts say; what leapt in this very block is confirmed by the next."""
        if waiting(record):
            return
        truth = await self.exposure(record.snapshot.chains[0].block.number)
        assert {hedge.underlying: hedge.exposure for hedge in record.decision.hedges} == truth

    def check_books(self) -> None:
        """Insist that venue and journal tell the same story, and that nothing was done twice."""
        check_books(self.folder / "state" / "paper-paper.sqlite", self.view)


@asynccontextmanager
async def world(
    folder: Path, *, blocks: int = 60, survives: bool = False, present: bool = False, chain: str = "", extra: str = ""
) -> AsyncIterator[World]:
    """Build a world; everything is stopped at the end.

    Args:
        folder: where everything is written.
        blocks: length of the scene's script.
        survives: whether the node, cleanly stopped, comes back with its chain.
        present: whether the scene is played in the present, for venues that run by the system's clock.
        chain: more of the chain's table in the configuration.
        extra: more of the configuration.
    """
    settings = SceneSettings(blocks=blocks)
    options = AnvilOptions(state_file=folder / "chain.json" if survives else None)
    if present:
        settings = replace(settings, start=datetime.now(UTC) - blocks * _LIVE_BLOCK, block_time=_LIVE_BLOCK)
        options = replace(options, genesis=settings.start - timedelta(hours=1))
    async with Anvil(options) as node, Rpc(node.url) as rpc:
        deployed = await LocalChain.deploy(rpc)
        scene = await Scene.create(deployed, settings)
        marks = folder / "marks.csv"
        write_marks(marks, settings.points(2 * blocks))
        config = folder / "bot.toml"
        made = World(folder, node, deployed, scene, config)
        made.configure(chain=chain, extra=extra)
        try:
            yield made
        finally:
            for daemon in made._daemons:  # noqa: SLF001 - the world's own
                await daemon.kill()


def configuration(world: World, urls: Sequence[str], chain: str) -> str:
    """Return the configuration file of a world."""
    return f"""
[bot]
state_dir = "{world.folder / "state"}"
[log]
format = "json"
[http]
enabled = false
[chains.local]
chain_id = 31337
rpc_urls = {json.dumps(list(urls))}
ws_urls = ["{world.node.ws_url}"]
owners = ["{OWNER}"]
{chain}
[[chains.local.uniswap_v2]]
pairs = ["{world.scene.pair}"]
[[chains.local.uniswap_v3]]
position_manager = "{world.chain.at.v3_positions}"
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT", BTC = "BTC/USDT:USDT" }}
mark = "script"
script = "{world.folder / "marks.csv"}"
clock = "chain"
deposit = 20000
"""
