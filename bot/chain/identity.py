"""Which chain an endpoint is of, asked with every read: one may be switched to another chain while the daemon runs.

The same managers stand at the same addresses on many chains, where the same token ids are other people's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.multicall import Call
from bot.chain.protocol import Found
from bot.core.types import Address

GET_CHAIN_ID: Final = selector("getChainId()")


class SameChain:
    """Checks that the answering chain is the configured one, where there is a Multicall3, which tells."""

    def __init__(self, chain: ChainConfig) -> None:
        self._chain_id = chain.chain_id
        self._call = None if chain.multicall is None else Call(chain.multicall, GET_CHAIN_ID, words=0)

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return nothing: what is asked is configured elsewhere."""
        return ()

    def read(self, reads: Reads, found: Found) -> None:
        """Add nothing; a multicall of another make, which does not tell its chain, is not asked again.

        Raises:
            OddAnswer: it is another chain's.
        """
        del found
        if self._call is None:
            return
        try:
            answer = reads.outcome(self._call)
        except Missing:
            return
        if not isinstance(answer, bytes) or len(answer) != json_rpc.WORD:
            self._call = None
        elif (told := json_rpc.uint(answer)) != self._chain_id:
            raise json_rpc.OddAnswer(f"is of chain {told} now, and not of {self._chain_id}")
