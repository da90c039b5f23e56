"""A venue made up for the tests: another money, other credentials, other order ids; a line each registers it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

from pydantic import Field, SecretStr

from bot.core.reconciliation.identity import Forced, OrderKey
from bot.exchange.kind import OwnSettings, VenueKind
from bot.venues.binance.dialect import Binance
from bot.venues.binance.facts import FACTS as LIKE

_NUMBER, _EPOCH = 37, 51
"""Bits; the other 40 of 128 are the bot's."""


class HexIds:
    """Ids of 128 bits, written in hexadecimal digits."""

    def encode(self, bot: str, key: OrderKey) -> str:
        """Write an id."""
        if key.number >= 1 << _NUMBER or key.epoch >= 1 << _EPOCH:
            raise ValueError("the order has no room in 128 bits")
        return f"0x{(_of(bot) << _EPOCH | key.epoch) << _NUMBER | key.number:032x}"

    def decode(self, bot: str, client_id: str) -> OrderKey | None:
        """Read an id of this bot's."""
        if len(client_id) != 34 or not client_id.startswith("0x"):
            return None
        value = int(client_id, 16)
        if value >> (_NUMBER + _EPOCH) != _of(bot):
            return None
        return OrderKey(value >> _NUMBER & (1 << _EPOCH) - 1, value & (1 << _NUMBER) - 1)

    def takes(self, client_id: str) -> bool:
        """Tell whether an id is of 128 bits."""
        return len(client_id) == 34 and client_id.startswith("0x")

    def forced(self, client_id: str) -> Forced | None:
        """Tell nothing."""
        del client_id
        return None


def _of(bot: str) -> int:
    return int.from_bytes(hashlib.sha256(bot.encode()).digest()[:5])


FACTS: Final = replace(LIKE, settle="USDC", ids=HexIds())


class Settings(OwnSettings):
    """An account, and a key that signs for it."""

    needed: ClassVar[tuple[str, ...]] = ("account", "signing_key")

    account: str = Field(default="", description="the account's name")
    signing_key: SecretStr = Field(default=SecretStr(""), description="what signs for the account")

    def login(self) -> Mapping[str, str]:
        """Return both under ccxt's names."""
        return {"apiKey": self.account, "secret": self.signing_key.get_secret_value()}


KIND: Final = VenueKind(title="made up", settle="USDC", dialect=lambda _: Binance(FACTS), settings=Settings)
