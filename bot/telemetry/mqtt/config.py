"""The MQTT link's configuration, which the wiring fills from the settings. Light to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.core.command import Verb
from bot.core.types import Mode, Symbol, Underlying, VenueId

SAFE: Final = frozenset({Verb.STATUS, Verb.PAUSE, Verb.FREEZE, Verb.FLATTEN})
"""Commands that may come over a network: queries, and what reduces risk. ``resume`` needs the local socket."""


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker's address and credentials. ``ca_file`` None takes the system's authorities."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """The link.

    Attributes:
        prefix: begins every topic of this bot.
        key: signs commands; without one none is taken.
        verbs: what may be commanded, at most ``SAFE``.
        counter_file: remembers the last command's counter.
        queue: how many events wait for a broker that is away; the oldest are dropped.
        discovery: Home Assistant's discovery prefix, None for none.
    """

    broker: Broker
    prefix: str
    bot_id: str
    version: str
    mode: Mode
    epoch: int
    counter_file: Path
    key: bytes | None = field(default=None, repr=False)
    verbs: frozenset[Verb] = frozenset()
    queue: int = 1000
    discovery: str | None = None
    underlyings: tuple[Underlying, ...] = ()
    venues: Mapping[VenueId, tuple[Symbol, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.verbs <= SAFE:
            raise ValueError(f"never over MQTT: {', '.join(sorted(self.verbs - SAFE))}")
