"""``[mqtt]``: state for whoever subscribes, signed commands from those who hold the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.setting_types.base import Table
from bot.setting_types.fields import Integer
from bot.telemetry.mqtt.config import Broker

_SHORTEST_KEY: Final = 32
_PLAIN_PORT, _TLS_PORT = 1883, 8883


def _check_topic(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", value, re.ASCII):
        raise ValueError("is no topic prefix; write words of A-Z, a-z, 0-9, _ . - with single slashes: dnbot/home")
    return value


def _check_key(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < _SHORTEST_KEY:
        raise ValueError(f"is too short to be safe; `dnbot mqtt keys` makes one (at least {_SHORTEST_KEY} characters)")
    return value


TopicPrefix = Annotated[str, AfterValidator(_check_topic)]
CommandVerb = Literal["status", "pause", "freeze", "flatten"]


class MqttSettings(Table):
    """The broker, and what may be commanded through it."""

    enabled: bool = Field(default=False, description="true: connect to the broker")
    host: str = Field(default="127.0.0.1", min_length=1, description="the broker's name or address")
    port: Integer | None = Field(
        default=None, ge=1, le=65535, description="its port; left out: 8883 with TLS, else 1883", examples=[1883]
    )
    username: str | None = Field(default=None, description="the bot's user at the broker", examples=["dnbot"])
    password: SecretStr = Field(
        default=SecretStr(""), description="its password; from the environment or the secrets directory"
    )
    tls: bool = Field(default=False, description="true: TLS, with the broker's certificate verified")
    ca_file: Path | None = Field(
        default=None,
        description="certificate authority of the broker; left out: the system's",
        examples=["ca.crt"],
    )
    prefix: TopicPrefix | None = Field(
        default=None, description="begins every topic; left out: dnbot/ and the bot's id", examples=["dnbot/home"]
    )
    discovery: TopicPrefix | None = Field(
        default=None, description="Home Assistant's discovery prefix; left out: none", examples=["homeassistant"]
    )
    key: Annotated[SecretStr, AfterValidator(_check_key)] = Field(
        default=SecretStr(""), description="signs commands, at least 32 characters; without one none is taken"
    )
    commands: tuple[CommandVerb, ...] = Field(
        default=("status", "pause", "freeze"),
        description='what may be commanded: "status", "pause", "freeze", "flatten"; never "resume"',
    )
    queue: Integer = Field(default=1000, ge=1, le=100_000, description="events that wait for a broker that is away")

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password.get_secret_value() and self.username is None:
            raise ValueError("a password needs a username; give both or neither")
        return self

    def broker(self) -> Broker:
        """Return the broker's address and credentials."""
        default = _TLS_PORT if self.tls else _PLAIN_PORT
        password = self.password.get_secret_value() or None
        return Broker(self.host, self.port or default, self.username, password, self.tls, self.ca_file)
