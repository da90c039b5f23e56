"""``[alerts]``: who is notified, from which severity, how often; and the dead man's pulse."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot.core.alerts import AlertPolicy
from bot.core.decision import Severity
from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, HttpEndpoint, Integer
from bot.telemetry.notifications.config import AlertConfig


def _check_target(value: SecretStr) -> SecretStr:
    if "://" not in value.get_secret_value():
        raise ValueError("is no Apprise URL; write one such as tgram://token/chat or mailtos://user:password@host")
    return value


Target = Annotated[SecretStr, AfterValidator(_check_target)]


class AlertSettings(Table):
    """Alerts by mail, chat and whatever else Apprise knows."""

    urls: tuple[Target, ...] = Field(
        default=(), description="Apprise URLs, told of everything from `severity` on; secrets, as they hold passwords"
    )
    critical_urls: tuple[Target, ...] = Field(
        default=(), description="Apprise URLs that are told of what is critical only, such as a pager"
    )
    severity: Severity = Field(
        default=Severity.WARNING, description='"info", "warning" or "critical": the least that is told'
    )
    still_after: Duration = Field(
        default=timedelta(hours=2), description="an alarm that stands is told again this often"
    )
    resolved_after: Duration = Field(
        default=timedelta(minutes=2), description="an alarm counts as resolved once it was gone for this long"
    )
    silent_after: Duration = Field(
        default=timedelta(minutes=5), description="without a finished cycle for this long an alert says so"
    )
    queue: Integer = Field(default=200, ge=1, le=10_000, description="messages that wait for a slow service")
    pulse_url: HttpEndpoint | None = Field(
        default=None,
        description="asked by GET every `pulse_interval` while cycles are being finished (a dead man's switch)",
        examples=["https://hc.example/ping/KEY"],
    )
    pulse_interval: Duration = Field(default=timedelta(minutes=5), description="time between two pulses")

    @property
    def are_wanted(self) -> bool:
        """Whether any target is configured."""
        return bool(self.urls or self.critical_urls or self.pulse_url)

    def config(self, bot_id: str) -> AlertConfig:
        """Return what the alerts take."""
        return AlertConfig(
            bot_id=bot_id,
            policy=AlertPolicy(self.severity, self.still_after, self.resolved_after),
            silent_after=self.silent_after.total_seconds(),
            queue=self.queue,
            pulse_url=None if self.pulse_url is None else self.pulse_url.get_secret_value(),
            pulse_interval=self.pulse_interval.total_seconds(),
        )
