"""Hyperliquid perpetuals, settled in USDC; an account is an address, and an agent that can't withdraw signs for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from bot.exchange.kind import OwnSettings, VenueKind
from bot.venues.hyperliquid.dialect import Hyperliquid
from bot.venues.hyperliquid.facts import FACTS


def _address(value: str) -> str:
    if value and not re.fullmatch(r"0x[0-9a-fA-F]{40}", value, re.ASCII):
        raise ValueError("is no address; write 0x and 40 hexadecimal digits")
    return value.lower()


def _key(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip().lower()  # as it would be shown anywhere, so that it is known there
    if text and not re.fullmatch(r"(0x)?[0-9a-f]{64}", text, re.ASCII):
        raise ValueError("is no private key; write 64 hexadecimal digits, as the API page shows them once")
    return SecretStr(text.removeprefix("0x"))


class Account(OwnSettings):
    """An account, and the agent (API wallet) that it approved."""

    needed: ClassVar[tuple[str, ...]] = ("account_address", "agent_key")

    account_address: Annotated[str, AfterValidator(_address)] = Field(
        default="", description="the account's address, never the API wallet's"
    )
    agent_key: Annotated[SecretStr, AfterValidator(_key)] = Field(
        default=SecretStr(""),
        description="the private key of an API wallet that the account approved; it can trade and not withdraw",
    )
    trade_for: Annotated[str, AfterValidator(_address)] = Field(
        default="", description="the address of a sub-account, or of a vault that the account leads, to trade instead"
    )

    def login(self) -> Mapping[str, str]:
        """Return the addresses and the key under ccxt's names, and under those of the class in front of it."""
        login = {
            "walletAddress": self.trade_for or self.account_address,
            "privateKey": self.agent_key.get_secret_value(),
            "approver": self.account_address,
            "vault": self.trade_for,
        }
        return login if login["privateKey"] else {}


KIND = VenueKind(
    title="perpetuals",
    settle=FACTS.settle,
    dialect=Hyperliquid.of,
    settings=Account,
    spacing=timedelta(seconds=3),
)
