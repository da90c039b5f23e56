"""The demo's run: a local chain, a scene on it, and the daemon of ``dnbot run``, watched through its journal."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import tomli_w

from bot.app.services import JOURNAL
from bot.app.settings.origins import Layer, merge
from bot.core.errors import ConfigError, Halt
from bot.core.pnl.ledger import gains_of
from bot.core.record import CycleRecord
from bot.core.snapshot import LpPosition
from bot.core.types import ZERO, Symbol
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.path import write_marks
from bot.demo.registry import USUAL
from bot.demo.rpc import Rpc
from bot.demo.scenario import SceneSettings
from bot.demo.scene import OWNER, Scene, Step
from bot.demo.venues import DemoVenue, serving, spacing_of, symbols_of
from bot.journal.cycle_summary import ResultFigures
from bot.journal.reader import JournalView
from bot.ports import Clock
from bot.protocols.registry import CURVES

_START_DEADLINE: Final = 60.0
"""Seconds that the daemon has for its first cycle: imports on a slow machine."""
_CYCLE_DEADLINE: Final = 20.0
_STOP_DEADLINE: Final = 15.0
_SETTLE_DEADLINE: Final = 20.0
"""Seconds that the daemon has to record its last orders; a view may cost a venue's whole budget of some seconds."""
POLL: Final = 0.004
_SETTLE_POLL: Final = 0.1
_CENT: Final = Decimal("0.01")
_LIVE_BLOCK: Final = timedelta(seconds=2)
_LEDGER_INTERVAL: Final = 5.0
"""Seconds; longer at venues that have room for few requests."""
_AHEAD: Final = 10
"""Scenes whose prices are written before they are played."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One block of the demo: the market, the daemon's decision, and whether its reading was correct.

    ``result`` is the daemon's own; with venues the hedge's part is what their accounts gained.
    """

    step: Step
    record: CycleRecord
    result: ResultFigures | None
    true: bool


Tables = Mapping[str, Mapping[str, object]]
"""Tables of a configuration by name."""


class DemoRun:
    """A running demo; made by ``demo_run``."""

    def __init__(
        self, folder: Path, scene: Scene, clock: Clock, venues: Sequence[DemoVenue] = (), more: Tables | None = None
    ) -> None:
        self.folder = folder
        self.scene = scene
        self.venues = venues
        self._more = more or {}
        self._clock = clock
        self._daemon: subprocess.Popen[bytes] | None = None
        self._view: JournalView | None = None
        self._cycle = 0
        self._written = 0

    @property
    def journal(self) -> Path:
        """The daemon's journal."""
        return self.folder / JOURNAL

    @property
    def config(self) -> Path:
        """The configuration that the daemon runs with."""
        return self.folder / "demo.toml"

    @property
    def log(self) -> Path:
        """The daemon's log."""
        return self.folder / "daemon.log"

    @property
    def pid(self) -> int | None:
        """The daemon's process, None before it was started."""
        return None if self._daemon is None else self._daemon.pid

    def view(self) -> JournalView:
        """Return the journal, read-only; open until the demo ends."""
        if self._view is None:
            self._view = JournalView.open(self.journal, CURVES)
        return self._view

    async def start(self) -> None:
        """Write the configuration and start the daemon; wait for its first cycle."""
        self._write_marks()
        self._start_daemon()
        await self._cycle_at(0, _START_DEADLINE)

    async def step(self) -> Seen:
        """Mine the next block and wait until the daemon has decided on it."""
        if self.scene.index + 2 > self._written:
            self._write_marks()
        step = await self.scene.step()
        record = await self._cycle_at(step.number, _CYCLE_DEADLINE)
        (summary,) = self.view().summaries(after=record.cycle - 1, limit=1)
        result = summary.figures.result
        if self.venues:
            if result is not None:  # a ledger is read now and then, and the venues' own books stand at every block
                result = replace(result, hedge=self.gain())
            self.scene.lead()  # prices move between blocks, so that what is read of a venue ahead of one is of its own
        return Seen(step, record, result, await self._is_true(record))

    async def settle(self) -> None:
        """Wait for the daemon to record what its last orders came to, and to end what the owner has left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_DEADLINE):
                while not (self._is_quiet() and self._is_booked()):
                    self._require_daemon()
                    await self._clock.sleep(_SETTLE_POLL)

    def gain(self) -> Decimal:
        """Return what all accounts at venues have gained at the present prices, by their own books, USD."""
        return sum((venue.gain() for venue in self.venues), ZERO)

    def _is_booked(self) -> bool:
        """Whether the journal has every fill, and every cent, that the venues' own books have."""
        if any(self.booked(venue) != venue.positions() for venue in self.venues):
            return False
        return not self.venues or abs(gains_of(self.view().book().total).hedge - self.gain()) < _CENT

    def booked(self, venue: DemoVenue) -> dict[Symbol, Decimal]:
        """Return a venue's positions as the journal's fills make them up, base units."""
        found = dict.fromkeys(venue.symbols.values(), Decimal(0))
        for fill in self.view().fills(limit=100_000):
            if fill.venue == venue.name:
                found[fill.symbol] += fill.quantity
        return found

    def _is_quiet(self) -> bool:
        """Whether the newest cycle had nothing more to send."""
        record = self.view().last_record()
        return record is not None and not record.decision.approved

    async def stop(self) -> int:
        """End the daemon as ``docker stop`` would, and return its exit code."""
        if self._view is not None:
            self._view.close()
            self._view = None
        if self._daemon is None:
            return 0
        self._daemon.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._daemon.wait, _STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return self._daemon.wait()

    def write_config(self, rpc_url: str, ws_url: str) -> None:
        """Write the daemon's configuration."""
        chain = {
            "chain_id": 31337,
            "rpc_urls": [rpc_url],
            "ws_urls": [ws_url],
            "owners": [OWNER],
            "confirm_changes": False,  # the node is its own, and its deposits are to be hedged in their block
            **{pool.protocol: [pool.deployment()] for pool in (self.scene.full_range, self.scene.ranged)},
        }
        tables: dict[str, Mapping[str, object]] = {
            "bot": {"id": "demo", "state_dir": str(self.folder)},
            "chains": {"local": chain},
            "venues": {venue.name: venue.settings() for venue in self.venues} or {"paper": self._paper()},
            "execution": {"style": "taker"},  # its blocks lie ten minutes apart: nothing may wait for the next one
            "http": {"enabled": False},  # several demos may run side by side
            "log": {"format": "json"},
        }
        if self.venues:  # which run by the system's clock, while blocks are played faster than their own time says
            tables["guards"] = {"max_snapshot_age": "1h", "max_orders_per_minute": 1000}
            # the last results are booked soon after the last block
            every = max(_LEDGER_INTERVAL, 5 * max(spacing_of(venue.name) for venue in self.venues))
            tables["bot"] = {**tables["bot"], "cycle_interval": "2s", "ledger_interval": f"{every:g}s"}
        text = tomli_w.dumps(merge([Layer("demo", tables), Layer("more", self._more)])[0])
        self.config.touch(mode=0o600)
        self.config.write_text(f"# The demo's own configuration: dnbot run -c {self.config}\n{text}", encoding="utf-8")

    def _paper(self) -> dict[str, object]:
        return {
            "kind": "paper",
            "symbols": symbols_of("paper"),
            "deposit": 20_000,
            "mark": "script",
            "script": str(self.folder / "marks.csv"),
            "clock": "chain",
        }

    def _environment(self) -> dict[str, str]:
        """Return the daemon's environment: its venues' credentials, and nothing of the user's own configuration."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
        return {**inherited, **{name: value for venue in self.venues for name, value in venue.environment().items()}}

    def _start_daemon(self) -> None:
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "bot", "run", "-c", str(self.config)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C ends the demo, and the demo ends the daemon
                env=self._environment(),
            )

    def _write_marks(self) -> None:
        """Write the market's prices further ahead; the paper exchange reads the file again when it needs more."""
        blocks, index = self.scene.settings.blocks, self.scene.index
        self._written = index + _AHEAD * blocks
        points = islice(self.scene.settings.path(), max(index - blocks, 0), self._written + 1)
        marks, fresh = self.folder / "marks.csv", self.folder / "marks.csv.new"
        write_marks(fresh, points)
        fresh.replace(marks)

    async def _cycle_at(self, block: int, deadline: float) -> CycleRecord:
        """Wait for a cycle that saw a block."""
        try:
            async with asyncio.timeout(deadline):
                while True:
                    if (record := self._newest(block)) is not None:
                        return record
                    self._require_daemon()
                    await self._clock.sleep(POLL)
        except TimeoutError:
            raise Halt(f"the daemon made no cycle of block {block} within {deadline:g} s; see {self.log}") from None

    def _newest(self, block: int) -> CycleRecord | None:
        try:
            view = self.view()
        except ConfigError:  # the daemon has not made its journal yet
            return None
        for cycle in view.summaries(after=self._cycle):
            self._cycle = cycle.number
            if max(cycle.blocks.values()) >= block:
                return view.last_record()
        return None

    def _require_daemon(self) -> None:
        if self._daemon is not None and self._daemon.poll() is not None:
            said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Halt(f"the daemon ended with code {self._daemon.returncode}: {said[-1] if said else 'no word'}")

    async def _is_true(self, record: CycleRecord) -> bool:
        """Compare what the daemon read with what the contracts would pay out, to the last unit."""
        paid = [await self._pays(position) for position in record.snapshot.positions]
        read = [(item.amounts.total0, item.amounts.total1) for item in record.snapshot.positions]
        return paid == read

    async def _pays(self, position: LpPosition) -> tuple[int, int]:
        if position.protocol == self.scene.full_range.protocol:
            return await self.scene.full_range.pays(OWNER)
        payout = await self.scene.ranged.pays(OWNER, int(position.id.rsplit(":", 1)[1]))
        return payout.total0, payout.total1


@asynccontextmanager
async def demo_run(
    folder: Path,
    settings: SceneSettings,
    clock: Clock,
    kinds: Sequence[str] = (),
    more: Tables | None = None,
    protocol: str = USUAL,
) -> AsyncIterator[DemoRun]:
    """Set up a demo in an existing folder, with the daemon's first cycle done; end all processes at the end.

    Args:
        folder: for all files of the run; a whole path, since the daemon takes others from its configuration's folder.
        settings: the scene; with venues it is played in the present, since they run by the system's clock.
        clock: the system's.
        kinds: venues that the daemon hedges on through ccxt; none: its own paper exchange.
        more: tables of the daemon's configuration, laid over the demo's own.
        protocol: of one of the pools, one of ``PLAYED``.
    """
    options = AnvilOptions()
    if kinds:
        length = settings.blocks * _LIVE_BLOCK
        settings = replace(settings, start=clock.now() - length, block_time=_LIVE_BLOCK)
        options = AnvilOptions(genesis=settings.start - timedelta(hours=1))
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(Anvil(options))
        rpc = await stack.enter_async_context(Rpc(node.url))
        scene = await Scene.create(await LocalChain.deploy(rpc), settings, protocol)
        venues = await stack.enter_async_context(serving(kinds, folder, lambda: scene.market, clock))
        run = DemoRun(folder, scene, clock, venues, more)
        stack.push_async_callback(run.stop)
        run.write_config(node.url, node.ws_url)
        await run.start()
        yield run
