"""The files of a set-up: some twenty lines of TOML that say what they mean, and secrets beside them for their owner."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.app.settings.show import literal
from bot.app.settings.sources import BESIDE
from bot.app.settings.venues import PAPER
from bot.app.setup.answers import Answers
from bot.core.errors import ConfigError

_FOLDER, _FILE = 0o700, 0o600
_BANDS: Final = {
    "risk_aversion": "50 is about 2% of the exposure for a full range, wider for a narrow one",
    "tracking_error": "a yearly budget, as a share of the liquidity's value",
    "fixed_width": "of the exposure, whatever it costs",
}


def text(answers: Answers, file: Path) -> str:
    """Write the configuration; what is secret is left to the secrets' files."""
    return "\n".join(_lines(answers, file)) + "\n"


def _lines(answers: Answers, file: Path) -> Iterator[str]:
    secrets, chain = answers.secrets(), answers.chain
    yield "# Written by `dnbot setup`. `dnbot config init` shows every other setting;"
    yield f"# `dnbot config show -c {file.name}` what counts, and where it is from."
    yield "[bot]"
    yield _line("id", answers.bot_id, "begins the client id of every order: another one for each bot on an account")
    is_paper = answers.venue == PAPER
    why = (
        "no order leaves this machine" if is_paper else 'the venue\'s demo system; "live", with --live, trades for real'
    )
    yield _line("mode", "paper" if is_paper else "demo", why)
    yield _line("state_dir", "var", "the journal and the paper account, beside this file")
    yield from ("", f"[chains.{chain.name}]", _line("chain_id", chain.chain_id, "compared with what the endpoint says"))
    for key, urls, why in (
        ("rpc_urls", answers.rpc_urls, "several: the next one takes over where one fails"),
        ("ws_urls", answers.ws_urls, "new heads come at once"),
    ):
        name = f"DNBOT_CHAINS__{chain.name.upper()}__{key.upper()}"
        if name in secrets:
            yield f"# {key}: in {BESIDE}/{name}, since it holds a key"
        elif urls:
            yield _line(key, list(urls), why)
    yield _line(
        "owners", list(answers.owners), "whose positions are hedged; an address is enough, a key is never taken"
    )
    if not answers.multicall:
        yield _line("multicall", "none", "no Multicall3 is at its usual address here: reads go in batches")
    if chain.reference_pools:
        yield _line("reference_pools", list(chain.reference_pools), "deep pools, read for their price only")
    if answers.tokens:
        yield from ("", f"[chains.{chain.name}.tokens]", "# what tokens that dnbot does not know are claims on")
        yield from (f'"{at}" = {{ underlying = {literal(one)} }}' for at, one in answers.tokens.items())
    for protocol, entries in _deployments(answers):
        for entry in entries:
            yield from ("", f"[[chains.{chain.name}.{protocol}]]", *(_line(key, value) for key, value in entry.items()))
    way, value = answers.band
    yield from ("", "[hedge.band]", _line(way, value if value.endswith("%") else _plain(value), _BANDS[way]))
    yield from ("", f"[venues.{answers.venue}]", _line("kind", answers.venue))
    yield _line("symbols", answers.symbols, "what each underlying is hedged with")
    if is_paper:
        yield _line("deposit", answers.deposit, "USD of play money")
        yield _line("mark", "pool", 'paper prices from the pools; "venue" reads a real one\'s, without a key')
    else:
        yield _line("demo", value=True, why='false, with mode = "live", for real money: docs/venues.md')
        yield f"# credentials: in {BESIDE}/"


def _deployments(answers: Answers) -> Iterator[tuple[str, list[dict[str, object]]]]:
    chains = answers.values()["chains"]
    assert isinstance(chains, dict)  # noqa: S101 - made by `values`; tells the type checker
    for protocol in dict.fromkeys(name for name, _ in answers.deployments):
        yield protocol, chains[answers.chain.name][protocol]


def _line(key: str, value: object, why: str = "") -> str:
    written = f"{key} = {literal(value)}"
    return f"{written:<32} # {why}" if why else written


def _plain(value: str) -> object:
    return int(value) if value.isdecimal() else value


def write(file: Path, config: str, secrets: Mapping[str, str], *, force: bool) -> list[Path]:
    """Write both, secrets first; return what was written.

    Raises:
        ConfigError: the file is there already, or something can't be written.
    """
    if file.exists() and not force:
        raise ConfigError("exists already; give another name, or --force to replace it", source=str(file))
    written = []
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        folder = file.parent / BESIDE
        if secrets:
            folder.mkdir(mode=_FOLDER, exist_ok=True)
            folder.chmod(_FOLDER)
        for name, value in secrets.items():
            path = folder / name
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE), "w", encoding="utf-8"
            ) as opened:
                opened.write(f"{value}\n")
            path.chmod(_FILE)
            written.append(path)
        file.write_text(config, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(error.filename or file)) from error
    return [file, *written]
