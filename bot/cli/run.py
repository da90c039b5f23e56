"""``dnbot run``: the daemon."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys

import typer

from bot.app import logging
from bot.app.settings import Settings
from bot.app.wiring import daemon
from bot.cli.options import ConfigFiles, Level, Live, open_settings

app = typer.Typer(add_completion=False)


@app.command()
def run(ctx: typer.Context, files: ConfigFiles = None, *, live: Live = False, log_level: Level = None) -> None:
    """Run until SIGINT or SIGTERM; the cycle in hand is finished and journaled first."""
    settings = open_settings(ctx, files, live=live, log_level=log_level).settings
    logging.configure(settings.log.level, settings.log.format, settings.secrets(), sys.stderr)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with daemon(settings) as running:
        running.preflight_done = _keep
        await running.run(stop)


def _keep() -> None:
    """Spare what stands after the start the garbage collector: a full pass over ccxt and its markets takes 0.1 s."""
    gc.collect()
    gc.freeze()
