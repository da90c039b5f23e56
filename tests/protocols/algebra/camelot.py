"""Camelot's variant of Algebra 1.9: pools whose state has a fee for each direction, on the real pool's code.

What it answers otherwise than Algebra 1.9 is recorded (``tests/recorded/contracts/camelot_v3.json``): the state has
eight words, shares of the community are told by another event, and so are fees, by one that this pool never sends.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eth_utils.crypto import keccak

from bot.core.types import Address
from bot.demo.algebra import Algebra
from bot.demo.contracts import compiled
from bot.demo.uniswap_v3 import PoolKey

SOURCE: Final = Path(__file__).with_name("TwoFees.sol")
_EVENTS: Final = {
    "CommunityFee(uint8,uint8)": "CommunityFee(uint16,uint16)",
    "Fee(uint16)": "an event that nobody knows",
}


class Camelot(Algebra):
    """The factory and position manager of Algebra 1.9, and such pools."""

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create a pool, and put its own code behind what answers for it."""
        pool, chain = await super().create_pool(key, sqrt_price), self._chain
        behind = Address(f"0x{int(pool, 16) ^ 1:040x}")
        code = bytes.fromhex((await chain.rpc.call("eth_getCode", pool, "latest"))[2:])
        for event, other in _EVENTS.items():
            assert keccak(text=event) in code
            code = code.replace(keccak(text=event), keccak(text=other))
        await chain.rpc.call("anvil_setCode", behind, f"0x{code.hex()}")
        front = await chain.create(compiled(SOURCE), "(address,address)", behind, self.manager)
        await chain.rpc.call("anvil_setCode", pool, await chain.rpc.call("eth_getCode", front, "latest"))
        state = await chain.static_call({"to": pool, "data": "0xe76c01e4"})
        assert len(state) == 8 * 32
        return pool
