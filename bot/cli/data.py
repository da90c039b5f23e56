"""``dnbot data``: the past of a pool from a node, and of a perpetual from a venue, as files that a backtest replays."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app import logging
from bot.app.adapter_configs import ccxt_config, chain_config
from bot.app.settings import Settings
from bot.app.settings.venues import PAPER
from bot.backtest import part_files, perp_fetch, pool_fetch
from bot.backtest.findings import Finding
from bot.backtest.part_files import Parts
from bot.backtest.store import arrow
from bot.chain.config import ChainConfig
from bot.chain.pool_history import PoolHistory
from bot.chain.pool_past import PoolAbout, PoolToken
from bot.chain.tokens import claim
from bot.cli.console import screen
from bot.cli.options import ConfigFiles, open_settings
from bot.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.market import PriceKind
from bot.core.types import ChainName, PoolId, Underlying, VenueId
from bot.exchange.config import CcxtConfig
from bot.protocols.registry import PROTOCOLS
from bot.setting_types.fields import parse_duration, parse_pool
from bot.venues.connect import past
from bot.venues.registry import KINDS, kind_of

_VERSION = 4  # of what is read of an event
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRAMES = frozenset(60 * minutes for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 1440))
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
    address: Annotated[
        str,
        typer.Option("--pool", metavar="POOL", help="A pool on it: an address or 32-byte id."),
    ],
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
    where = _said("--pool", parse_pool, address)
    span, ends = _said("--interval", parse_duration, interval), (_moment("--from", start), end and _moment("--to", end))
    if span < timedelta(seconds=1) or span % timedelta(seconds=1):
        raise ConfigError("--interval is no whole number of seconds")
    with _writing(out):
        about, findings = asyncio.run(_pool(config, where, (ends[0], ends[1] or None), span, out))
    _tell(findings, out)
    sys.stdout.write(_snippet(config, about, out, span))


@app.command()
def perp(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    venue: Annotated[str, typer.Option(help="A venue of the configuration, or a kind of venue.")],
    underlying: Annotated[str, typer.Option(help="What the perpetual is on, such as ETH.")],
    start: From,
    end: To = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The Parquet file to write; funding goes beside it.")],
    interval: Interval = "1m",
    price: Annotated[
        PriceKind | None,
        typer.Option(help="Which price the candles are of; the mark, or trades where a venue has no other candles."),
    ] = None,
) -> None:
    """Read a perpetual's candles and funding from a venue; run again it goes on where it was.

    No key is needed, and for the name of a kind of venue no configuration either.
    """
    settings = _settings(ctx, files) if files else None
    if settings is None:
        _prepare()
    config = _venue(settings, venue, Underlying(underlying.upper()))
    span = _said("--interval", parse_duration, interval)
    if int(span.total_seconds()) not in _FRAMES:
        raise ConfigError(f"--interval {interval}: venues have candles of 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h and 1d")
    clock = SystemClock()
    begins, ends = _time("--from", start), clock.now() if end is None else _time("--to", end)
    if ends > clock.now():
        raise ConfigError(f"--to {end}: is still to come")
    of = price or _usual_price(config)
    wanted = perp_fetch.Wanted(_rounded(begins, span, up=True), _rounded(ends, span, up=False), span, of)
    if wanted.end <= wanted.start:
        raise ConfigError(f"--from and --to are less than one candle ({interval}) apart")
    funding = out.with_name(f"{out.stem}-funding{out.suffix}")
    with _writing(out):
        findings, written = asyncio.run(_perp(config, wanted, out, funding))
    _tell(findings, *written)
    more = [f'funding = "{funding.name}"'] if funding in written else []
    lines = [f"[perps.{underlying.upper()}]", f'path = "{out.name}"', f'interval = "{interval}"', *more]
    sys.stdout.write("\n".join(lines) + "\n")


async def _perp(
    config: CcxtConfig, wanted: perp_fetch.Wanted, out: Path, funding: Path
) -> tuple[list[Finding], tuple[Path, ...]]:
    (symbol,) = config.symbols
    reader = await past(config, symbol, SystemClock())
    try:
        first, span = int(wanted.start.timestamp()), int(wanted.span.total_seconds())
        known = Parts.open(out, first, venue=config.kind, symbol=symbol, price=wanted.price.value, seconds=span)
        with _bar("seconds") as progress:
            await perp_fetch.fetch(reader, wanted, known, progress)
        return await perp_fetch.write(reader, wanted, known, out, funding)
    finally:
        await reader.close()


def _venue(settings: Settings | None, name: str, underlying: Underlying) -> CcxtConfig:
    """Return the venue to read, without any key: one of the configuration, where there is one, or a kind of venue."""
    found = None if settings is None else settings.venues.get(VenueId(name))
    if found is None:
        kinds = "no venue" if settings is None else ", ".join(settings.venues)
        if name == PAPER or not (name in KINDS or name.isalnum()):
            raise ConfigError(
                f"--venue {name}: the configuration knows {kinds}; or name a kind such as {next(iter(KINDS))}"
            )
        return CcxtConfig(VenueId(name), name, (kind_of(name).symbol(underlying),))
    kind = found.source if found.is_paper else found.kind
    if kind is None:
        raise ConfigError(f'--venue {name}: is a paper venue without a source (mark = "venue"); name a kind of venue')
    if underlying not in found.symbols:
        raise ConfigError(f"--underlying {underlying}: {name} has {', '.join(found.symbols)}")
    config = ccxt_config(VenueId(name), found, kind)
    return replace(config, symbols=(found.symbols[underlying],), login={})


def _usual_price(config: CcxtConfig) -> PriceKind:
    """Return the price that candles are of where none is asked for."""
    has = kind_of(config.kind).dialect(config).facts.candle_prices
    if PriceKind.MARK in has:
        return PriceKind.MARK
    typer.echo(f"{config.kind} has no candles of the mark price: these are of trades", err=True)
    return PriceKind.LAST


def _time(option: str, text: str) -> datetime:
    found = _moment(option, text)
    if isinstance(found, int):
        raise ConfigError(f"{option} {text}: is no time such as 2026-01-01 or 2026-01-01T12:00Z")
    return found


def _rounded(at: datetime, span: timedelta, *, up: bool) -> datetime:
    left = (at - _EPOCH) % span
    return at - left + span if up and left else at - left


async def _pool(
    config: ChainConfig,
    where: PoolId,
    wanted: tuple[datetime | int, datetime | int | None],
    span: timedelta,
    out: Path,
) -> tuple[PoolAbout, list[Finding]]:
    kinds = [amm.history for amm in PROTOCOLS.values() if amm.history is not None]
    history = await PoolHistory.open(config, where, SystemClock(), kinds)
    try:
        ends = await pool_fetch.ends(history, *wanted, span)
        known = Parts.open(out, ends.first.number, version=_VERSION, chain_id=int(config.chain_id), pool=where)
        with _bar("blocks") as progress:
            size = config.limits.max_log_blocks
            await pool_fetch.fetch(history, known, ends.last.number, size, progress)
        return history.about, await pool_fetch.write(history, known, ends, span, out)
    finally:
        await history.close()


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(out)) from error


def _settings(ctx: typer.Context, files: list[Path] | None) -> Settings:
    settings = open_settings(ctx, files, keyless=True).settings
    _prepare(settings.log.format, settings.secrets())
    return settings


def _prepare(log_format: str = "auto", secrets: Iterable[str] = ()) -> None:
    """Log errors only, and check that Parquet can be written."""
    logging.configure("error", log_format, secrets, sys.stderr)
    arrow()


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
def _bar(unit: str) -> Iterator[part_files.Progress]:
    console = screen(stderr=True)
    columns = TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(findings: list[Finding], *written: Path) -> None:
    for finding in findings:
        typer.echo(finding.words, err=True)
    typer.echo(f"wrote {' and '.join(map(str, written))}", err=True)


def _snippet(config: ChainConfig, about: PoolAbout, out: Path, span: timedelta) -> str:
    """Return the pool as a scenario names it."""
    names = [token.symbol or token.address for token in (about.token0, about.token1)]
    held = "full = true" if about.is_full_range else 'width = "10%"'
    return "\n".join(
        (
            "[[pools]]",
            f'name = "{"-".join(names).lower()}"',
            f'protocol = "{about.protocol}"',
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
