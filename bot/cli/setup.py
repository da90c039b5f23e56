"""``dnbot setup``: from an address to a tested configuration."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError

from bot.app import logging
from bot.app.settings.chains import MULTICALL3
from bot.app.settings.checks import is_placeholder
from bot.app.settings.sources import read_text
from bot.app.settings.venues import PAPER
from bot.app.setup import files
from bot.app.setup.answers import BANDS, Answers
from bot.app.setup.chains import CHAINS, KnownChain, chain_named, require_chain
from bot.app.setup.scan import Sight, chain_id_of, has_contract, lines, look, recognise, underlyings
from bot.chain.known_tokens import LOCAL_CHAINS
from bot.cli import doctor, plan
from bot.cli.ask import Ask
from bot.cli.console import screen, text
from bot.clock import SystemClock
from bot.core.errors import ConfigError, Retryable
from bot.core.types import Address
from bot.protocols.presets import presets
from bot.setting_types.fields import HttpEndpoint, WsEndpoint, parse_address, parse_integer
from bot.venues.registry import KINDS, kind_of

app = typer.Typer(add_completion=False)

_HTTP: TypeAdapter[SecretStr] = TypeAdapter(HttpEndpoint)
_WS: TypeAdapter[SecretStr] = TypeAdapter(WsEndpoint)


@dataclass(frozen=True, slots=True)
class _Flags:
    """What the command line answered."""

    owner: Sequence[str]
    chain: str | None
    rpc: Sequence[str]
    ws: Sequence[str]
    contract: Sequence[str]
    token: Sequence[str]
    venue: str | None
    band: str | None
    bot_id: str | None
    deposit: str | None
    credential: Sequence[str]


@app.command()
def setup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The configuration to write.")] = Path("dnbot.toml"),
    *,
    owner: Annotated[list[str] | None, typer.Option(metavar="0x…", help="Address with liquidity; repeatable.")] = None,
    chain: Annotated[str | None, typer.Option(metavar="NAME", help="Its chain: a name such as base, or an id.")] = None,
    rpc: Annotated[list[str] | None, typer.Option(metavar="URL", help="HTTP endpoint; repeatable.")] = None,
    ws: Annotated[list[str] | None, typer.Option(metavar="URL", help="WebSocket endpoint; repeatable.")] = None,
    contract: Annotated[
        list[str] | None, typer.Option(metavar="0x…", help="A pool or position manager, besides the known; repeatable.")
    ] = None,
    token: Annotated[
        list[str] | None,
        typer.Option(metavar="0x…=USD", help="What a token that dnbot does not know is a claim on; repeatable."),
    ] = None,
    venue: Annotated[str | None, typer.Option(help=f"{PAPER}, or on its demo system {', '.join(KINDS)}.")] = None,
    band: Annotated[str | None, typer.Option(metavar="WAY=VALUE", help=f"One of {', '.join(BANDS)}.")] = None,
    bot_id: Annotated[str | None, typer.Option("--id", help="The bot's name, 1 to 12 of a-z and 0-9.")] = None,
    deposit: Annotated[str | None, typer.Option(metavar="USD", help="Play money of the paper account.")] = None,
    credential: Annotated[
        list[str] | None, typer.Option(metavar="KEY=FILE", help="A venue's key, in a file; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take defaults where no flag answers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    check: Annotated[bool, typer.Option(help="Run doctor and plan on it.")] = True,
) -> None:
    """Ask what is needed, look what the address holds, write a configuration with its secrets beside it, and try it."""
    console = screen()
    logging.configure("error", "auto", (), sys.stderr)
    if file.exists() and not force:
        raise ConfigError("exists already; give another name, or --force to replace it", source=str(file))
    flags = _Flags(
        owner or (),
        chain,
        rpc or (),
        ws or (),
        contract or (),
        token or (),
        venue,
        band,
        bot_id,
        deposit,
        credential or (),
    )
    ask = Ask.here(console, yes=yes)
    answers = _place(ask, flags)
    sights = _looked(ask, answers, flags)
    answers = _hedge(ask, _with(answers, sights), flags)
    answers.settings()
    config = files.text(answers, file)
    console.print()
    for line in config.splitlines():
        console.print(text((line, "dim" if line.startswith("#") else "")))
    if not ask.agrees(f"Write {file}?"):
        raise typer.Exit(1)
    for written in files.write(file, config, answers.secrets(), force=force):
        console.print(text("wrote ", (str(written), "bold")))
    if check:
        _tried(ctx, file)
    console.print(text("next: ", (f"dnbot run -c {file}", "bold"), ", and dnbot status from another terminal"))


def _place(ask: Ask, flags: _Flags) -> Answers:
    """Ask where the liquidity is; the endpoint is tried at once."""
    first = CHAINS[0].name if not flags.rpc else None
    names = ", ".join(known.name for known in CHAINS)
    if flags.chain is None and flags.rpc and not ask.on_terminal:
        known = chain_named(str(_asked(tuple(_urls(_HTTP, "--rpc", flags.rpc)))))
    else:
        known = ask.one("--chain", flags.chain, f"Which chain is it on ({names}, or an id)?", chain_named, first)
    urls = tuple(_urls(_HTTP, "--rpc", flags.rpc)) or (_endpoint(ask, known),)
    require_chain(known, _asked(urls))
    parse = _owner(known)
    question = "Which address holds it (no key is ever needed)?"
    owners = [ask.one("--owner", one, question, parse) for one in flags.owner] or [
        ask.one("--owner", None, question, parse)
    ]
    has_multicall = asyncio.run(has_contract(urls, Address(MULTICALL3), SystemClock()))
    tokens = {Ask.parsed("--token", at, parse_address): one for at, one in _pairs("--token", flags.token, "0x…=USD")}
    ws_urls = tuple(_urls(_WS, "--ws", flags.ws))
    return Answers(known, urls, tuple(owners), ws_urls, multicall=has_multicall, tokens=tokens)


def _endpoint(ask: Ask, known: KnownChain) -> str:
    """Ask for an endpoint until one answers for the chain."""
    while True:
        url = ask.one("--rpc", None, "Your endpoint's URL?", _url(_HTTP), known.endpoint or None)
        try:
            require_chain(known, _asked((url,)))
        except (ConfigError, Retryable) as error:
            if not ask.on_terminal:
                raise
            ask.console.print(text((f"  {error}", "red")))
        else:
            return url


def _looked(ask: Ask, answers: Answers, flags: _Flags) -> list[Sight]:
    """Look at every preset deployment and every contract that is named, and show what is there."""
    clock, contracts = SystemClock(), list(flags.contract)
    known = [(one.protocol, one.values) for one in presets(answers.chain.chain_id)]
    if not known and not contracts:
        contracts = [ask.one("--contract", None, "A pool or position manager that it is in?", str)]
    sights: list[Sight] = []
    with ask.console.status("looking …"):
        sights += [asyncio.run(look(answers, one, clock)) for one in known]
        for contract in contracts:
            sights.append(asyncio.run(recognise(answers, Ask.parsed("--contract", contract, parse_address), clock)))
    for name, line in lines(sights):
        ask.console.print(text((f"{name:>14}  ", "dim"), line))
    return sights


def _with(answers: Answers, sights: Sequence[Sight]) -> Answers:
    """Take over what was found; where nothing was, everything that could be read."""
    read = [sight for sight in sights if not sight.fault]
    filled = [sight for sight in read if sight.positions or sight.named] or read
    if not filled:
        faults = "; ".join(sight.fault for sight in sights)
        raise ConfigError(f"nothing can be read there: {faults}")
    taken = replace(answers, deployments=tuple(sight.deployment for sight in filled))
    return replace(taken, underlyings=underlyings(filled)) if underlyings(filled) else taken


def _hedge(ask: Ask, answers: Answers, flags: _Flags) -> Answers:
    """Ask where and how it is hedged."""
    venues = (PAPER, *KINDS)
    venue = ask.one("--venue", flags.venue, f"Hedge on {' or '.join(venues)}?", _among(venues), PAPER, venues)
    needed = () if venue == PAPER else kind_of(venue).settings.needed
    given = dict(_pairs("--credential", flags.credential, "KEY=FILE"))
    if unknown := set(given) - set(needed):
        raise ConfigError(f"--credential {unknown.pop()}: {venue} takes {', '.join(needed) or 'none'}")
    credentials = {
        key: read_text(Path(given[key]), what=f"--credential {key} names it").strip()
        if key in given
        else ask.secret(f"--credential {key}=FILE", f"{venue}'s {key.replace('_', ' ')} (it may not withdraw)?")
        for key in needed
    }
    ways = [f"{way}={value}" for way, value in BANDS.items()]
    band = ask.one("--band", flags.band, f"Band ({', '.join(ways)})?", _band, ways[0])
    bot_id = ask.one("--id", flags.bot_id, "A name for the bot?", str, answers.bot_id)
    deposit = answers.deposit
    if venue == PAPER:
        deposit = ask.one("--deposit", flags.deposit, "USD of play money?", parse_integer, str(deposit))
    return replace(answers, venue=venue, credentials=credentials, band=band, bot_id=bot_id, deposit=deposit)


def _tried(ctx: typer.Context, file: Path) -> None:
    """Run doctor and plan; they print their findings, and the file stays."""
    console = screen()
    console.print(text(("doctor", "bold")))
    failed = False
    try:
        doctor.doctor(ctx, [file])
    except typer.Exit:
        failed = True
    console.print(text(("plan", "bold")))
    try:
        plan.plan(ctx, [file])
    except (Retryable, ConfigError) as error:
        failed = True
        console.print(text((f"  {error}", "red")))
    if failed:
        console.print(text(f"{file} is written; mend what doctor names, then go on with dnbot doctor -c {file}"))
        raise typer.Exit(1)


def _asked(urls: tuple[str, ...]) -> int:
    return asyncio.run(chain_id_of(urls, SystemClock()))


def _owner(chain: KnownChain) -> Callable[[str], Address]:
    def parse(said: str) -> Address:
        owner = parse_address(said.strip())
        if chain.chain_id not in LOCAL_CHAINS and is_placeholder(owner):
            raise ValueError("is a placeholder; write the address that holds your liquidity")
        return owner

    return parse


def _url(kind: TypeAdapter[SecretStr]) -> Callable[[str], str]:
    def parse(said: str) -> str:
        try:
            return kind.validate_python(said.strip()).get_secret_value()
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    return parse


def _urls(kind: TypeAdapter[SecretStr], flag: str, given: Sequence[str]) -> list[str]:
    return [Ask.parsed(flag, url, _url(kind)) for url in given]


def _among(names: Sequence[str]) -> Callable[[str], str]:
    def parse(said: str) -> str:
        if said not in names:
            raise ValueError(f"write one of {', '.join(names)}")
        return said

    return parse


def _band(said: str) -> tuple[str, str]:
    way, _, value = said.replace(" ", "").partition("=")
    if way not in BANDS or not value:
        raise ValueError(f"write one of {', '.join(f'{name}={usual}' for name, usual in BANDS.items())}")
    return way, value


def _pairs(flag: str, given: Sequence[str], form: str) -> list[tuple[str, str]]:
    found = [tuple(one.split("=", 1)) for one in given]
    if bad := [one for one, pair in zip(given, found, strict=True) if len(pair) != 2]:  # noqa: PLR2004 - a name and a value
        raise ConfigError(f"{flag} {bad[0]}: write {form}")
    return [(pair[0], pair[1]) for pair in found]
