"""Client order ids of 128 bits, ``0x`` and 32 hexadecimal digits: the bot, the epoch and the intent's number."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from bot.core.reconciliation.identity import Forced, OrderKey

_BOT: Final = 40
_EPOCH: Final = 51
_NUMBER: Final = 128 - _BOT - _EPOCH
"""Bits; 37 are enough for 137 billion orders of one epoch."""
_CLOID: Final = re.compile(r"0x[0-9a-f]{32}")


class Cloids:
    """How the venue's client order ids are written and read (``OrderIds``)."""

    def encode(self, bot: str, key: OrderKey) -> str:
        """Write an id.

        Raises:
            ValueError: the epoch or the number has more bits than there is room for.
        """
        if key.epoch >> _EPOCH or key.number >> _NUMBER:
            raise ValueError(f"order {key.epoch}-{key.number} has no room in a client order id of 128 bits")
        return f"0x{(_of(bot) << _EPOCH | key.epoch) << _NUMBER | key.number:032x}"

    def decode(self, bot: str, client_id: str) -> OrderKey | None:
        """Read an id of this bot's; None for anybody else's."""
        if not self.takes(client_id):
            return None
        rest, number = divmod(int(client_id, 16), 1 << _NUMBER)
        owner, epoch = divmod(rest, 1 << _EPOCH)
        return OrderKey(epoch, number) if owner == _of(bot) else None

    def takes(self, client_id: str) -> bool:
        """Return whether an id is of 128 bits in lower case, as the venue repeats it."""
        return _CLOID.fullmatch(client_id) is not None

    def forced(self, client_id: str) -> Forced | None:
        """Tell nothing: the venue's own trades carry no client id."""
        del client_id
        return None


def _of(bot: str) -> int:
    """Return what stands for a bot's name: 40 bits of its hash, so that two bots never read each other's orders."""
    return int.from_bytes(hashlib.sha256(bot.encode()).digest()[: _BOT // 8])
