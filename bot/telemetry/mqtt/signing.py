"""Signatures of commands and results: HMAC-SHA-256 (RFC 2104) over a canonical text of all their fields."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.telemetry.mqtt.payloads import CommandMessage, CommandReply

LIFETIME: Final = timedelta(seconds=30)
"""The longest validity of a command."""
_COMMAND: Final = "dnbot command 1"
_REPLY: Final = "dnbot reply 1"


def command_mac(key: bytes, message: CommandMessage) -> str:
    """Sign a command, or compute what its signature must be."""
    m = message
    return _mac(key, [_COMMAND, m.bot, m.epoch, m.counter, m.expires, m.verb, dict(sorted(m.args.items())), m.id])


def reply_mac(key: bytes, verb: str, reply: CommandReply) -> str:
    """Sign a result, or compute what its signature must be."""
    since = None if reply.since is None else reply.since.isoformat()
    state = None if reply.state is None else reply.state.value
    return _mac(key, [_REPLY, verb, reply.id, reply.accepted, state, reply.reason, since, reply.message])


def is_same(mac: str, right: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(mac, right)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs commands to one run of one bot."""

    key: bytes = field(repr=False)
    bot: str
    epoch: int

    def command(self, verb: str, reason: str, number: str, now: datetime) -> CommandMessage:
        """Make a command that is valid for 30 s from ``now``; ``number`` comes back in the result."""
        bare = CommandMessage(
            bot=self.bot,
            epoch=self.epoch,
            counter=int(now.timestamp() * 1000),
            expires=int((now + LIFETIME).timestamp()),
            verb=verb,
            args={"reason": reason} if reason else {},
            id=number,
            mac="0" * 64,
        )
        return bare.model_copy(update={"mac": command_mac(self.key, bare)})


def signed_reply(key: bytes, verb: str, reply: CommandReply) -> CommandReply:
    """Sign a result."""
    return reply.model_copy(update={"mac": reply_mac(key, verb, reply)})


def _mac(key: bytes, parts: list[object]) -> str:
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
