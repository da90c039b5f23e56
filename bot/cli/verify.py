"""``dnbot verify``: derive the journal's decisions again, and compare."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import closing

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.app.services import journal_path
from bot.backtest.verify_journal import Derived, derive
from bot.cli.console import screen, text
from bot.cli.options import AsJson, ConfigFiles, JournalCopy, Live, open_settings
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from bot.version import decider

app = typer.Typer(add_completion=False)

_SHOWN = 10
UNNAMED = "an older version"


@app.command()
def verify(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    journal: JournalCopy = None,
    as_json: AsJson = False,
    live: Live = False,
) -> None:
    """Decide every journaled cycle again from what was seen and remembered then; exit 1 where a byte differs.

    Only what this version decided is derived. Cycles that were decided under other settings may differ.
    """
    settings = open_settings(ctx, files, live=live, keyless=True).settings
    progress = Progress(TextColumn("deriving"), BarColumn(), MofNCompleteColumn(), console=screen(stderr=True))
    with closing(JournalView.open(journal or journal_path(settings), CURVES)) as view, progress:
        cycles = view.cycles()
        found = list(progress.track(derive(view.records(), settings.policy(), decider()), cycles))
    different = [item for item in found if item.differs]
    if as_json:
        sys.stdout.write(json.dumps(_data(found, different), indent=2) + "\n")
    else:
        _show(screen(), found, different)
    if different:
        raise typer.Exit(1)


def _data(found: list[Derived], different: list[Derived]) -> dict[str, object]:
    known = [item for item in found if item.differs is not None]
    return {
        "cycles": len(found),
        "derived": len(known),
        "orders": sum(item.orders for item in known),
        "version": decider(),
        "versions": dict(Counter(item.version or UNNAMED for item in found)),
        "different": [{"cycle": item.cycle, "parts": item.differs} for item in different],
    }


def _show(console: Console, found: list[Derived], different: list[Derived]) -> None:
    known = [item for item in found if item.differs is not None]
    orders = sum(item.orders for item in known)
    console.print(f"{len(known)} of {len(found)} journaled decisions derived again, {orders} orders in them")
    others = Counter(item.version or UNNAMED for item in found if item.version != decider())
    for version, count in others.items():
        console.print(f"{count} were decided by {version}, this is {decider()}: not derived", style="dim")
    if others.total() + len(known) < len(found):
        console.print("of the first one kept the journal does not hold what it started from", style="dim")
    if known and not different:
        console.print(text(("every byte is the same", "green")))
    for item in different[:_SHOWN]:
        console.print(text((f"cycle {item.cycle} differs", "red"), f": {', '.join(item.differs or ())}"))
    if len(different) > _SHOWN:
        console.print(f"and {len(different) - _SHOWN} more")
