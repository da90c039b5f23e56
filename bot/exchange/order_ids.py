"""Client order ids as text, ``<bot>-<epoch>-<number>``: they fit venues that take letters, digits and hyphens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.core.reconciliation.identity import Forced, OrderKey

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH: Final = 10
"""Digits of an epoch, to the base 36. A shorter, decimal one is of the first version, which counted: 1, 2, …"""
_OURS: Final = re.compile(rf"-(?:([0-9a-z]{{{_WIDTH}}})|([0-9]{{1,{_WIDTH - 1}}}))-([0-9]{{1,15}})")
_TAKEN: Final = re.compile("[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class TextIds:
    """Ids of at most ``longest`` characters; ``forced`` says what the ids of the venue's own orders begin with."""

    longest: int = 32
    forced_by: Mapping[str, Forced] = field(default_factory=dict)

    def encode(self, bot: str, key: OrderKey) -> str:
        """Write an id that the venue takes.

        Raises:
            ValueError: it is too long.
        """
        client_id = f"{bot}-{_base36(key.epoch)}-{key.number}"
        if len(client_id) > self.longest:
            raise ValueError(f"the client order id {client_id} is longer than {self.longest}")
        return client_id

    def decode(self, bot: str, client_id: str) -> OrderKey | None:
        """Read an id of this bot's, of any version; None for anybody else's."""
        found = _OURS.fullmatch(client_id.removeprefix(bot)) if client_id.startswith(f"{bot}-") else None
        if found is None:
            return None
        epoch, old, number = found.groups()
        return OrderKey(int(old) if epoch is None else int(epoch, 36), int(number))

    def takes(self, client_id: str) -> bool:
        """Return whether an id is made of what every such venue takes, and not too long."""
        return len(client_id) <= self.longest and _TAKEN.fullmatch(client_id) is not None

    def forced(self, client_id: str) -> Forced | None:
        """Return why the venue made an order itself; None for one that a customer sent."""
        return next((why for start, why in self.forced_by.items() if client_id.startswith(start)), None)


def _base36(number: int) -> str:
    text = ""
    for _ in range(_WIDTH):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    if number:
        raise ValueError("the epoch has more digits than client order ids have room for")
    return text
