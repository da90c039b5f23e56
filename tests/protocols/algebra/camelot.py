"""Camelot's variant of Algebra 1.9: pools whose state has a fee for each direction, on the real pool's code.

Its words are public: ``IAlgebraV3Pool.sol`` of sherlock-audit/2025-01-peapods-finance and ``ICamelotV3Pool`` of
Dvisacker/amms tell the same eight, in the same order; everything else is Algebra 1.9's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot.core.types import Address
from bot.demo.algebra import Algebra
from bot.demo.contracts import compiled
from bot.demo.uniswap_v3 import PoolKey

SOURCE: Final = Path(__file__).with_name("TwoFees.sol")


class Camelot(Algebra):
    """The factory and position manager of Algebra 1.9, and such pools."""

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create a pool, and put its own code behind what answers for it."""
        pool, chain = await super().create_pool(key, sqrt_price), self._chain
        behind = Address(f"0x{int(pool, 16) ^ 1:040x}")
        await chain.rpc.call("anvil_setCode", behind, await chain.rpc.call("eth_getCode", pool, "latest"))
        front = await chain.create(compiled(SOURCE), "(address,address)", behind, self.manager)
        await chain.rpc.call("anvil_setCode", pool, await chain.rpc.call("eth_getCode", front, "latest"))
        state = await chain.static_call({"to": pool, "data": "0xe76c01e4"})
        assert len(state) == 8 * 32
        return pool
