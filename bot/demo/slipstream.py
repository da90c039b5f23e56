"""Slipstream on a local chain: real pools, factory, position manager and gauges; the rest of its protocol is ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules, own_code
from bot.demo.fork import Fork
from bot.demo.ranged import ForkPool
from bot.demo.tx import MAX_UINT256, MUCH_GAS, NOWHERE, Tx, address_of, calldata
from bot.demo.uniswap_v3 import Payout, PoolKey

_SOURCES: Final = "sphere-mezo-solidity-files/domains/aerodrome-slipstream/contracts"
_REWARDS: Final = 10**23
"""Raw units, until the end of the week."""


def _real(path: str) -> bytes:
    return compiled(node_modules() / _SOURCES / path, compiler="solc-0.7", runs=50)


class Slipstream(Fork):
    """The factory, its pools, the position manager and gauges. A pool key's fee is its tick spacing here."""

    get_pool = "getPool(address,address,int24)"

    def __init__(self, chain: LocalChain, at: tuple[Address, Address, Address], voter: Address, reward: Erc20) -> None:
        super().__init__(chain, *at)
        self.voter = voter
        self.reward = reward

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy everything."""
        reward = await chain.deploy_token("AERO", 18)
        voter = await chain.create(own_code("Voter"), "(address)", reward.address)
        return await cls.under(chain, voter, voter, reward)

    @classmethod
    async def under(cls, chain: LocalChain, voter: Address, stage: Address, reward: Erc20) -> Self:
        """Deploy what is Slipstream's own, under a voter; ``stage`` stands for the rest that it is built on."""
        owner, weth = chain.accounts[0], chain.at.weth.address
        pool = await chain.create(_real("core/CLPool.sol"))
        gauge = await chain.create(_real("gauge/CLGauge.sol"))
        factory = await chain.create(_real("core/CLFactory.sol"), "(address,address,address)", voter, stage, pool)
        named = (factory, weth, NOWHERE, "P", "P")
        types = "(address,address,address,string,string)"
        manager = await chain.create(_real("periphery/NonfungiblePositionManager.sol"), types, *named)
        types = "(address,address,address,uint256,address)"
        gauges = await chain.create(_real("gauge/CLGaugeFactory.sol"), types, voter, gauge, owner, 10_000, stage)
        trader = await chain.create(own_code("Trader"))
        await chain.mine(
            Tx(owner, gauges, calldata("setNonfungiblePositionManager(address)", manager)),
            Tx(owner, stage, calldata("setGaugeFactory(address)", gauges)),
        )
        return cls(chain, (factory, manager, trader), voter, reward)

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create and initialise a pool in a block of its own."""
        signature = "createPool(address,address,int24,uint160)"
        data = calldata(signature, key.token0, key.token1, key.fee, sqrt_price)
        await self._chain.mine(Tx(self._chain.accounts[0], self.factory, data, gas=MUCH_GAS))
        return await self.pool(key)

    async def gauge(self, pool: Address) -> Address:
        """Open a pool's gauge."""
        await self._chain.mine(Tx(self._chain.accounts[0], self.voter, calldata("createGauge(address)", pool)))
        return address_of((await self._chain.view(pool, "(address)", "gauge()"))[0])

    def pay(self, gauge: Address, amount: int) -> Tx:
        """Pay a gauge rewards until the end of the week."""
        data = calldata("pay(address,uint256)", gauge, amount)
        return Tx(self._chain.accounts[0], self.voter, data, gas=MUCH_GAS)

    def mint(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amount0: int, amount1: int) -> Tx:
        """Open a position with at most these amounts."""
        signature = "mint((address,address,int24,int24,int24,uint256,uint256,uint256,uint256,address,uint256,uint160))"
        params = (key.token0, key.token1, key.fee, *ticks, amount0, amount1, 0, 0, owner, MAX_UINT256, 0)
        return Tx(owner, self.manager, calldata(signature, params))

    def stake(self, owner: Address, gauge: Address, token_id: int) -> Sequence[Tx]:
        """Stake a position."""
        approve = calldata("approve(address,uint256)", gauge, token_id)
        return [Tx(owner, self.manager, approve), Tx(owner, gauge, calldata("deposit(uint256)", token_id))]

    def unstake(self, owner: Address, gauge: Address, token_id: int) -> Tx:
        """Take a position back, and what it has earned."""
        return Tx(owner, gauge, calldata("withdraw(uint256)", token_id))


class SlipstreamPool(ForkPool[Slipstream]):
    """Implements RangedPool; positions are staked in the pool's gauge."""

    protocol = "slipstream"
    word = "Slipstream"
    has_farm = True
    spacing = 50
    """Of a pool whose fee is 0.05%."""

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Self:
        """Deploy the contracts."""
        return cls(chain, await Slipstream.deploy(chain), cls.spacing)

    async def create(self, sqrt_price: int) -> None:
        """Create the pool and its gauge, which pays rewards."""
        await super().create(sqrt_price)
        self._gauge = await self._contracts.gauge(self._pool)
        await self._chain.mine(self._contracts.pay(self._gauge, _REWARDS))

    def stake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Stake a position."""
        return self._contracts.stake(owner, self._gauge, token_id)

    def unstake(self, owner: Address, token_id: int) -> Sequence[Tx]:
        """Take a staked position back, and what it has earned."""
        return [self._contracts.unstake(owner, self._gauge, token_id)]

    async def pays(self, owner: Address, token_id: int) -> Payout:
        """Ask the contracts what taking everything out pays now, out of the gauge first where it is staked."""
        is_staked = await self._contracts.owner(token_id) == self._gauge
        return await self._contracts.pays(token_id, unstaking=self.unstake(owner, token_id) if is_staked else ())
