"""The seam that a venue implements: what its folder declares and one line of the registry registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr

from bot.core.types import Symbol, Underlying
from bot.exchange.config import CcxtConfig
from bot.exchange.dialect import Dialect
from bot.setting_types.base import Table

Login = Mapping[str, str]
"""Credentials under the names that ccxt gives them."""


class OwnSettings(Table):
    """Settings of one kind of venue, as keys of ``[venues.NAME]``; a SecretStr is never shown.

    Every field has a default, since the table also holds venues of other kinds; ``needed`` names those that must be
    set all the same. Two kinds that share a field's name share its type.
    """

    needed: ClassVar[tuple[str, ...]] = ()

    def login(self) -> Login:
        """Return the credentials for ccxt."""
        return {}


class ApiKey(OwnSettings):
    """The usual credentials: an API key with its secret, at some venues with a passphrase."""

    needed: ClassVar[tuple[str, ...]] = ("api_key", "secret")

    api_key: SecretStr = Field(
        default=SecretStr(""), description="the key; from the environment or the secrets directory"
    )
    secret: SecretStr = Field(default=SecretStr(""), description="the key's secret part, from there too")
    passphrase: SecretStr = Field(default=SecretStr(""), description="the key's third part, at venues that have one")

    def login(self) -> Login:
        """Return the three parts under ccxt's names."""
        parts = {"apiKey": self.api_key, "secret": self.secret, "password": self.passphrase}
        return {name: part.get_secret_value() for name, part in parts.items()}


@dataclass(frozen=True, slots=True)
class VenueKind:
    """A kind of venue.

    Attributes:
        title: its name and market, for people.
        settle: the money that a perpetual settles in of which only the underlying is given.
        dialect: makes what knows its ways, from the account's configuration.
        settings: its own keys of ``[venues.NAME]``.
        aliases: other names that the setting ``kind`` may have.
        spacing: the time between two cycles at least, which what a view costs fits into.
    """

    title: str
    settle: str
    dialect: Callable[[CcxtConfig], Dialect]
    settings: type[OwnSettings] = ApiKey
    aliases: tuple[str, ...] = ()
    spacing: timedelta = timedelta(seconds=1.5)

    def symbol(self, underlying: Underlying) -> Symbol:
        """Return the perpetual of an underlying."""
        return Symbol(f"{underlying}/{self.settle}:{self.settle}")
