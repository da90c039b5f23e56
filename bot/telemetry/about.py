"""Which bot the telemetry speaks of."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.types import Mode


@dataclass(frozen=True, slots=True)
class About:
    """Which bot this is."""

    bot_id: str
    version: str
    mode: Mode
