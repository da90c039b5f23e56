"""Reference pools: V2 pairs or V3 pools that are read for their price only, told apart by what they answer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chain import json_rpc
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.multicall import Call, Failed
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.snapshot import PoolPrice, Token
from bot.core.types import Address
from bot.protocols.pool_prices import v2_price, v3_price
from bot.protocols.uniswap_v2.reader import GET_RESERVES, TOKEN0, TOKEN1
from bot.protocols.uniswap_v3.calls import PoolCalls


class _Reference:
    def __init__(self, address: Address) -> None:
        self.address = address
        self.tokens = Call(address, TOKEN0), Call(address, TOKEN1)
        self.reserves = Call(address, GET_RESERVES, words=2)
        self.pool = PoolCalls(address)
        self.is_v3: bool | None = None


class ReferencePools:
    """Reads the configured reference pools of a chain."""

    def __init__(self, chain: ChainConfig, tokens: TokenBook) -> None:
        self._chain = chain
        self._tokens = tokens
        self._pools = [_Reference(address) for address in chain.reference_pools]

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        key = self._chain.key("reference_pools")
        return [(f"{key}[{at}]", pool) for at, pool in enumerate(self._chain.reference_pools, 1)]

    def read(self, reads: Reads, found: Found) -> None:
        """Add each pool's price.

        Raises:
            Retryable: a contract is neither a V2 pair nor a V3 pool.
        """
        for reference in self._pools:
            try:
                self._read(reads, found, reference)
            except Missing:
                continue

    def _read(self, reads: Reads, found: Found, reference: _Reference) -> None:
        reads.want(reference.tokens)
        if reference.is_v3 is None:
            reads.want((reference.pool.slot0, reference.reserves))
            reference.is_v3 = not isinstance(reads.outcome(reference.pool.slot0), Failed)
        addresses = [json_rpc.address(reads.fact(call)) for call in reference.tokens]
        tokens = self._tokens.pair(reads, *addresses)
        if isinstance(tokens, UnknownToken):
            return
        found.price((self._v3 if reference.is_v3 else self._v2)(reads, reference, *tokens))

    @staticmethod
    def _v3(reads: Reads, reference: _Reference, token0: Token, token1: Token) -> PoolPrice | None:
        state = reference.pool.state(reads)
        return v3_price(reference.address, token0, token1, state.sqrt_price_x96, state.liquidity)

    @staticmethod
    def _v2(reads: Reads, reference: _Reference, token0: Token, token1: Token) -> PoolPrice | None:
        stored = reads.take(reference.reserves)
        return v2_price(reference.address, token0, token1, (json_rpc.uint(stored, 0), json_rpc.uint(stored, 1)))
