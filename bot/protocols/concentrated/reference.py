"""A pool with concentrated liquidity that is read for its price only."""

from __future__ import annotations

from bot.chain import json_rpc
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call
from bot.chain.tokens import TokenBook, UnknownToken, pool_tokens
from bot.core.snapshot import PoolPrice
from bot.core.types import Address, PoolId
from bot.protocols.concentrated.calls import PoolCalls
from bot.protocols.concentrated.layout import PoolLayout
from bot.protocols.pool_prices import price_of_root


class ConcentratedReference:
    """Implements ReferencePool."""

    def __init__(self, address: Address, layout: PoolLayout) -> None:
        self.probe = Call(address, layout.state, words=0, gas=10_000)
        self._address = address
        self._tokens = pool_tokens(address)
        self._pool = PoolCalls(address, layout)

    def recognises(self, answer: bytes) -> bool:
        """Return whether the state has a price and a tick at least."""
        return len(answer) >= 2 * json_rpc.WORD

    def price(self, reads: Reads, tokens: TokenBook) -> PoolPrice | None:
        """Return the price; None where the pool is not initialised, or a token is unknown."""
        pair = tokens.of_pool(reads, self._tokens)
        if isinstance(pair, UnknownToken):
            return None
        state = self._pool.state(reads)
        return price_of_root(PoolId(self._address), *pair, state.sqrt_price_x96, state.liquidity)
