"""Bitget USDT-M futures, classic account."""

from typing import ClassVar

from bot.exchange.kind import ApiKey, VenueKind
from bot.venues.bitget.dialect import Bitget
from bot.venues.bitget.facts import FACTS


class Credentials(ApiKey):
    """An API key whose passphrase is never left out."""

    needed: ClassVar[tuple[str, ...]] = (*ApiKey.needed, "passphrase")


KIND = VenueKind(title="USDT-M", settle=FACTS.settle, dialect=lambda _: Bitget(), settings=Credentials)
