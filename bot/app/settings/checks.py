"""Checks across settings: values that are valid alone and contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Final

from bot.app.settings.origins import Origins, Path
from bot.app.settings.problems import dotted
from bot.app.settings.risk import HIGH_LEVERAGE, Profile
from bot.app.settings.root import Settings
from bot.chain.known_tokens import LOCAL_CHAINS
from bot.core.errors import ConfigError
from bot.core.types import USD, Address, ChainName, Mode

Finding = tuple[Path, str]

_NOBODY: Final = frozenset(
    Address(owner)
    for owner in (
        "0x000000000000000000000000000000000000dEaD",
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",  # the first accounts of every local node
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    )
)
"""Addresses that stand in examples for the user's own."""
_OTHERS: Final = 0o077
"""The file mode's bits for group and others."""


def cross_check(settings: Settings, origins: Origins, *, live: bool, keyless: bool) -> list[ConfigError]:
    """Return everything that is contradictory, each with the key to change.

    Where nothing is asked of a venue that takes a key (``keyless``), neither credentials nor ``--live`` are wanted.
    """
    findings = [
        *_mode(settings, live=live or keyless),
        *(() if keyless else _missing_credentials(settings)),
        *_credentials(settings, origins),
        *_chains(settings),
        *_hedges(settings),
        *_caps(settings),
        *_leverage(settings),
        *_ladder(settings),
        *_stop(settings),
    ]
    return [ConfigError(text, source=_source(origins, path), key=dotted(path)) for path, text in findings]


def _source(origins: Origins, path: Path) -> str | None:
    """Name the file to look at; where a profile gave the value, whatever else was written into the same table."""
    found = origins.blame(path)
    return origins.blame(path[:-1]) if found is not None and found.startswith("profile ") else found


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


def _missing_credentials(settings: Settings) -> Iterator[Finding]:
    for name, venue in settings.venues.items():
        if needed := venue.missing():
            names = " and ".join(f"`{key}`" for key in needed)
            yield ("venues", name), f"has no credentials; set {names} by environment or secrets directory"


def _credentials(settings: Settings, origins: Origins) -> Iterator[Finding]:
    """A key that stands in a file which others can read is no secret."""
    for path, secret in settings.credentials():
        source = FilePath(origins.of(path))
        if secret.get_secret_value() and source.is_file() and source.stat().st_mode & _OTHERS:
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
    elif guards.max_order_notional > guards.max_notional_per_underlying:
        cap = guards.max_notional_per_underlying
        yield ("guards", "max_order_notional"), f"is above guards.max_notional_per_underlying, which is {cap:f}"


def _leverage(settings: Settings) -> Iterator[Finding]:
    risk = settings.risk
    if risk.i_understand_high_leverage:
        return
    remedy = "choose a lower one, or set risk.i_understand_high_leverage = true"
    if risk.profile is Profile.HIGH:
        yield ("risk", "profile"), f'is "high" (50x: a rise of less than 2% liquidates a short); {remedy}'
    elif risk.leverage > HIGH_LEVERAGE:
        yield ("risk", "leverage"), f"is {risk.leverage:f}, above {HIGH_LEVERAGE:f}; {remedy}"
    for name, venue in settings.venues.items():
        if venue.leverage > HIGH_LEVERAGE and venue.leverage != risk.leverage:
            yield ("venues", name, "leverage"), f"is {venue.leverage:f}, above {HIGH_LEVERAGE:f}; {remedy}"


def _ladder(settings: Settings) -> Iterator[Finding]:
    ladder, names = settings.risk.ladder, ("alert", "top_up", "reduce", "freeze")
    for first, second in pairwise(names):
        far, near = getattr(ladder, f"{first}_distance"), getattr(ladder, f"{second}_distance")
        if near >= far:
            text = (
                f"is {near:.4g}, not below {first}_distance, {far:.4g}: the ladder goes alert, top up, reduce, freeze"
            )
            yield ("risk", "ladder", f"{second}_distance"), text
        low, high = getattr(ladder, f"{first}_ratio"), getattr(ladder, f"{second}_ratio")
        if high <= low:
            text = f"is {high:.4g}, not above {first}_ratio, {low:.4g}: the ladder goes alert, top up, reduce, freeze"
            yield ("risk", "ladder", f"{second}_ratio"), text
    if settings.risk.buffer < ladder.alert_distance:
        text = f"is {settings.risk.buffer:.4g}, below risk.ladder.alert_distance, {ladder.alert_distance:.4g}: "
        yield ("risk", "buffer"), f"{text}what is added would be on the ladder at once"
    if settings.risk.max_margin_ratio > ladder.alert_ratio:
        text = f"is {settings.risk.max_margin_ratio:.4g}, above risk.ladder.alert_ratio, {ladder.alert_ratio:.4g}: "
        yield ("risk", "max_margin_ratio"), f"{text}what is added would be on the ladder at once"


def _stop(settings: Settings) -> Iterator[Finding]:
    inside, freeze = settings.risk.stop.inside, settings.risk.ladder.freeze_distance
    path = ("risk", "stop", "inside")
    if inside <= 0:
        yield path, f"is {inside:.4g}, so the stop lies at or beyond the liquidation price; write a fraction above 0"
    elif inside >= 1 or inside / (1 - inside) >= freeze:
        text = f"is {inside:.4g}: the stop would fire before the ladder's last step, risk.ladder.freeze_distance, "
        yield path, f"{text}{freeze:.4g}; write less than {freeze / (1 + freeze):.3f}"


def is_placeholder(owner: Address) -> bool:
    """Whether an address is one that examples are written with; one digit throughout is."""
    return owner in _NOBODY or len(set(owner[2:].lower())) == 1


def require_owners(settings: Settings) -> None:
    """Check that owners are somebody's own, where a chain is no local one.

    Raises:
        ConfigError: one is a placeholder.
    """
    for name, chain in settings.chains.items():
        for owner in chain.owners:
            if chain.chain_id not in LOCAL_CHAINS and is_placeholder(owner):
                key = dotted(("chains", name, "owners"))
                raise ConfigError(f"{owner} is a placeholder; put the address that holds your liquidity", key=key)
