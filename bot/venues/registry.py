"""Which kinds of venues there are: one line each."""

from __future__ import annotations

from typing import Final

from bot.exchange.kind import VenueKind
from bot.venues import binance, bitget, generic, hyperliquid

KINDS: Final[dict[str, VenueKind]] = {
    "binance": binance.KIND,
    "bitget": bitget.KIND,
    "hyperliquid": hyperliquid.KIND,
    "bitget-uta": bitget.UNIFIED,
}
"""By the setting ``kind``; every other kind is a ccxt id that is served by capability alone."""


def kind_of(name: str) -> VenueKind:
    """Return a kind of venue by the setting ``kind``, an alias, or its ccxt id."""
    found = KINDS.get(name) or next((kind for kind in KINDS.values() if name in kind.aliases), None)
    return found or generic.kind_of(name)
