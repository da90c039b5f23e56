"""Reads positions whose entry in the pool is found by the token id besides the range."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Final

from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.chain.batched_reads import Reads
from bot.chain.config import ChainConfig
from bot.chain.multicall import Call
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook
from bot.core.snapshot import LpPosition
from bot.core.types import Address
from bot.protocols.concentrated.calls import POOL_POSITIONS, PoolState, RangeCalls
from bot.protocols.concentrated.layout import INT24, Layout
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.concentrated.settings import ManagerSettings

TICK_WORDS: Final = 10
"""What ``ticks`` answers; a pool without the words of boosted liquidity has its growth elsewhere, and is refused."""


def entry_key(manager: Address, token_id: int, lower: int, upper: int) -> bytes:
    """Return keccak256(abi.encodePacked(manager, token id, lower, upper))."""
    ticks = b"".join(tick.to_bytes(INT24, "big", signed=True) for tick in (lower, upper))
    return keccak(bytes.fromhex(manager[2:]) + json_rpc.encode_uint(token_id) + ticks)


class IndexedReader(ManagerReader):
    """A manager's reader that asks the pool for each position's own entry."""

    def __init__(
        self, chain: ChainConfig, key: str, settings: ManagerSettings, tokens: TokenBook, layout: Layout
    ) -> None:
        super().__init__(chain, key, settings, tokens, layout)
        self._reading = 0
        self._own: dict[int, RangeCalls] = {}
        self._ticks: dict[Call, Call] = {}

    def _read(
        self, reads: Reads, found: Found, states: dict[Address, PoolState], token_id: int, call: Call
    ) -> LpPosition | None:
        self._reading = token_id
        return super()._read(reads, found, states, token_id, call)

    def _range(self, reads: Reads, answer: bytes) -> RangeCalls:
        known = self._own.get(self._reading)
        if known is not None:
            return known
        own = self._own[self._reading] = copy(super()._range(reads, answer))
        manager, layout = self._settings.position_manager, self._layout
        key = entry_key(manager, self._reading, own.tick_lower, own.tick_upper)
        own.book = Call(own.pool.address, POOL_POSITIONS + key, words=layout.pool.book_owed + 2, gas=15_000)
        own.lower, own.upper = (
            self._ticks.setdefault(one, replace(one, words=TICK_WORDS)) for one in (own.lower, own.upper)
        )
        return own
