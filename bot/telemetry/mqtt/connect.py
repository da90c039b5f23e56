"""A connection to the broker, as the bot and as `dnbot mqtt send` make it; imported only where there is a broker."""

from __future__ import annotations

import ssl
from typing import Final

from aiomqtt import Client, ProtocolVersion, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bot.core.errors import ConfigError
from bot.telemetry.mqtt.config import Broker

_TIMEOUT: Final = 10.0
_KEEPALIVE: Final = 20
"""Seconds; the broker publishes the last will after one and a half of these in silence."""
INCOMING: Final = 100
"""Messages that may wait to be checked; what is above them is dropped, as any flood."""
LARGEST: Final = 1 << 16
"""Bytes of a packet that the broker may send us; it drops what is larger (MQTT 5, 3.1.2.11.4)."""


def tls_context(broker: Broker) -> ssl.SSLContext | None:
    """Return the TLS settings: the broker's certificate and name are verified, always.

    Raises:
        ConfigError: the file of authorities can't be read.
    """
    if not broker.tls:
        return None
    try:
        return ssl.create_default_context(cafile=None if broker.ca_file is None else str(broker.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"no certificates can be read there: {error}", key="mqtt.ca_file") from error


def client(broker: Broker, name: str | None, tls: ssl.SSLContext | None, will: Will | None = None) -> Client:
    """Make a client; entering it connects, and raises MqttError where that fails."""
    connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has none
    connect.MaximumPacketSize = LARGEST
    return Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=name,
        will=will,
        protocol=ProtocolVersion.V5,
        timeout=_TIMEOUT,
        keepalive=_KEEPALIVE,
        tls_context=tls,
        max_queued_incoming_messages=INCOMING,
        properties=connect,
    )
