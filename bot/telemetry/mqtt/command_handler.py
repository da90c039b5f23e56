"""Receive commands: authenticate them, submit them to the loop, answer."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bot.ports import Operator
from bot.telemetry.mqtt import topics
from bot.telemetry.mqtt.command_auth import Gate, Incoming, Passed, Stopped
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.payloads import CommandDesk, CommandReply
from bot.telemetry.mqtt.signing import signed_reply
from bot.telemetry.mqtt.topics import Message

log = structlog.get_logger(__name__)


class Desk:
    """Takes what arrives under ``cmd/``; ``put`` takes the messages that answer."""

    def __init__(
        self, config: MqttConfig, key: bytes, gate: Gate, operator: Operator, put: Callable[[Message], None]
    ) -> None:
        self._config, self._key, self._gate, self._operator, self._put = config, key, gate, operator, put

    def open(self) -> None:
        """Publish what a sender has to know."""
        gate = self._gate
        desk = CommandDesk(
            epoch=self._config.epoch,
            verbs=tuple(sorted(self._config.verbs)),
            accepted=gate.accepted,
            refused={fault.value: count for fault, count in sorted(gate.refused.items())},
        )
        self._put(Message(f"{self._config.prefix}/{topics.COMMANDS}", desk.encode(), retain=True))

    def judge(self, incoming: Incoming) -> Passed | None:
        """Check a message; an invalid one is answered where it names a reply, and otherwise only counted."""
        found = self._gate.judge(incoming)
        self.open()
        if isinstance(found, Passed):
            return found
        self._refuse(incoming.verb, found)
        return None

    async def obey(self, passed: Passed) -> None:
        """Submit a command to the loop, and answer once it was applied."""
        command = passed.command
        result = await self._operator.submit(command)
        bot = result.bot
        reply = CommandReply(
            id=passed.id,
            accepted=result.accepted,
            state=bot.state,
            reason=bot.reason,
            since=bot.since,
            message=result.message,
        )
        self._answer(command.verb.value, reply)

    def _refuse(self, verb: str, stopped: Stopped) -> None:
        count = self._gate.refused[stopped.fault]
        if count & (count - 1) == 0:  # the 1st, 2nd, 4th, 8th, …: a flood must not fill the log
            log.warning("mqtt command refused", verb=verb[:16], fault=stopped.fault.value, times=count)
        if stopped.id is not None:  # only a message with a right signature has one
            self._answer(verb, CommandReply(id=stopped.id, accepted=False, state=None, message=stopped.words))

    def _answer(self, verb: str, reply: CommandReply) -> None:
        payload = signed_reply(self._key, verb, reply).encode()
        self._put(Message(f"{self._config.prefix}/{topics.result(verb)}", payload, retain=False))
