"""``dnbot report``: what the hedge did, as one page to be shown: of a backtest, or of the daemon's journal."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bot.app import logging
from bot.app.services import journal_path
from bot.backtest.report_model import Story, of_folder, of_journal, of_result
from bot.backtest.report_page import page
from bot.backtest.report_png import save_picture
from bot.cli.backtest import run
from bot.cli.options import ConfigFiles, JournalCopy, Live, open_settings
from bot.core.errors import ConfigError
from bot.core.types import Mode
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES

app = typer.Typer(add_completion=False)


@app.command()
def report(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    data: Annotated[
        Path | None, typer.Option(help="Scenario to replay; left out: the report is of the daemon's journal.")
    ] = None,
    backtest: Annotated[Path | None, typer.Option(metavar="FOLDER", help="What `dnbot backtest --out` wrote.")] = None,
    journal: JournalCopy = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The page to write.")] = Path("report.html"),
    png: Annotated[bool, typer.Option("--png", help="Write the charts as a picture beside it, too.")] = False,
    live: Live = False,
) -> None:
    """Write one self-contained HTML page: value, drift, attribution, exposure, margin, orders, and what was assumed."""
    settings = open_settings(ctx, files, live=live, keyless=True).settings
    logging.configure("error", settings.log.format, settings.secrets(), sys.stderr)
    if sum(one is not None for one in (data, backtest, journal)) > 1:
        raise ConfigError("give one of --data (a scenario), --backtest (its folder) and --journal (a daemon's journal)")
    if data is not None:
        story = of_result(run(settings, data, skip=True))
    elif backtest is not None:
        story = of_folder(backtest)
    else:
        story = _journaled(journal or journal_path(settings), settings.bot.mode)
    written = [out]
    try:
        out.write_text(page(story), encoding="utf-8")
        if png:
            written.append(out.with_suffix(".png"))
            save_picture(story, written[-1])
    except OSError as error:
        raise ConfigError(f"--out can't be written: {error.strerror}", source=str(out)) from error
    typer.echo(f"wrote {' and '.join(map(str, written))}", err=True)


def _journaled(path: Path, mode: Mode) -> Story:
    with closing(JournalView.open(path, CURVES)) as view:
        story = of_journal(view, mode)
    if story is None:
        raise ConfigError("the journal has no cycle yet: nothing to report", source=str(path))
    return story
