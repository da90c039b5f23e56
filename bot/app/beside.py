"""Wiring of what runs beside the loop: the control socket, the HTTP port, MQTT, alerts; each only where it is set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.control.server import ControlServer
from bot.adapters.control.wire import SOCKET
from bot.app.settings import Settings
from bot.ports import Operator, Publisher, Service


@dataclass(frozen=True, slots=True)
class Beside:
    """Who is shown every cycle, and what runs until the daemon ends."""

    publishers: Sequence[Publisher]
    services: Sequence[Service]


def control_path(settings: Settings) -> Path:
    """Give the socket at which the daemon takes commands."""
    return settings.bot.state_dir / SOCKET


async def beside(settings: Settings, operator: Operator, stack: AsyncExitStack) -> Beside:
    """Build it all; ``stack`` gives it back.

    Raises:
        ConfigError: a port or a path can't be had.
        Halt: the control socket can't be made.
    """
    control = ControlServer(control_path(settings), operator)
    stack.callback(control.close)
    return Beside((), (control,))
