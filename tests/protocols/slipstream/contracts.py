"""Slipstream on a local chain: real pools, factory, position manager and gauges; the rest of its protocol is ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata
from bot.demo.uniswap_v3 import Payout, PoolKey, UniswapV3
from tests.protocols.contracts.compiling import SOLC_0_7, built

HERE: Final = Path(__file__).parent
SOURCES: Final = "sphere-mezo-solidity-files/domains/aerodrome-slipstream/contracts"
DESCRIPTOR: Final = Address("0x000000000000000000000000000000000000dEaD")
MANY: Final = 100_000_000
SLOT_GROWTH: Final = 7
"""Where a pool keeps ``feeGrowthGlobal0X128``; token1's is the next slot."""


def real(path: str) -> bytes:
    return built(node_modules() / SOURCES / path, compiler=SOLC_0_7, runs=50)


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where everything stands."""

    factory: Address
    manager: Address
    voter: Address
    trader: Address
    aero: Erc20


class Slipstream(UniswapV3):
    """The factory, its pools, the position manager and gauges. A pool key's fee is its tick spacing here."""

    def __init__(self, chain: LocalChain, at: Deployed) -> None:
        super().__init__(chain)
        self.at = at
        self._npm = at.manager

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Slipstream:
        owner = chain.accounts[0]

        async def create(code: bytes, types: str = "()", *args: object) -> Address:
            tx = Tx(owner, None, code + arguments(types, *args), gas=MANY)
            return (await chain.mine(tx)).created[0]

        aero = await chain.deploy_token("AERO", 18)
        voter = await create(compiled(HERE.parent / "contracts" / "Voter.sol"), "(address)", aero.address)
        pool, gauge = await create(real("core/CLPool.sol")), await create(real("gauge/CLGauge.sol"))
        factory = await create(real("core/CLFactory.sol"), "(address,address,address)", voter, voter, pool)
        types = "(address,address,address,string,string)"
        manager = await create(
            real("periphery/NonfungiblePositionManager.sol"),
            types,
            factory,
            chain.at.weth.address,
            DESCRIPTOR,
            "P",
            "P",
        )
        types = "(address,address,address,uint256,address)"
        gauges = await create(real("gauge/CLGaugeFactory.sol"), types, voter, gauge, owner, 10_000, voter)
        trader = await create(compiled(HERE.parent / "contracts" / "Trader.sol"))
        await chain.mine(
            Tx(owner, gauges, calldata("setNonfungiblePositionManager(address)", manager)),
            Tx(owner, voter, calldata("setGaugeFactory(address)", gauges)),
        )
        return cls(chain, Deployed(factory, manager, voter, trader, aero))

    async def allow(self, account: Address, tokens: tuple[Erc20, ...]) -> None:
        """Let the manager take an account's tokens, and give the trader some."""
        for token in tokens:
            approve = Tx(account, token.address, calldata("approve(address,uint256)", self.at.manager, MAX_UINT256))
            give = self._chain.transfer(account, token.address, self.at.trader, 10**8 * 10**token.decimals)
            await self._chain.mine(approve, give)

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        signature = "createPool(address,address,int24,uint160)"
        data = calldata(signature, key.token0, key.token1, key.fee, sqrt_price)
        await self._chain.mine(Tx(self._chain.accounts[0], self.at.factory, data, gas=MANY))
        return await self.pool(key)

    async def pool(self, key: PoolKey) -> Address:
        args = (key.token0, key.token1, key.fee)
        found = await self._chain.view(self.at.factory, "(address)", "getPool(address,address,int24)", *args)
        return address_of(found[0])

    async def gauge(self, pool: Address) -> Address:
        """Open a pool's gauge, and let the owners stake there."""
        await self._chain.mine(Tx(self._chain.accounts[0], self.at.voter, calldata("createGauge(address)", pool)))
        gauge = address_of((await self._chain.view(pool, "(address)", "gauge()"))[0])
        approve = calldata("setApprovalForAll(address,bool)", gauge, True)
        await self._chain.mine(*(Tx(owner, self.at.manager, approve) for owner in self._chain.accounts[1:3]))
        return gauge

    def pay(self, gauge: Address, amount: int) -> Tx:
        """Pay a gauge rewards until the end of the week."""
        return Tx(self._chain.accounts[0], self.at.voter, calldata("pay(address,uint256)", gauge, amount), gas=MANY)

    def kill(self, gauge: Address) -> Tx:
        return Tx(self._chain.accounts[0], self.at.voter, calldata("kill(address)", gauge))

    def levy(self, share: int) -> Tx:
        """Set what unstaked liquidity pays of its fees, of a million."""
        return Tx(self._chain.accounts[0], self.at.factory, calldata("setDefaultUnstakedFee(uint24)", share))

    async def own_fee(self, pool: Address, fee: int) -> None:
        """Let a module set a pool's fee."""
        owner = self._chain.accounts[0]
        await self._chain.mine(
            Tx(owner, self.at.factory, calldata("setSwapFeeModule(address)", self.at.voter)),
            Tx(owner, self.at.voter, calldata("set(address,uint24)", pool, fee)),
        )

    def mint(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amount0: int, amount1: int) -> Tx:
        signature = "mint((address,address,int24,int24,int24,uint256,uint256,uint256,uint256,address,uint256,uint160))"
        params = (key.token0, key.token1, key.fee, *ticks, amount0, amount1, 0, 0, owner, MAX_UINT256, 0)
        return Tx(owner, self.at.manager, calldata(signature, params))

    def swap(self, trader: Address, key: PoolKey, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        raise NotImplementedError("there is no router: use `trade`")

    def trade(self, pool: Address, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price."""
        data = calldata("swap(address,bool,int256,uint160)", pool, zero_for_one, amount, limit)
        return Tx(self._chain.accounts[0], self.at.trader, data)

    def stake(self, owner: Address, gauge: Address, token_id: int) -> Tx:
        return Tx(owner, gauge, calldata("deposit(uint256)", token_id))

    def unstake(self, owner: Address, gauge: Address, token_id: int) -> Tx:
        return Tx(owner, gauge, calldata("withdraw(uint256)", token_id))

    async def slot0(self, pool: Address, block: str = "latest") -> tuple[int, int]:
        types = "(uint160,int24,uint16,uint16,uint16,bool)"
        found = await self._chain.view(pool, types, "slot0()", block=block)
        return found[0], found[1]

    async def unstaked_pays(self, owner: Address, gauge: Address, token_id: int) -> Payout:
        """Ask what leaving the gauge and withdrawing everything pays, on a copy of the chain."""
        chain = self._chain
        before = await chain.snapshot()
        await chain.mine(self.unstake(owner, gauge, token_id))
        pays = await self.pays(token_id)
        await chain.revert(before)
        return pays

    async def claims(self, owner: Address, gauge: Address, token_id: int, block: str) -> int:
        """Ask what ``getReward`` pays: what the owner has more by it, on a copy of the chain at this block's time."""
        chain, aero = self._chain, self.at.aero.address
        header = await chain.rpc.call("eth_getBlockByNumber", block, False)
        before, had = await chain.snapshot(), await chain.balance(aero, owner)
        await chain.rpc.call("anvil_setBlockTimestampInterval", 0)
        await chain.queue(Tx(owner, gauge, calldata("getReward(uint256)", token_id)))
        await chain.rpc.call("evm_mine")
        now = await chain.rpc.call("eth_getBlockByNumber", "latest", False)
        assert now["timestamp"] == header["timestamp"]
        found = await chain.balance(aero, owner) - had
        await chain.revert(before)
        await chain.rpc.call("anvil_removeBlockTimestampInterval")
        return found
