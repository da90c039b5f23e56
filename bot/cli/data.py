"""``dnbot data``: the past of a pool from a node, and of a perpetual from a venue, as files that a backtest replays."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.adapters.chain.config import ChainConfig
from bot.adapters.chain.history import PoolAbout, PoolHistory, PoolKind, PoolToken
from bot.adapters.chain.tokens import claim
from bot.adapters.clock import SystemClock
from bot.app import logging
from bot.app.adapter_configs import chain_config
from bot.app.settings import Settings
from bot.app.settings.fields import parse_address, parse_duration
from bot.backtest import pool_fetch
from bot.backtest.findings import Finding
from bot.backtest.store import arrow
from bot.cli.options import ConfigFiles, open_settings
from bot.core.errors import ConfigError
from bot.core.types import Address, ChainName

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, add_completion=False)

From = Annotated[str, typer.Option("--from", metavar="TIME", help="Such as 2026-01-01, UTC where it names no zone.")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until when; left out: as far as there is.")]
Interval = Annotated[str, typer.Option(help="What one row spans, such as 1m or 1h.")]


@app.callback()
def data() -> None:
    """The past of a pool from a node, and of a perpetual from a venue, as files that a backtest replays."""


@app.command()
def pool(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    chain: Annotated[str, typer.Option(help="A chain of the configuration.")],
    address: Annotated[str, typer.Option("--pool", metavar="ADDRESS", help="A Uniswap V3 pool or V2 pair on it.")],
    start: From,
    end: To = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The Parquet file to write.")],
    interval: Interval = "1m",
) -> None:
    """Read a pool's swaps and changes of liquidity from a node; ended and run again it goes on where it was.

    TIME may be the number of a block too. What was read stays in the folder FILE.parts, and a later --to adds to it.
    """
    settings = _settings(ctx, files)
    config = _chain(settings, chain)
    where = _said("--pool", parse_address, address)
    span, ends = _said("--interval", parse_duration, interval), (_moment("--from", start), end and _moment("--to", end))
    if span < timedelta(seconds=1) or span % timedelta(seconds=1):
        raise ConfigError("--interval is no whole number of seconds")
    with _writing(out):
        about, findings = asyncio.run(_pool(config, where, (ends[0], ends[1] or None), span, out))
    _tell(findings, out)
    sys.stdout.write(_snippet(config, about, out, span))


async def _pool(
    config: ChainConfig,
    where: Address,
    wanted: tuple[datetime | int, datetime | int | None],
    span: timedelta,
    out: Path,
) -> tuple[PoolAbout, list[Finding]]:
    history = PoolHistory(config, where, SystemClock())
    try:
        about = await history.about()
        ends = await pool_fetch.ends(history, *wanted, span)
        folder = out.with_name(f"{out.name}.parts")
        parts = pool_fetch.Parts.open(folder, config.chain_id, where, ends.first.number)
        with _bar("blocks") as progress:
            size = config.limits.max_log_blocks
            await pool_fetch.fetch(history, about, parts, ends.last.number, size, progress)
        return about, await pool_fetch.write(history, about, parts, ends, span, out)
    finally:
        await history.close()


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(out)) from error


def _settings(ctx: typer.Context, files: list[Path] | None) -> Settings:
    settings = open_settings(ctx, files).settings
    logging.configure("error", settings.log.format, settings.secrets(), sys.stderr)
    arrow()
    return settings


def _chain(settings: Settings, name: str) -> ChainConfig:
    if (found := settings.chains.get(ChainName(name))) is None:
        known = ", ".join(settings.chains) or "none"
        raise ConfigError(f"--chain {name}: the configuration knows {known}")
    return chain_config(ChainName(name), found)


def _said(option: str, parse: Callable[[object], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text}: {error}") from error


def _moment(option: str, text: str) -> datetime | int:
    if text.isdecimal():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text}: is no time such as 2026-01-01 or 2026-01-01T12:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def _bar(unit: str) -> Iterator[pool_fetch.Progress]:
    console = Console(stderr=True)
    columns = TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(findings: list[Finding], *written: Path) -> None:
    for finding in findings:
        typer.echo(finding.words, err=True)
    typer.echo(f"wrote {' and '.join(map(str, written))}", err=True)


def _snippet(config: ChainConfig, about: PoolAbout, out: Path, span: timedelta) -> str:
    """Give the pool as a scenario names it."""
    names = [token.symbol or token.address for token in (about.token0, about.token1)]
    held = "full = true" if about.kind is PoolKind.V2 else 'width = "10%"'
    return "\n".join(
        (
            "[[pools]]",
            f'name = "{"-".join(names).lower()}"',
            f'path = "{out.name}"',
            f'interval = "{int(span.total_seconds())}s"',
            f"fee = {about.fee}",
            f"tick_spacing = {about.tick_spacing}",
            *(f"token{number} = {_token(config, token)}" for number, token in enumerate((about.token0, about.token1))),
            f"positions = [{{ value = 100000, {held} }}]\n",
        )
    )


def _token(config: ChainConfig, token: PoolToken) -> str:
    underlying = claim(config, token.address, token.symbol) or "?"
    return f'{{ symbol = "{token.symbol or "?"}", decimals = {token.decimals}, underlying = "{underlying}" }}'
