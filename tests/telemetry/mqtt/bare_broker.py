"""A broker of a few lines, for moments that a real one does not let a test choose.

It speaks as much MQTT 5 as the link needs (OASIS MQTT 5.0, section 3), in the link's own event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum


class Packet(IntEnum):
    """Control packet types, as far as a client sends them to us (table 2-1)."""

    CONNECT = 1
    PUBLISH = 3
    SUBSCRIBE = 8
    PINGREQ = 12
    DISCONNECT = 14


@dataclass
class BareBroker:
    """Acknowledges everything that is not in ``ignored``; ``answered`` is called right after an answer was sent."""

    port: int = 0
    ignored: set[Packet] = field(default_factory=set)
    answered: Callable[[Packet], None] = lambda _: None
    heard: list[tuple[Packet, bytes]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, flags, body = await _packet(reader)
                async with self.arrived:
                    self.heard.append((kind, body))
                    self.arrived.notify_all()
                if kind is Packet.DISCONNECT:
                    break
                answer = _answer(kind, flags, body)
                if answer and kind not in self.ignored:
                    writer.write(answer)  # goes out at once: nothing waits in the transport's buffer
                    self.answered(kind)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def until(self, kind: Packet) -> None:
        """Wait for a packet."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: any(one is kind for one, _ in self.heard))


@asynccontextmanager
async def bare_broker() -> AsyncIterator[BareBroker]:
    """Listen on a free port of the loopback."""
    broker = BareBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1")
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()


async def _packet(reader: asyncio.StreamReader) -> tuple[Packet, int, bytes]:
    (head,) = await reader.readexactly(1)
    length, shift = 0, 0
    while True:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return Packet(head >> 4), head & 0x0F, await reader.readexactly(length)


def _answer(kind: Packet, flags: int, body: bytes) -> bytes:
    match kind:
        case Packet.CONNECT:
            return b"\x20\x03\x00\x00\x00"  # CONNACK: no session, success, no properties
        case Packet.SUBSCRIBE:
            return b"\x90\x04" + body[:2] + b"\x00\x01"  # SUBACK: no properties, QoS 1 granted
        case Packet.PUBLISH if flags & 0b0110:
            topic = 2 + int.from_bytes(body[:2], "big")
            return b"\x40\x02" + body[topic : topic + 2]  # PUBACK
        case Packet.PINGREQ:
            return b"\xd0\x00"
        case Packet.PUBLISH | Packet.DISCONNECT:
            return b""
