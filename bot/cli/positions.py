"""``dnbot positions``: what addresses hold on the protocols that dnbot reads, and the configuration that hedges it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app import logging
from bot.app.adapter_configs import chain_config
from bot.app.file_notes import FileNotes
from bot.app.positions import Listing, Place, listing
from bot.app.positions_report import as_data, reward_value, toml
from bot.app.settings.chains import MULTICALL3, Deployed
from bot.app.setup.chains import CHAINS, KnownChain, chain_named
from bot.app.setup.scan import chain_id_of
from bot.chain.config import ChainConfig
from bot.chain.trail import MOST
from bot.cli.ask import Ask
from bot.cli.console import number, screen, text
from bot.cli.options import AsJson, ConfigFiles, open_settings
from bot.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.snapshot import LpPosition
from bot.core.types import Address, ChainId, ChainName
from bot.core.view.cycle import price_range
from bot.setting_types.fields import HttpEndpoint, parse_address

app = typer.Typer(add_completion=False)

_HTTP: TypeAdapter[SecretStr] = TypeAdapter(HttpEndpoint)
_READ_TIMEOUT: Final = 60.0
_MAX_BATCH: Final = 10
"""Requests in one batch: what public endpoints take."""

Source = tuple[ChainConfig, Sequence[Place]]
"""A chain, and the deployments there that are configured."""


@app.command()
def positions(
    ctx: typer.Context,
    owners: Annotated[list[str], typer.Argument(metavar="OWNER…", help="Addresses; no key is ever needed.")],
    files: ConfigFiles = None,
    *,
    chain: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A chain by name or id; repeatable. Left out: all known.")
    ] = None,
    rpc: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="HTTP endpoint; it tells its chain itself; repeatable.")
    ] = None,
    search: Annotated[
        bool, typer.Option(help="Look through the owners' transfers for pools, pairs and gauges too.")
    ] = True,
    notes: Annotated[
        Path, typer.Option(metavar="FILE", help="How far transfers were looked through; another call goes on there.")
    ] = Path("var/positions.json"),
    as_json: AsJson = False,
) -> None:
    """List what addresses hold on known and configured deployments, staked too, and the TOML that hedges it."""
    logging.configure("error", "auto", (), sys.stderr)
    parsed = tuple(dict.fromkeys(Ask.parsed("OWNER", owner, parse_address) for owner in owners))
    sources = [
        (replace(one, owners=parsed), places) for one, places in _sources(ctx, files or [], chain or [], rpc or [])
    ]
    found = [_listed(source, FileNotes(notes), search=search) for source in sources]
    if as_json:
        sys.stdout.write(json.dumps([as_data(one) for one in found], indent=2) + "\n")
        return
    for one in found:
        _show(screen(), one)


def _sources(ctx: typer.Context, files: Sequence[Path], names: Sequence[str], urls: Sequence[str]) -> list[Source]:
    """Return the chains to look at: the configured ones, those that endpoints are of, and those that are named."""
    found: dict[int, Source] = {}
    if files:
        for name, settings in open_settings(ctx, files, keyless=True).settings.chains.items():
            places = [_place(one) for one in settings.deployments()]
            found[settings.chain_id] = (_patient(chain_config(name, settings)), places)
    wanted = [Ask.parsed("--chain", name, chain_named) for name in names]
    given: dict[int, list[str]] = {}
    for url in urls:
        endpoint = Ask.parsed("--rpc", url, _url)
        given.setdefault(asyncio.run(chain_id_of((endpoint,), SystemClock())), []).append(endpoint)
    for chain_id, endpoints in given.items():
        if wanted and chain_id not in {one.chain_id for one in wanted}:
            raise ConfigError(f"--rpc: this endpoint is of chain {chain_id}, which no --chain names")
        known = found.get(chain_id)
        made = _chain(chain_named(str(chain_id)), endpoints)
        found[chain_id] = (made, ()) if known is None else (replace(known[0], rpc_urls=tuple(endpoints)), known[1])
    usual = [] if files or urls else [one for one in CHAINS if one.is_main]
    for one in wanted or usual:
        if one.chain_id not in found:
            if not one.endpoint:
                raise ConfigError(f"--chain {one.name}: give an endpoint of it by --rpc")
            found[one.chain_id] = (_chain(one, [one.endpoint]), ())
    chosen = {one.chain_id for one in wanted}
    return [source for chain_id, source in found.items() if not chosen or chain_id in chosen]


def _place(deployed: Deployed) -> Place:
    """Return a configured deployment; one that is configured by its name stays known by it."""
    values = deployed.settings.model_dump(exclude_unset=True)
    return Place(deployed.protocol, values, deployed.settings.name if deployed.is_preset else "")


def _chain(known: KnownChain, urls: Sequence[str]) -> ChainConfig:
    config = ChainConfig(
        name=ChainName(known.name),
        chain_id=ChainId(known.chain_id),
        rpc_urls=tuple(urls),
        multicall=Address(MULTICALL3),
        owners=(),
        protocols=(),
        reference_pools=tuple(Address(pool) for pool in known.reference_pools),
    )
    return _patient(config)


def _patient(config: ChainConfig) -> ChainConfig:
    """Return a chain that is read once, by a person who waits, and whose word needs no confirmation."""
    return replace(
        config, limits=replace(config.limits, read_timeout=_READ_TIMEOUT, confirm=False, max_batch=_MAX_BATCH)
    )


def _url(said: str) -> str:
    try:
        return _HTTP.validate_python(said.strip()).get_secret_value()
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _listed(source: Source, notes: FileNotes, *, search: bool) -> Listing:
    chain, places = source
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=screen(stderr=True)) as bar:
        task = bar.add_task(f"{chain.name}: transfers", total=None)
        said = -1

        def progress(done: int, whole: int) -> None:
            nonlocal said
            bar.update(task, completed=done, total=whole)
            percent = done * 100 // whole
            if not bar.console.is_terminal and percent > said:
                said = percent
                bar.console.print(f"{chain.name}: {done:,} of {whole:,} blocks looked through ({percent}%)")

        return asyncio.run(listing(chain, places, notes, SystemClock(), progress if search else None))


def _show(console: Console, found: Listing) -> None:
    chain = found.chain
    console.print(text((f"{chain.name} ({chain.chain_id})", "bold")))
    for sight in found.sights:
        name = sight.place.preset or sight.place.protocol
        for position in sight.positions:
            _position(console, found, position)
        for left in sight.left_out:
            console.print(text(f"  {left.position}: left out, {left.reason}"))
        if sight.fault:
            console.print(text((f"  {name}: not read: {sight.fault}", "yellow")))
    if found.is_flooded:
        words = f"  {MOST:,} contracts or more sent something: pairs and farms among the older ones may be missing"
        console.print(text((f"{words}; name them by `dnbot setup --contract`", "yellow")))
    if not any(sight.positions for sight in found.sights):
        console.print(
            text("  nothing is there, of the contracts that dnbot knows; name others by `dnbot setup --contract`")
        )
        return
    console.print(text(("\nthis hedges it, with a [venues.NAME] table (dnbot setup writes all of it):", "dim")))
    for line in toml(found).splitlines():
        console.print(text(line))
    console.print()


def _position(console: Console, found: Listing, position: LpPosition) -> None:
    token0, token1, amounts = position.token0, position.token1, position.amounts
    held = [
        number(token0.to_units(amounts.principal0) / token0.rate),
        number(token1.to_units(amounts.principal1) / token1.rate),
    ]
    fees = [number(token0.to_units(amounts.fees0) / token0.rate), number(token1.to_units(amounts.fees1) / token1.rate)]
    value, span = found.value(position), price_range(position)
    console.print(
        text(
            (f"  {position.id.partition(':')[2]}", "bold"),
            f"  {held[0]} {token0.symbol} + {held[1]} {token1.symbol}",
            "" if value is None else f"  {value:,.2f} USD",
            (
                "  in range" if position.curve.in_range else "  out of range",
                "green" if position.curve.in_range else "yellow",
            ),
        )
    )
    if span is not None:
        console.print(
            text((f"    {number(span.lower)} to {number(span.upper)} {span.quote}, now {number(span.price)}", "dim"))
        )
    if amounts.fees0 or amounts.fees1:
        console.print(text(f"    fees {fees[0]} {token0.symbol} + {fees[1]} {token1.symbol}"))
    if position.staked_in is not None:
        shut = ", which was shut: it earns no more rewards" if position.farm_shut else ""
        console.print(text(f"    staked in {position.staked_in}{shut}"))
    if position.caveat:
        console.print(text((f"    {position.caveat}", "yellow")))
    for reward in position.rewards:
        worth = reward_value(found, reward)
        console.print(
            text(f"    earned {number(reward.amount)} {reward.symbol}", "" if worth is None else f" ({worth:,.2f} USD)")
        )
