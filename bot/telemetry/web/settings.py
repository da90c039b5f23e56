"""``[http]``: the one port of health, metrics and the status page."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, Integer
from bot.telemetry.web.config import HttpConfig, is_host_name


def _check_name(value: str) -> str:
    if not is_host_name(value):
        raise ValueError(f"{value!r} is no host name; write it without scheme and port, such as dnbot.example")
    return value.lower()


HostName = Annotated[str, AfterValidator(_check_name)]


class HttpSettings(Table):
    """One read-only port; it shows positions and results to any client that reaches it, so it stays on the loopback."""

    enabled: bool = Field(default=True, description="false: no port is opened")
    host: str = Field(default="127.0.0.1", min_length=1, description="the address to listen at")
    port: Integer = Field(default=9464, ge=0, le=65535, description="the port; 0 takes a free one")
    names: tuple[HostName, ...] = Field(
        default=(),
        description="host names that clients may call it by, besides localhost and plain addresses",
        examples=[["dnbot"]],
    )
    stale_after: Duration = Field(
        default=timedelta(minutes=3), description="age of the last finished cycle at which /livez says 503"
    )
    history: Integer = Field(default=2000, ge=10, le=20000, description="cycles that the status page's charts show")

    def config(self) -> HttpConfig:
        """Return what the server takes."""
        return HttpConfig(
            host=self.host,
            port=self.port,
            names=frozenset(self.names),
            stale_after=self.stale_after.total_seconds(),
            history=self.history,
        )
