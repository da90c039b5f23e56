"""The client's side of the link: sign one command, send it, and wait for the bot's answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiomqtt import Client, Message, MqttError
from pydantic import ValidationError

from bot.core.command import Command, CommandResult
from bot.core.errors import Halt
from bot.core.run_state import BotState
from bot.ports import Clock
from bot.telemetry.mqtt import topics
from bot.telemetry.mqtt.config import Broker
from bot.telemetry.mqtt.connect import client, tls_context
from bot.telemetry.mqtt.payloads import CommandDesk, CommandReply, Payload
from bot.telemetry.mqtt.signing import LIFETIME, Signer, is_same, reply_mac

P = TypeVar("P", bound=Payload)
GREETING: Final = 10.0
"""Seconds to wait for the bot's retained ``state/commands``."""
_QOS: Final = 1


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends commands to one bot."""

    broker: Broker
    prefix: str
    bot_id: str
    key: bytes = field(repr=False)
    clock: Clock

    async def send(self, command: Command) -> CommandResult:
        """Send a command and wait for its result.

        Raises:
            ConfigError: the certificates can't be read.
            Halt: the broker can't be reached, no bot is there, it gave no answer in time, or refused the command.
        """
        try:
            async with client(self.broker, None, tls_context(self.broker)) as connection:
                return await self._talk(connection, command)
        except (MqttError, OSError) as error:
            raise Halt(f"the broker at {self.broker.host}:{self.broker.port}: {error}") from error

    async def _talk(self, connection: Client, command: Command) -> CommandResult:
        verb = command.verb.value
        desk_topic, reply_topic = self._topic(topics.COMMANDS), self._topic(topics.result(verb))
        await connection.subscribe([(reply_topic, _QOS), (desk_topic, _QOS)])
        inbox = connection.messages
        try:
            async with asyncio.timeout(GREETING):
                desk = await anext(_read(inbox, desk_topic, CommandDesk))
        except TimeoutError:
            nobody = f"no bot takes commands at {self.prefix}; is it running, with a key in [mqtt]?"
            raise Halt(nobody) from None
        number = secrets.token_hex(8)
        signer = Signer(self.key, self.bot_id, desk.epoch)
        message = signer.command(verb, command.reason, number, self.clock.now())
        await connection.publish(self._topic(topics.command(verb)), message.encode(), qos=_QOS)
        try:
            async with asyncio.timeout(2 * LIFETIME.total_seconds()):
                async for reply in _read(inbox, reply_topic, CommandReply):
                    if reply.id == number and is_same(reply.mac, reply_mac(self.key, verb, reply)):
                        return _result(reply)
        except TimeoutError:
            pass
        raise Halt("no signed answer came; look at the bot's state before you send it again. Is the key the bot's?")

    def _topic(self, name: str) -> str:
        return f"{self.prefix}/{name}"


async def _read(inbox: AsyncIterator[Message], topic: str, model: type[P]) -> AsyncIterator[P]:
    """Return the valid messages of a topic; others can write to the broker too."""
    async for message in inbox:
        if message.topic.value == topic:
            with suppress(ValidationError):
                yield model.model_validate_json(message.payload)


def _result(reply: CommandReply) -> CommandResult:
    if reply.state is None or reply.since is None:
        raise Halt(f"the bot refused: {reply.message}")
    return CommandResult(reply.accepted, BotState(reply.state, reply.reason or "", reply.since), reply.message)
