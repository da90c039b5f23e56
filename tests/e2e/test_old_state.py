"""A journal, a paper account and a configuration of an older version, on the chain that they were made on."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.orders import OrderKind
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from bot.journal import migrate
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from tests.cli.scenes import dnbot
from tests.e2e.books import Account, check_books, in_band
from tests.e2e.harness import Daemon

pytestmark = pytest.mark.chain
OLD = Path(__file__).parents[1] / "recorded" / "old"
CYCLES = 20


class Old:
    """An older version's daemon, which has ended, with its node."""

    def __init__(self, folder: Path, node: Anvil, rpc: Rpc) -> None:
        self.folder, self.node, self._rpc = folder, node, rpc
        self.journal, self.account_file = folder / "journal.sqlite", folder / "paper-paper.sqlite"
        self.config = folder / "demo.toml"

    def view(self) -> JournalView:
        return JournalView.open(self.journal, CURVES)

    async def mine(self) -> int:
        """Mine a block a second later: the market stands still."""
        newest = await self._rpc.call("eth_getBlockByNumber", "latest", False)
        await self._rpc.call("evm_mine", int(newest["timestamp"], 16) + 1)
        return int(newest["number"], 16) + 1


@asynccontextmanager
async def taken_over(version: str, folder: Path) -> AsyncIterator[Old]:
    """Unpack what a version left, start its chain, and let the configuration name both."""
    with tarfile.open(OLD / version / "state.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    async with Anvil(AnvilOptions(state_file=folder / "chain.json")) as node, Rpc(node.url) as rpc:
        old = Old(folder, node, rpc)
        text = old.config.read_text(encoding="utf-8")
        where, port = text.split('state_dir = "')[1].split('"')[0], text.split("http://127.0.0.1:")[1].split('"')[0]
        text = text.replace(where, str(folder)).replace(f"127.0.0.1:{port}", node.url.removeprefix("http://"))
        old.config.write_text(text, encoding="utf-8")
        yield old


async def test_an_old_journal_and_paper_account_open_migrate_and_go_on(tmp_path: Path) -> None:
    async with taken_over("8cb46ce", tmp_path) as old:
        before = Account.of(old.account_file)
        daemon = Daemon(("-m", "bot", "run", "-c", str(old.config)))
        await daemon.start()
        try:
            seen = 0
            for _ in range(3):
                await daemon.cycle(await old.mine(), after=seen)
                seen = len(daemon.lines)
            with closing(sqlite3.connect(old.journal)) as file:
                assert migrate.HEAD in str(file.execute("SELECT * FROM alembic_version").fetchall())
            with closing(old.view()) as view:
                assert view.meta().epoch > 1
                assert [summary.number for summary in view.summaries(limit=1_000)][:2] == [1, 2]
                record, pending = view.last_record(), view.pending()
        finally:
            assert await daemon.stop() == 0
        assert record is not None
        assert record.cycle > CYCLES
        assert record.at < datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=1)
        assert in_band(record)
        strange = {"unexplained", "adopted", "foreign", "stray", "jump", "bare", "residual", "unresolved"}
        assert not {alarm.key.split(":")[0] for alarm in record.decision.alarms} & strange
        stops = [item.intent.request for item in pending if item.intent.request.kind is OrderKind.STOP_MARKET]
        assert {stop.symbol: -stop.quantity for stop in stops} == Account.of(old.account_file).positions
        after = check_books(old.account_file, old.view)
        assert after.fills[: len(before.fills)] == before.fills
        assert all(abs(after.positions[symbol] - size) < Decimal("0.1") for symbol, size in before.positions.items())

        told = dnbot("verify", "-c", old.config, "--json")
        assert told.code == 0, told.err
        found = json.loads(told.out)
        assert found["cycles"] > found["derived"] > 0, "it derives only what this version decided"
