"""Outgoing messages: the newest state of every topic, and a bounded queue of events that drops the oldest."""

from __future__ import annotations

import asyncio
from collections import deque

from bot.telemetry.mqtt.topics import Message


class Outbox:
    """A queue that never blocks its producers. Retained messages replace each other; the others keep their order.

    Args:
        limit: how many messages that are not retained may wait.
    """

    def __init__(self, limit: int) -> None:
        self._states: dict[str, Message] = {}
        self._waiting: dict[str, None] = {}
        self._events: deque[Message] = deque(maxlen=limit)
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Add a message."""
        if message.retain:
            self._states[message.topic] = message
            self._waiting[message.topic] = None
        else:
            self.dropped += len(self._events) == self._events.maxlen
            self._events.append(message)
        self._filled.set()

    def forget(self, topic: str) -> None:
        """Clear a retained topic at the broker: it has no source any more."""
        self.put(Message(topic, b"", retain=True))

    def renew(self) -> None:
        """Send every state again: the broker may have lost them."""
        self._waiting = dict.fromkeys(self._states)
        self._filled.set()

    def back(self, message: Message) -> None:
        """Requeue a message that could not be sent, unless something newer has taken its place."""
        if message.retain:
            self._states.setdefault(message.topic, message)
            self._waiting.setdefault(message.topic)
        elif len(self._events) == self._events.maxlen:
            self.dropped += 1
        else:
            self._events.appendleft(message)
        self._filled.set()

    async def get(self) -> Message:
        """Return the next message, states first, as soon as there is one."""
        while not self._waiting and not self._events:
            self._filled.clear()
            await self._filled.wait()
        if self._waiting:
            topic = next(iter(self._waiting))
            del self._waiting[topic]
            message = self._states[topic]
            if not message.payload:
                del self._states[topic]
            return message
        return self._events.popleft()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._events)
