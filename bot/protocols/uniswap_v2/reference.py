"""A pair that is read for its price only."""

from __future__ import annotations

from bot.chain import json_rpc
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call
from bot.chain.tokens import TokenBook, UnknownToken, pool_tokens
from bot.core.snapshot import PoolPrice
from bot.core.types import Address, PoolId
from bot.protocols.pool_prices import price_of_reserves
from bot.protocols.uniswap_v2.reader import GET_RESERVES


class ReferencePair:
    """Implements ReferencePool."""

    def __init__(self, address: Address) -> None:
        self.probe = Call(address, GET_RESERVES, words=0)
        self._address = address
        self._tokens = pool_tokens(address)

    def recognises(self, answer: bytes) -> bool:
        """Return whether the reserves are two words and a time."""
        return len(answer) >= 2 * json_rpc.WORD

    def price(self, reads: Reads, tokens: TokenBook) -> PoolPrice | None:
        """Return the price; None where a reserve is empty, or a token is unknown."""
        reads.want((self.probe,))
        pair = tokens.of_pool(reads, self._tokens)
        if isinstance(pair, UnknownToken):
            return None
        stored = reads.take(self.probe)
        reserves = json_rpc.uint(stored, 0), json_rpc.uint(stored, 1)
        return price_of_reserves(PoolId(self._address), *pair, reserves)
