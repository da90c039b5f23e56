"""Authenticate commands: signed, fresh, in order, allowed. Everything else is refused and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from bot.core.command import Command, Verb
from bot.ports import Clock
from bot.telemetry.mqtt import signing
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.payloads import LONGEST_COMMAND, CommandMessage
from bot.telemetry.mqtt.replay_counter import CounterFile


class Fault(StrEnum):
    """Why a message is no command."""

    RETAINED = "retained"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    OTHER_TOPIC = "other_topic"
    FORGED = "forged"
    OTHER_BOT = "other_bot"
    OLD_EPOCH = "old_epoch"
    EXPIRED = "expired"
    TOO_FAR_AHEAD = "too_far_ahead"
    REPLAYED = "replayed"
    NOT_ALLOWED = "not_allowed"


WORDS = {
    Fault.RETAINED: "a retained message is no command",
    Fault.TOO_LONG: f"a command has at most {LONGEST_COMMAND} bytes",
    Fault.MALFORMED: "this is no command; see docs/mqtt.md",
    Fault.OTHER_TOPIC: "the verb is not that of the topic",
    Fault.FORGED: "the signature is wrong",
    Fault.OTHER_BOT: "it is for another bot",
    Fault.OLD_EPOCH: "it is for another run of the bot; read the epoch again",
    Fault.EXPIRED: "it has expired; are both clocks right?",
    Fault.TOO_FAR_AHEAD: "it is good for more than 30 s, or counted in the future; are both clocks right?",
    Fault.REPLAYED: "its counter was used already",
    Fault.NOT_ALLOWED: "this is not allowed over MQTT",
}
RESUME = "resume is taken at the bot's own machine only: dnbot resume"


@dataclass(frozen=True, slots=True)
class Passed:
    """A command that may be executed, and its id for the result."""

    command: Command
    id: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that is no valid command; ``id`` where it carried a valid one."""

    fault: Fault
    words: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message under ``cmd/``; ``verb`` from its topic."""

    verb: str
    payload: bytes
    retained: bool


class Gate:
    """Checks messages one after the other. ``refused`` counts them by fault, ``accepted`` those that passed."""

    def __init__(self, config: MqttConfig, key: bytes, counter: CounterFile, clock: Clock) -> None:
        self._config, self._key, self._counter, self._clock = config, key, counter, clock
        self.refused: Counter[Fault] = Counter()
        self.accepted = 0

    def judge(self, incoming: Incoming) -> Passed | Stopped:
        """Check a message, and consume its counter where the signature is right."""
        found = self._judge(incoming)
        if isinstance(found, Stopped):
            self.refused[found.fault] += 1
        else:
            self.accepted += 1
        return found

    def _judge(self, incoming: Incoming) -> Passed | Stopped:
        if incoming.retained:
            return _stop(Fault.RETAINED)
        if len(incoming.payload) > LONGEST_COMMAND:
            return _stop(Fault.TOO_LONG)
        try:
            message = CommandMessage.model_validate_json(incoming.payload)
        except (ValidationError, RecursionError):
            return _stop(Fault.MALFORMED)
        if not signing.is_same(message.mac, signing.command_mac(self._key, message)):
            return _stop(Fault.FORGED)
        if (fault := self._unfit(incoming, message)) is not None:
            return _stop(fault, message)
        self._counter.use(message.counter)
        return self._allowed(message)

    def _unfit(self, incoming: Incoming, message: CommandMessage) -> Fault | None:
        """Find why a message with a right signature does not fit here and now."""
        now = self._clock.now()
        lasts = message.expires - now.timestamp()
        ahead = message.counter - now.timestamp() * 1000
        limit = signing.LIFETIME.total_seconds()
        faults = {
            Fault.OTHER_TOPIC: message.verb != incoming.verb,
            Fault.OTHER_BOT: message.bot != self._config.bot_id,
            Fault.OLD_EPOCH: message.epoch != self._config.epoch,
            Fault.EXPIRED: lasts <= 0,
            # a counter far ahead would lock out every later command
            Fault.TOO_FAR_AHEAD: lasts > limit or ahead > limit * 1000,
            Fault.REPLAYED: message.counter <= self._counter.last,
        }
        return next((fault for fault, wrong in faults.items() if wrong), None)

    def _allowed(self, message: CommandMessage) -> Passed | Stopped:
        if message.verb == Verb.RESUME:
            return Stopped(Fault.NOT_ALLOWED, RESUME, message.id)
        if message.verb not in self._config.verbs:
            return _stop(Fault.NOT_ALLOWED, message)
        if not set(message.args) <= {"reason"}:
            return _stop(Fault.MALFORMED, message)
        try:
            return Passed(Command(Verb(message.verb), "mqtt", message.args.get("reason", "")), message.id)
        except ValueError as error:
            return Stopped(Fault.MALFORMED, str(error), message.id)


def _stop(fault: Fault, message: CommandMessage | None = None) -> Stopped:
    return Stopped(fault, WORDS[fault], None if message is None else message.id)
