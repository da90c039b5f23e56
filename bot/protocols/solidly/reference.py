"""Prices of pools, and a pool that is read for its price only."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.amm.decimal_context import PRECISE
from bot.core.snapshot import PoolPrice, Token
from bot.core.types import Address, PoolId
from bot.protocols.pool_prices import price_of_raw
from bot.protocols.solidly.calls import Metadata, metadata_call
from bot.protocols.solidly.curve import StablePosition, VolatilePosition

_WORDS: Final = 7
_MOVE: Final = Decimal("1.01")
_BOOLEANS: Final = (0, 1)


def price_of(pool: PoolId, token0: Token, token1: Token, curve: StablePosition | VolatilePosition) -> PoolPrice | None:
    """Price a pool by a position in it; None where it is empty."""
    if not curve.reserve0 or not curve.reserve1:
        return None
    with localcontext(PRECISE):
        raw = curve.price()
        depth = curve.reserves_at(raw * _MOVE)[1] - curve.reserve1
        return price_of_raw(pool, token0, token1, raw, depth)


def is_metadata(answer: bytes) -> bool:
    """Return whether a contract answers ``metadata()`` as a pool does."""
    return len(answer) >= _WORDS * json_rpc.WORD and json_rpc.uint(answer, 4) in _BOOLEANS


class ReferencePool:
    """Implements ReferencePool of the seam."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.probe: Call = metadata_call(address, words=0)

    def recognises(self, answer: bytes) -> bool:
        """Return whether the metadata has seven words, the fifth a boolean."""
        return is_metadata(answer)

    def price(self, reads: Reads, tokens: TokenBook) -> PoolPrice | None:
        """Return the price; None where the pool is empty, or a token is unknown."""
        reads.want((self.probe,))
        state = Metadata.of(reads.take(self.probe))
        pair = tokens.pair(reads, state.token0, state.token1)
        if isinstance(pair, UnknownToken):
            return None
        return price_of(PoolId(self._address), *pair, state.curve(0, 0, (0, 0), (0, 0)))
