"""What single values can't tell: settings that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final

from bot.app.settings.origins import Origins, Path
from bot.app.settings.problems import dotted
from bot.app.settings.root import Settings
from bot.core.errors import ConfigError
from bot.core.types import USD, ChainName, Mode

Finding = tuple[Path, str]

_OTHERS: Final = 0o077
"""The file mode's bits for group and others."""


def cross_check(settings: Settings, origins: Origins, *, live: bool) -> list[ConfigError]:
    """Give everything that is contradictory, each with the key to change."""
    findings = [
        *_mode(settings, live=live),
        *_credentials(settings, origins),
        *_chains(settings),
        *_hedges(settings),
        *_caps(settings),
    ]
    return [ConfigError(text, source=origins.blame(path), key=dotted(path)) for path, text in findings]


def _mode(settings: Settings, *, live: bool) -> Iterator[Finding]:
    mode, path = settings.bot.mode, ("bot", "mode")
    away = {name: venue for name, venue in settings.venues.items() if not venue.is_local}
    if mode is Mode.LIVE and not live:
        yield path, 'is "live", and --live was not given; give both to trade, or set "paper"'
    elif mode is not Mode.PAPER and not away:
        yield path, f'is "{mode.value}", and every venue is a paper one; set "paper"'
    for name, venue in away.items():
        kind = ("venues", name, "kind")
        if mode is Mode.PAPER:
            yield kind, f'is "{venue.kind}", a real exchange, and bot.mode is "paper"; set "demo" or "live" there'
        elif venue.demo is not (mode is Mode.DEMO):
            want = "true" if mode is Mode.DEMO else "false"
            yield (*kind[:2], "demo"), f'must be {want} where bot.mode is "{mode.value}"'


def _credentials(settings: Settings, origins: Origins) -> Iterator[Finding]:
    """A key that stands in a file which others can read is no secret."""
    for name, venue in settings.venues.items():
        for key in ("api_key", "secret", "passphrase"):
            path = ("venues", name, key)
            source = FilePath(origins.of(path))
            if getattr(venue, key).get_secret_value() and source.is_file() and source.stat().st_mode & _OTHERS:
                yield path, f"stands in a file that others can read; chmod 600 {source}, or use the environment"


def _chains(settings: Settings) -> Iterator[Finding]:
    seen: dict[int, ChainName] = {}
    for name, chain in settings.chains.items():
        first = seen.setdefault(chain.chain_id, name)
        if first != name:
            text = f"is {chain.chain_id}, as for chains.{first}; its positions would count twice; join the two tables"
            yield ("chains", name, "chain_id"), text


def _hedges(settings: Settings) -> Iterator[Finding]:
    with_market = {underlying for venue in settings.venues.values() for underlying in venue.symbols}
    for underlying, own in settings.hedge.underlyings.items():
        path = ("hedge", "underlyings", underlying)
        if own.enabled and underlying == USD:
            yield path, "USD is what everything is measured in and is never hedged; remove it"
        elif own.enabled and underlying not in with_market:
            yield path, f"no venue has a market for {underlying}; add it to a venue's `symbols` or set enabled = false"
    for name, venue in settings.venues.items():
        if USD in venue.symbols:
            yield (
                ("venues", name, "symbols", USD),
                "USD is what everything is measured in and is never hedged; remove it",
            )
    if not settings.policy().hedges:
        yield ("hedge", "underlyings"), "every underlying is disabled, so nothing is hedged; enable one"


def _caps(settings: Settings) -> Iterator[Finding]:
    guards = settings.guards
    total = guards.max_notional_total
    if guards.max_notional_per_underlying > total:
        yield ("guards", "max_notional_per_underlying"), f"is above guards.max_notional_total, which is {total:f}"
