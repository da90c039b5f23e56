"""Reference pools, which are read for their price only; a pool's protocol is recognised by its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.protocol import Found, ReferencePool
from bot.chain.tokens import TokenBook
from bot.core.types import Address


class ReferencePools:
    """Reads the configured reference pools of a chain.

    Args:
        chain: the chain.
        tokens: its tokens.
        kinds: what each protocol makes of an address; the first that recognises the contract reads it.
    """

    def __init__(
        self, chain: ChainConfig, tokens: TokenBook, kinds: Sequence[Callable[[Address], ReferencePool]]
    ) -> None:
        self._chain = chain
        self._tokens = tokens
        self._candidates = {pool: [kind(pool) for kind in kinds] for pool in chain.reference_pools}
        self._known: dict[Address, ReferencePool] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        key = self._chain.key("reference_pools")
        return [(f"{key}[{at}]", pool) for at, pool in enumerate(self._chain.reference_pools, 1)]

    def read(self, reads: Reads, found: Found) -> None:
        """Add each pool's price.

        Raises:
            Retryable: a contract is no pool of any protocol.
        """
        for address, candidates in self._candidates.items():
            try:
                known = self._known.get(address)
                if known is None:
                    known = self._known[address] = _recognised(reads, candidates)
                found.price(known.price(reads, self._tokens))
            except Missing:
                continue


def _recognised(reads: Reads, candidates: Sequence[ReferencePool]) -> ReferencePool:
    reads.want(one.probe for one in candidates)
    for one in candidates:
        answer = reads.outcome(one.probe)
        if isinstance(answer, bytes) and one.recognises(answer):
            return one
    raise ContractError(candidates[-1].probe, "no pool of a protocol that dnbot knows answers like that")
