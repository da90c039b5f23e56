"""``status``: short unless asked for more, never cut, foreign text only ever text, followed cycle by cycle."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from bot.app.settings import load
from bot.cli.live_status import draw
from bot.cli.status_data import Status
from bot.cli.tables import show, show_short
from bot.clock import ManualClock
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import ChainView
from bot.core.types import Mode
from bot.core.view.cycle import view_of
from bot.journal.reader import JournalMeta
from tests.app.fakes import rig, view
from tests.cli.scenes import dnbot
from tests.core.scenes import NOW
from tests.forks import running
from tests.tools.market import play

CONFIG: Final = Path(__file__).parents[2] / "config" / "paper-mainnet.toml"
HOSTILE: Final = "[bold red]W[/]\x1b[31mETH\u202e[/nothing]"


def hostile(seen: ChainView) -> ChainView:
    """Let strangers choose the names of a token."""
    position = seen.positions[0]
    return replace(seen, positions=(replace(position, token0=replace(position.token0, symbol=HOSTILE)),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state directory whose journal has four cycles over a token with a hostile name."""

    async def cycles() -> None:
        async with rig(tmp_path, wanted=load([CONFIG], {}).settings.policy()) as run:
            for block in range(1, 5):
                await run.turn(hostile(view(block)))

    asyncio.run(cycles())
    return tmp_path


def status(folder: Path, *more: str) -> str:
    told = dnbot("status", "-c", CONFIG, *more, DNBOT_BOT__STATE_DIR=str(folder))
    assert told.code == 0, told.err
    return told.out


def test_it_is_short_and_begins_with_the_glance(folder: Path) -> None:
    lines = status(folder).splitlines()
    assert re.match(r"paper · ETH \d+% hedged · sells next below [\d,.]+, buys back above", lines[0])
    assert len(lines) <= 6
    assert "no daemon runs" in lines[-1]


def test_more_is_told_when_asked(folder: Path) -> None:
    out = status(folder, "--full")
    assert out.splitlines()[0] == status(folder).splitlines()[0]
    for words in ("block 4 of", " UTC", "holds", "unhedged", "band: risk aversion", "LP fees", "filled -"):
        assert words in out


def test_names_that_strangers_chose_have_no_effect_on_the_terminal(folder: Path) -> None:
    out = status(folder, "--full")
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold red]W[/]\ufffd[31mETH\ufffd[/nothing]" in out


def test_json_has_the_glance_and_the_mode(folder: Path) -> None:
    found = json.loads(status(folder, "--json"))
    assert found["mode"] == "paper"
    assert found["glance"].startswith("paper · ETH ")
    assert found["last"]["positions"][0]["tokens"][0]["symbol"] == HOSTILE


def test_it_is_followed_in_a_pipe_line_by_line_and_ctrl_c_ends_it_well(folder: Path) -> None:
    environ = {"DNBOT_BOT__STATE_DIR": str(folder), "PATH": ""}
    with running("stdout", "bot", "status", "-c", str(CONFIG), "--follow", env=environ) as (lines, process):
        assert json.loads(lines.readline())["cycle"]["number"] == 4
        os.kill(process.pid or 0, signal.SIGINT)
        process.join(30)
        assert process.exitcode == 0


def printed(width: int, item: CycleRecord, shown: str) -> list[str]:
    """Return the lines that a terminal of a width shows."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, markup=False)
    found = view_of(item)
    if shown == "short":
        show_short(console, found, Mode.PAPER)
    elif shown == "full":
        show(console, found, Mode.PAPER)
    else:
        meta, event = JournalMeta("dnbot", 1, NOW, None), Event(NOW, "started", "the daemon started", {})
        console.print(draw(Status(meta, item, (), (event,), Book(), None, Mode.PAPER), ManualClock(NOW)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 132])
@pytest.mark.parametrize("shown", ["short", "full", "live"])
def test_nothing_is_cut_however_narrow_the_terminal_is(width: int, shown: str) -> None:
    *_, last = (item for item, _ in play(20))
    lines = printed(width, last, shown)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    whole = re.sub(r"\s+", "", "".join(printed(400, last, "short")))
    if shown == "short":
        assert re.sub(r"\s+", "", "".join(lines)) == whole


def test_a_ruler_is_drawn_where_the_range_ends_and_the_pool_stands() -> None:
    *_, last = (item for item, _ in play(20))
    (line,) = (line for line in printed(132, last, "full") if line.startswith("  range"))
    assert re.search(r"-+\[=*\|=*\]-+  [\d,]+ to [\d,]+, now [\d,]+ USDC per WETH", line)
