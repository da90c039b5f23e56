"""The identity of the bot that the telemetry describes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.types import ChainName, Mode, VenueId


@dataclass(frozen=True, slots=True)
class About:
    """Which bot this is, and what it reads."""

    bot_id: str
    version: str
    mode: Mode
    chains: tuple[ChainName, ...] = ()
    venues: tuple[VenueId, ...] = ()
