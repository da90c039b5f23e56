"""Wiring of what runs beside the loop: the control socket, the HTTP port, MQTT, alerts; each only where it is set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bot.adapters.clock import SystemClock
from bot.adapters.control.server import ControlServer
from bot.adapters.control.wire import SOCKET
from bot.adapters.mqtt.config import MqttConfig
from bot.app.settings import Settings
from bot.core.command import Verb
from bot.core.types import VenueId
from bot.ports import Operator, Publisher, Service


@dataclass(frozen=True, slots=True)
class Beside:
    """Who is shown every cycle, and what runs until the daemon ends."""

    publishers: Sequence[Publisher]
    services: Sequence[Service]


def control_path(settings: Settings) -> Path:
    """Give the socket at which the daemon takes commands."""
    return settings.bot.state_dir / SOCKET


def mqtt_prefix(settings: Settings) -> str:
    """Give what begins every MQTT topic of this bot."""
    return settings.mqtt.prefix or f"dnbot/{settings.bot.id}"


async def beside(settings: Settings, operator: Operator, epoch: int, stack: AsyncExitStack) -> Beside:
    """Build it all; ``stack`` gives it back.

    Args:
        settings: the settings.
        operator: the loop.
        epoch: the journal's, which commands over MQTT are signed for.
        stack: closes what is opened here.

    Raises:
        ConfigError: a port, a path or a certificate can't be had.
        Halt: the control socket can't be made, or the command counter is damaged.
    """
    publishers: list[Publisher] = []
    services: list[Service] = []
    control = ControlServer(control_path(settings), operator)
    stack.callback(control.close)
    services.append(control)
    if settings.mqtt.enabled:
        from bot.adapters.mqtt.link import MqttLink  # noqa: PLC0415 - costs memory, so only where there is a broker

        link = MqttLink(_mqtt(settings, epoch), operator, SystemClock())
        publishers.append(link)
        services.append(link)
    return Beside(publishers, services)


def _mqtt(settings: Settings, epoch: int) -> MqttConfig:
    own = settings.mqtt
    key = own.key.get_secret_value().encode()
    return MqttConfig(
        broker=own.broker(),
        prefix=mqtt_prefix(settings),
        bot_id=settings.bot.id,
        version=metadata.version("dnbot"),
        mode=settings.bot.mode,
        epoch=epoch,
        counter_file=settings.bot.state_dir / "mqtt-counter",
        key=key or None,
        verbs=frozenset(Verb(verb) for verb in own.commands),
        queue=own.queue,
        discovery=own.discovery,
        underlyings=tuple(settings.policy().hedges),
        venues={VenueId(name): tuple(venue.symbols.values()) for name, venue in settings.venues.items()},
    )
