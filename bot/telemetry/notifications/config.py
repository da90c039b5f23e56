"""The alerts' configuration. Light to import."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.alerts import AlertPolicy


@dataclass(frozen=True, slots=True)
class AlertConfig:
    """Alerts of one bot.

    Attributes:
        silent_after: seconds without a finished cycle after which an alarm says so, and the pulse stops.
        queue: how many texts may wait; the oldest are dropped.
        pulse_url: asked every ``pulse_interval`` seconds while cycles are being finished; a secret.
    """

    bot_id: str
    policy: AlertPolicy
    silent_after: float
    queue: int = 200
    pulse_url: str | None = field(default=None, repr=False)
    pulse_interval: float = 300.0
