"""Bitget USDT-M futures: the classic account, and the unified trading account."""

from typing import ClassVar

from bot.exchange.kind import ApiKey, VenueKind
from bot.venues.bitget.dialect import Bitget
from bot.venues.bitget.facts import FACTS
from bot.venues.bitget.unified.dialect import UnifiedAccount


class Credentials(ApiKey):
    """An API key whose passphrase is never left out."""

    needed: ClassVar[tuple[str, ...]] = (*ApiKey.needed, "passphrase")


KIND = VenueKind(title="USDT-M", settle=FACTS.settle, dialect=lambda _: Bitget(), settings=Credentials)
UNIFIED = VenueKind(
    title="USDT-M, unified account",
    settle=FACTS.settle,
    # without a key only prices are read, which are the same for everybody
    dialect=lambda config: UnifiedAccount() if config.secrets else Bitget(),
    settings=Credentials,
)
