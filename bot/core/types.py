"""The identifiers and small enumerations that every layer speaks."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

ChainName = NewType("ChainName", str)
"""The name a chain has in the configuration, such as ``base``."""
ChainId = NewType("ChainId", int)
Address = NewType("Address", str)
"""A contract or account address with its EIP-55 checksum."""
NOBODY: Final = Address("0x0000000000000000000000000000000000000000")
"""What contracts answer where there is none."""
PoolId = NewType("PoolId", str)
"""What a protocol distinguishes its pools by, unique on a chain: mostly the pool contract's address."""
BlockHash = NewType("BlockHash", str)
"""``0x`` and 64 lower-case hexadecimal digits."""
Underlying = NewType("Underlying", str)
"""What a token is a claim on: ``ETH`` for WETH, ``BTC`` for WBTC, ``USD`` for every dollar stable."""
VenueId = NewType("VenueId", str)
"""The name a venue has in the configuration, such as ``paper``."""
Symbol = NewType("Symbol", str)
"""A perpetual's unified name, such as ``ETH/USDT:USDT``."""
PositionId = NewType("PositionId", str)
"""``chain:protocol:address`` or ``chain:protocol:token id``; stable over restarts."""
ClientOrderId = NewType("ClientOrderId", str)
MarketKey = tuple[VenueId, Symbol]
"""One market of one venue."""
PoolKey = tuple[ChainName, PoolId]
"""One pool of one chain."""

USD: Final = Underlying("USD")
ZERO: Final = Decimal(0)


class Mode(StrEnum):
    """What orders may reach: nothing outside this machine, a venue's demo system, or real money."""

    PAPER = "paper"
    DEMO = "demo"
    LIVE = "live"


class Side(StrEnum):
    """A venue's word for the sign of a quantity; inside, quantities are signed."""

    BUY = "buy"
    SELL = "sell"


def side_of(quantity: Decimal) -> Side:
    """Return the venue's side for a signed, non-zero quantity."""
    if quantity == 0:
        raise ValueError("a quantity of zero has no side")
    return Side.BUY if quantity > 0 else Side.SELL
