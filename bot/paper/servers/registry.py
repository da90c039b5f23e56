"""Which venue servers there are: one line each."""

from __future__ import annotations

from typing import Final

from bot.paper.servers import binance, bitget, hyperliquid
from bot.paper.servers.kind import ServerKind

SERVERS: Final[dict[str, ServerKind]] = {
    "binance": binance.SERVER,
    "bitget": bitget.SERVER,
    "hyperliquid": hyperliquid.SERVER,
    "bitget-uta": bitget.UNIFIED,
}
"""By what ``dnbot venue serve --speak`` and ``dnbot demo --venue`` call it."""
