"""Ramses V2 on a local chain: Uniswap V3's real factory and pools behind its words, and a manager of our own.

What it answers otherwise than Uniswap V3 is documented (``tests/recorded/contracts/ramses_v2.json``): the pool has an
entry for each token id, and more words in ``ticks`` and ``positions``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.contracts import compiled, own_code
from bot.demo.fork import Fork
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v3 import PoolKey

_HERE: Final = Path(__file__).parent
_PERIPHERY: Final = "@uniswap/v3-periphery/node_modules"


class Ramses(Fork):
    """The factory, its pools and the position manager."""

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the manager."""
        made = compiled(_HERE / "IndexedManager.sol", compiler="solc-0.7", roots=[_PERIPHERY])
        manager = await chain.create(made, "(address,address)", chain.at.v3_factory, chain.at.weth.address)
        return cls(chain, chain.at.v3_factory, manager, await chain.create(own_code("Trader")))

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create a pool, and put its own code behind what answers for it."""
        pool, chain = await super().create_pool(key, sqrt_price), self._chain
        behind = Address(f"0x{int(pool, 16) ^ 1:040x}")
        await chain.rpc.call("anvil_setCode", behind, await chain.rpc.call("eth_getCode", pool, "latest"))
        front = await chain.create(compiled(_HERE / "IndexedPool.sol"), "(address,address)", behind, self.manager)
        await chain.rpc.call("anvil_setCode", pool, await chain.rpc.call("eth_getCode", front, "latest"))
        return pool

    def share(self, pool: Address, share0: int, share1: int) -> Tx:
        """Set the protocol's share: one part of so many."""
        return Tx(self._chain.accounts[0], pool, calldata("setFeeProtocol(uint8,uint8)", share0, share1))
