"""Wiring of the services beside the loop: control socket, HTTP port, MQTT, Telegram, alerts; each if configured."""

from __future__ import annotations

from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from bot.app.settings import Settings
from bot.clock import SystemClock
from bot.control.messages import SOCKET
from bot.control.server import ControlServer
from bot.core.command import Verb
from bot.core.types import VenueId
from bot.journal.reader import JournalView
from bot.ports import Operator, Service
from bot.protocols.registry import CURVES
from bot.telemetry.about import About
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.notifications.alerts import Alerts
from bot.telemetry.notifications.carriers import Apprise, Notifier
from bot.telemetry.publisher import TelemetryPublisher
from bot.telemetry.web.dashboard_state import Past
from bot.version import version

log = structlog.get_logger(__name__)

JOURNAL: Final = "journal.sqlite"
_ORDERS: Final = 50
_EVENTS: Final = 200


def control_path(settings: Settings) -> Path:
    """Return the socket at which the daemon takes commands."""
    return settings.bot.state_dir / SOCKET


def mqtt_prefix(settings: Settings) -> str:
    """Return what begins every MQTT topic of this bot."""
    return settings.mqtt.prefix or f"dnbot/{settings.bot.id}"


async def services(
    settings: Settings, operator: Operator, epoch: int, publisher: TelemetryPublisher, stack: AsyncExitStack
) -> list[Service]:
    """Build it all, subscribe what shows or counts something, and return what runs until the daemon ends.

    Args:
        settings: the settings.
        operator: the loop.
        epoch: the journal's; commands over MQTT are signed for it.
        publisher: what the parts of the bot report to.
        stack: closes what is opened here.

    Raises:
        ConfigError: a port, a path or a certificate can't be had.
        Halt: the control socket can't be made, or the command counter is damaged.
    """
    control = ControlServer(control_path(settings), operator)
    stack.callback(control.close)
    found: list[Service] = [control]
    if settings.http.enabled:
        from bot.telemetry.web.server import HttpServer  # noqa: PLC0415 - costs memory, so only where there is a port

        past = partial(_past, journal_path(settings), settings.http.history)
        server = HttpServer(settings.http.config(), SystemClock(), _about(settings), past)
        await stack.enter_async_context(server)
        log.info("status page", url=server.url)
        publisher.subscribe(server)
    if settings.mqtt.enabled:
        from bot.telemetry.mqtt.link import MqttLink  # noqa: PLC0415 - the same

        link = MqttLink(_mqtt(settings, epoch), operator, SystemClock())
        publisher.subscribe(link)
        found.append(link)
    if settings.telegram.enabled:
        from bot.telemetry.telegram.link import TelegramConfig, TelegramLink  # noqa: PLC0415 - the same

        own = settings.telegram
        at = TelegramConfig(own.api.get_secret_value(), own.token.get_secret_value(), own.chats, settings.bot.mode)
        telegram = TelegramLink(at, operator, SystemClock())
        publisher.subscribe(telegram)
        found.append(telegram)
    if settings.alerts.are_wanted:
        alerts = Alerts(settings.alerts.config(settings.bot.id), _mouth(settings), SystemClock())
        publisher.subscribe(alerts)
        found.append(alerts)
    return found


def journal_path(settings: Settings) -> Path:
    """Return the file that the daemon's journal is in."""
    return settings.bot.state_dir / JOURNAL


def _about(settings: Settings) -> About:
    """Return the description of this bot."""
    return About(settings.bot.id, version(), settings.bot.mode)


def _mouth(settings: Settings) -> Notifier:
    own = settings.alerts
    return Apprise([url.get_secret_value() for url in own.urls], [url.get_secret_value() for url in own.critical_urls])


def _past(journal: Path, cycles: int) -> Past:
    """Return what the status page shows of the time before the start."""
    with closing(JournalView.open(journal, CURVES)) as view:
        orders = [(item.intent, item.outcome) for item in view.intents(limit=_ORDERS)]
        return Past(view.summaries(limit=cycles), orders, view.events(limit=_EVENTS))


def _mqtt(settings: Settings, epoch: int) -> MqttConfig:
    own = settings.mqtt
    key = own.key.get_secret_value().encode()
    return MqttConfig(
        broker=own.broker(),
        prefix=mqtt_prefix(settings),
        bot_id=settings.bot.id,
        version=version(),
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
