"""PancakeSwap V3 on a local chain: the real factory and pools, a position manager and a farm with the documented words.

The npm packages leave three contracts out, which are our own: the pools' deployer, the position manager (on the
protocol's own periphery code), and MasterChefV3 with its mining pools, after the words and the arithmetic that they
have in public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import artifact_code, compiled, own_code, own_source
from bot.demo.fork import Fork
from bot.demo.ranged import ForkPool
from bot.demo.tx import Tx, calldata

_CORE: Final = "@pancakeswap/v3-core/artifacts/contracts"
_PERIPHERY: Final = "@pancakeswap/v3-periphery/node_modules"
_REWARDS: Final = 10**30
"""Raw units a second, times 10^12."""
_ALWAYS: Final = 2**32 - 1


def _artifact(name: str) -> bytes:
    return artifact_code(f"{_CORE}/{name}.sol/{name}.json")


def _holding(code: bytes) -> bytes:
    """Return the creation code of a contract that does nothing but hold code, behind a STOP."""
    runtime = b"\0" + code
    return bytes.fromhex("61") + len(runtime).to_bytes(2) + bytes.fromhex("80600a3d393df3") + runtime


class PancakeV3(Fork):
    """The factory, its pools, the position manager and the farm."""

    def __init__(
        self, chain: LocalChain, at: tuple[Address, Address, Address], masterchef: Address, reward: Erc20
    ) -> None:
        super().__init__(chain, *at)
        self.masterchef = masterchef
        self.reward = reward

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything."""
        code = await chain.create(_holding(_artifact("PancakeV3Pool")))
        deployer = await chain.create(own_code("PoolDeployer"), "(address)", code)
        factory = await chain.create(_artifact("PancakeV3Factory"), "(address)", deployer)
        source = own_source("PancakePositionManager")
        made = compiled(source, compiler="solc-0.7", roots=[_PERIPHERY])
        types = "(address,address,address)"
        manager = await chain.create(made, types, deployer, factory, chain.at.weth.address)
        reward = await chain.deploy_token("Cake", 18)
        masterchef = await chain.create(own_code("MasterChefV3"), "(address,address)", reward.address, manager)
        trader = await chain.create(own_code("Trader"))
        return cls(chain, (factory, manager, trader), masterchef, reward)

    async def farm(self, pool: Address) -> None:
        """Open the farm for a pool."""
        chain, owner, chef = self._chain, self._chain.accounts[0], self.masterchef
        (mining,) = await chain.view(chef, "(address)", "open(address)", pool)
        await chain.mine(Tx(owner, chef, calldata("open(address)", pool)))
        await chain.mine(Tx(owner, self.factory, calldata("setLmPool(address,address)", pool, mining)))

    def pay(self, rate: int, end: int) -> Tx:
        """Pay rewards from now on: raw CAKE per second, times 10^12, until a time."""
        return Tx(self._chain.accounts[0], self.masterchef, calldata("setPeriod(uint256,uint256)", rate, end))

    def stake(self, owner: Address, token_id: int) -> Tx:
        """Stake a position."""
        data = calldata("safeTransferFrom(address,address,uint256)", owner, self.masterchef, token_id)
        return Tx(owner, self.manager, data)

    def unstake(self, owner: Address, token_id: int) -> Tx:
        """Take a position back, and what it has earned."""
        return Tx(owner, self.masterchef, calldata("withdraw(uint256,address)", token_id, owner))


class PancakePool(ForkPool[PancakeV3]):
    """Implements RangedPool; positions are staked in the farm."""

    protocol = "pancake_v3"
    word = "Pancake V3"
    has_farm = True

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the contracts."""
        return cls(chain, await PancakeV3.deploy(chain))

    def deployment(self) -> Mapping[str, object]:
        """Return its table in the daemon's configuration."""
        return {**super().deployment(), "masterchef": self._contracts.masterchef}

    async def create(self, sqrt_price: int) -> None:
        """Create the pool, and let the farm pay rewards there."""
        await super().create(sqrt_price)
        await self._contracts.farm(self._pool)
        await self._chain.mine(self._contracts.pay(_REWARDS, _ALWAYS))

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Stake a position."""
        return [self._contracts.stake(owner, token_id)]

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Take a staked position back, and what it has earned."""
        return [self._contracts.unstake(owner, token_id)]
