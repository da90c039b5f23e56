"""Algebra on a local chain, 1.9 and Integral: the real factories, pools and position managers.

The package of 1.9 carries a pool that was compiled for measuring coverage, whose code has another hash than the one by
which its factory and manager find pools; they are given the right one.
"""

from __future__ import annotations

from typing import Final, Self

from eth_utils.crypto import keccak

from bot.core.types import NOBODY, Address
from bot.demo.chain import LocalChain
from bot.demo.contracts import artifact_code, own_code
from bot.demo.fork import Fork
from bot.demo.ranged import ForkPool
from bot.demo.tx import MAX_UINT256, MUCH_GAS, NOWHERE, Tx, address_of, calldata, created_by
from bot.demo.uniswap_v3 import PoolKey, PositionInfo

_KNOWN_HASH: Final = bytes.fromhex("6ec6c9c8091d160c0aa74b2b14ba9c1717e95093bd3ac085cee99a49aab294a4")


def _artifact(package: str, name: str) -> bytes:
    return artifact_code(f"@cryptoalgebra/{package}/artifacts/contracts/{name}.sol/{name.rpartition('/')[2]}.json")


class Algebra(Fork):
    """The factory, its pools and the position manager. A pool key's fee means nothing here."""

    state = "globalState()"
    is_integral = False

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything."""
        owner = chain.accounts[0]
        if cls.is_integral:
            nonce = int(await chain.rpc.call("eth_getTransactionCount", owner, "latest"), 16)
            code = _artifact("integral-core", "AlgebraPoolDeployer")
            deployer = await chain.create(code, "(address)", created_by(owner, nonce + 1))
            factory = await chain.create(_artifact("integral-core", "AlgebraFactory"), "(address)", deployer)
            code = _artifact("integral-periphery", "NonfungiblePositionManager")
        else:
            found = keccak(_artifact("core", "AlgebraPool"))
            deployer = await chain.create(_artifact("core", "AlgebraPoolDeployer"))
            made = _artifact("core", "AlgebraFactory").replace(_KNOWN_HASH, found)
            factory = await chain.create(made, "(address,address)", deployer, chain.accounts[9])
            await chain.mine(Tx(owner, deployer, calldata("setFactory(address)", factory)))
            code = _artifact("periphery", "NonfungiblePositionManager").replace(_KNOWN_HASH, found)
        types = "(address,address,address,address)"
        manager = await chain.create(code, types, factory, chain.at.weth.address, NOWHERE, deployer)
        return cls(chain, factory, manager, await chain.create(own_code("Trader")))

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create and initialise a pool."""
        chain, owner, pair = self._chain, self._chain.accounts[0], (key.token0, key.token1)
        data = calldata("createPool(address,address)", *pair)
        if self.is_integral:
            data = calldata("createPool(address,address,bytes)", *pair, b"")
        await chain.mine(Tx(owner, self.factory, data, gas=MUCH_GAS))
        pool = await self.pool(key)
        await chain.mine(Tx(owner, pool, calldata("initialize(uint160)", sqrt_price), gas=MUCH_GAS))
        return pool

    async def pool(self, key: PoolKey) -> Address:
        """Return a pool's address; the zero address where there is none."""
        found = await self._chain.view(self.factory, "(address)", "poolByPair(address,address)", key.token0, key.token1)
        return address_of(found[0])

    def mint(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amount0: int, amount1: int) -> Tx:
        """Open a position with at most these amounts."""
        amounts = (amount0, amount1, 0, 0, owner, MAX_UINT256)
        if self.is_integral:
            signature = "mint((address,address,address,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
            return Tx(owner, self._npm, calldata(signature, (key.token0, key.token1, self.deployer, *ticks, *amounts)))
        signature = "mint((address,address,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
        return Tx(owner, self._npm, calldata(signature, (key.token0, key.token1, *ticks, *amounts)))

    deployer = NOBODY
    """Whose pools are minted in; nobody: the pairs' usual ones."""

    async def position(self, token_id: int, block: str = "latest") -> PositionInfo:
        """Read a position."""
        between = "address," if self.is_integral else ""
        types = f"(uint96,address,address,address,{between}int24,int24,uint128,uint256,uint256,uint128,uint128)"
        found = await self._chain.view(self._npm, types, "positions(uint256)", token_id, block=block)
        return PositionInfo(address_of(found[2]), address_of(found[3]), 0, *found[5 if self.is_integral else 4 :])


class Integral(Algebra):
    """Pools with plugins, and those of other deployers."""

    is_integral = True


class AlgebraPool(ForkPool[Algebra]):
    """Implements RangedPool."""

    protocol = "algebra"
    word = "Algebra"
    spacing = 60
    _kind: type[Algebra] = Algebra

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the contracts."""
        return cls(chain, await cls._kind.deploy(chain))


class IntegralPool(AlgebraPool):
    """Implements RangedPool."""

    protocol = "algebra_integral"
    word = "Algebra Integral"
    _kind = Integral
