"""Home Assistant's MQTT discovery: one device with its sensors, in one retained message."""

from __future__ import annotations

import json
from typing import Any

from bot.core.run_state import RunState
from bot.telemetry.mqtt import topics
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.topics import Message

_AVAILABLE = "{{ 'online' if value == 'online' else 'offline' }}"
_ALARMED = "{{ 'ON' if value_json.alarms else 'OFF' }}"


def device(config: MqttConfig, discovery: str) -> Message:
    """Return the message that makes the device known."""
    about = {
        "device": {
            "identifiers": [_id(config)],
            "name": f"dnbot {config.bot_id}",
            "manufacturer": "dnbot",
            "model": f"delta-neutral hedge ({config.mode.value})",
            "sw_version": config.version,
        },
        "origin": {"name": "dnbot", "sw_version": config.version},
        "components": {part["unique_id"]: part for part in _parts(config)},
    }
    return Message(f"{discovery}/device/{_id(config)}/config", json.dumps(about).encode(), retain=True)


def _parts(config: MqttConfig) -> list[dict[str, Any]]:
    parts = [
        _part(config, "state", "State", topics.BOT, "state", device_class="enum", options=[*map(str, RunState)]),
        _part(config, "reason", "Reason", topics.BOT, "reason"),
        _part(config, "lp_value", "Liquidity", topics.BOT, "lp_value", unit_of_measurement="USD"),
        _part(config, "equity", "Equity", topics.BOT, "equity", unit_of_measurement="USD"),
        {
            **_part(config, "alarm", "Alarm", topics.BOT, "alarms"),
            "platform": "binary_sensor",
            "device_class": "problem",
            "value_template": _ALARMED,
        },
    ]
    for name in config.underlyings:
        topic = topics.underlying(name)
        for key in ("exposure", "position", "drift"):
            title = f"{name} {key}"
            parts.append(_part(config, f"{name}_{key}", title, topic, key, unit_of_measurement=name))
        parts.append(_part(config, f"{name}_unhedged_share", f"{name} unhedged", topic, "unhedged_share"))
    for venue in config.venues:
        topic = topics.venue(venue)
        for key in ("margin_ratio", "liquidation_distance"):
            title = f"{venue} {key.replace('_', ' ')}"
            parts.append(_part(config, f"{venue}_{key}", title, topic, key, entity_category="diagnostic"))
    return parts


def _part(config: MqttConfig, key: str, name: str, topic: str, field: str, **more: object) -> dict[str, Any]:
    """Describe one sensor; a value that is null shows as unknown."""
    return {
        "platform": "sensor",
        "unique_id": f"{_id(config)}_{key}".lower(),
        "name": name,
        "state_topic": f"{config.prefix}/{topic}",
        "value_template": f"{{{{ value_json.{field} }}}}",
        "availability": [{"topic": f"{config.prefix}/{topics.AVAILABILITY}", "value_template": _AVAILABLE}],
        **({"state_class": "measurement"} if "unit_of_measurement" in more else {}),
        **more,
    }


def _id(config: MqttConfig) -> str:
    return f"dnbot_{config.bot_id}"
