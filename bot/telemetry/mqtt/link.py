"""The link to the broker: keeps itself up beside the loop, which only ever hands it records."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from aiomqtt import Client, MqttError, Will
from aiomqtt import Message as Arrived
from paho.mqtt.subscribeoptions import SubscribeOptions

from bot.concurrency import Start, backoff, beside, cancellable, gather, raise_if_cancelled
from bot.core.telemetry_event import EventJournaled
from bot.core.view.cycle import CycleView
from bot.ports import Clock, Operator
from bot.telemetry.changes import STATE
from bot.telemetry.mqtt import discovery, topics
from bot.telemetry.mqtt.command_auth import Gate, Incoming
from bot.telemetry.mqtt.command_handler import Desk
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.connect import client, tls_context
from bot.telemetry.mqtt.messages import Composer
from bot.telemetry.mqtt.outbox import Outbox
from bot.telemetry.mqtt.replay_counter import CounterFile
from bot.telemetry.mqtt.topics import Availability
from bot.telemetry.publisher import Changed, Shown

log = structlog.get_logger(__name__)

_FIRST_BACKOFF: Final = 1.0
_LAST_BACKOFF: Final = 60.0
FAREWELL: Final = 2.0
"""Seconds for the last message."""
_QOS: Final = 1


class MqttLink:
    """A Subscriber and a Service: publishes every cycle to the broker, and accepts signed commands from it.

    Args:
        config: the link.
        operator: the loop.
        clock: the system's, whatever the bot trades by: commands expire in real time.

    Raises:
        ConfigError: the certificates can't be read.
        Halt: the command counter is damaged.
    """

    name = "mqtt"

    def __init__(self, config: MqttConfig, operator: Operator, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._tls = tls_context(config.broker)
        self._composer = Composer(config)
        self.outbox = Outbox(config.queue)
        self._states: set[str] = set()
        self._desk: Desk | None = None
        if config.key is not None:
            gate = Gate(config, config.key, CounterFile(config.counter_file), clock)
            self._desk = Desk(config, config.key, gate, operator, self.outbox.put)
            self._desk.open()
        if config.discovery is not None:
            self.outbox.put(discovery.device(config, config.discovery))

    def take(self, shown: Shown) -> None:
        """Handle an event: only puts messages into the outbox."""
        match shown:
            case CycleView():
                self._show(shown)
            case Changed(event):
                self.outbox.put(self._composer.event(event))
            case EventJournaled(event) if event.kind != STATE:
                self.outbox.put(self._composer.event(event))
            case _:
                pass

    def _show(self, view: CycleView) -> None:
        states = list(self._composer.states(view))
        named = {message.topic for message in states}
        for topic in self._states - named:
            self.outbox.forget(topic)
        self._states = named
        for message in states:
            self.outbox.put(message)

    async def run(self) -> None:
        """Stay connected until cancelled; then publish that the bot stopped."""
        failures = 0
        async with beside() as start:
            while True:
                try:
                    async with self._client() as connection:
                        log.info("mqtt connected", host=self._config.broker.host)
                        failures = 0
                        await self._attended(connection, start)
                except (MqttError, OSError) as error:
                    raise_if_cancelled()  # this came out of a connection that ended with us
                    pause = backoff(failures, _FIRST_BACKOFF, _LAST_BACKOFF)
                    failures += 1
                    if failures == 1:
                        log.warning("mqtt lost", reason=str(error), retry_in=pause)
                    await self._clock.sleep(pause)

    def _client(self) -> Client:
        will = Will(self._topic(topics.AVAILABILITY), Availability.OFFLINE.value, qos=_QOS, retain=True)
        return client(self._config.broker, f"dnbot-{self._config.bot_id}", self._tls, will)

    async def _attended(self, connection: Client, start: Start) -> None:
        try:
            raise_if_cancelled()  # lost while it connected
            await self._session(connection, start)
        except asyncio.CancelledError:
            await self._farewell(connection)
            raise

    async def _session(self, connection: Client, start: Start) -> None:
        """Send and take messages until the connection breaks.

        Raises:
            MqttError: it broke.
        """
        await self._announce(connection, Availability.ONLINE)
        if self._desk is not None:
            await self._subscribe(connection, self._topic(topics.command("+")))
        self.outbox.renew()
        await gather([self._send(connection), self._take(connection, start)])

    async def _subscribe(self, connection: Client, pattern: str) -> None:
        """Subscribe to commands; retained ones come marked as such, even while they are new."""
        options = SubscribeOptions(qos=_QOS, retainAsPublished=True)
        for code in await cancellable(connection.subscribe(pattern, options=options)):
            if not isinstance(code, int) and code.is_failure:
                log.error("mqtt commands can't be received", topic=pattern, reason=str(code))

    async def _send(self, connection: Client) -> None:
        while True:
            await self._send_one(connection)

    async def _send_one(self, connection: Client) -> None:
        message = await self.outbox.get()
        try:
            work = connection.publish(message.topic, message.payload, qos=_QOS, retain=message.retain)
            await cancellable(work)
        except BaseException:
            self.outbox.back(message)
            raise

    async def _take(self, connection: Client, start: Start) -> None:
        async for message in connection.messages:
            incoming = self._incoming(message)
            if self._desk is not None and (passed := self._desk.judge(incoming)) is not None:
                start(self._desk.obey(passed), f"mqtt {passed.command.verb.value}")

    async def _farewell(self, connection: Client) -> None:
        """Send what is queued, then the last message; a slow broker does not delay the daemon."""
        try:
            async with asyncio.timeout(FAREWELL):
                while len(self.outbox):
                    await self._send_one(connection)
                await self._announce(connection, Availability.STOPPED)
        except (MqttError, TimeoutError) as error:
            log.warning("mqtt left without a word", reason=str(error))

    async def _announce(self, connection: Client, word: Availability) -> None:
        await cancellable(connection.publish(self._topic(topics.AVAILABILITY), word.value, qos=_QOS, retain=True))

    def _incoming(self, message: Arrived) -> Incoming:
        verb = message.topic.value.rpartition("/")[2]
        return Incoming(verb, message.payload, message.retain)

    def _topic(self, name: str) -> str:
        return f"{self._config.prefix}/{name}"
