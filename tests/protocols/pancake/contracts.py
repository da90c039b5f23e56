"""PancakeSwap V3 on a local chain: the real factory and pools, a position manager and a farm with the documented words.

The npm packages leave three contracts out, which are our own: the pools' deployer, the position manager (on the
protocol's own periphery code), and MasterChefV3 with its mining pools, after the words and the arithmetic that they
have in public.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain, RevertedError
from bot.demo.contracts import compiled, node_modules
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.protocols.contracts.compiling import SOLC_0_7, built

HERE: Final = Path(__file__).parent
CORE: Final = "@pancakeswap/v3-core/artifacts/contracts"
PERIPHERY: Final = "@pancakeswap/v3-periphery/node_modules"
MANY: Final = 100_000_000


def artifact(name: str) -> bytes:
    code: str = json.loads((node_modules() / CORE / f"{name}.sol" / f"{name}.json").read_text())["bytecode"]
    return bytes.fromhex(code.removeprefix("0x"))


def holding(code: bytes) -> bytes:
    """Return the creation code of a contract that does nothing but hold code, behind a STOP."""
    runtime = b"\0" + code
    return bytes.fromhex("61") + len(runtime).to_bytes(2) + bytes.fromhex("80600a3d393df3") + runtime


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where everything stands."""

    factory: Address
    manager: Address
    masterchef: Address
    trader: Address
    cake: Erc20


class PancakeV3(UniswapV3):
    """The factory, its pools, the position manager and the farm."""

    def __init__(self, chain: LocalChain, at: Deployed) -> None:
        super().__init__(chain)
        self.at = at
        self._npm = at.manager

    @classmethod
    async def deploy(cls, chain: LocalChain) -> PancakeV3:
        owner, pool_code = chain.accounts[0], artifact("PancakeV3Pool")

        async def create(code: bytes, types: str = "()", *args: object) -> Address:
            tx = Tx(owner, None, code + arguments(types, *args), gas=MANY)
            return (await chain.mine(tx)).created[0]

        deployer = await create(compiled(HERE / "PoolDeployer.sol"), "(address)", await create(holding(pool_code)))
        factory = await create(artifact("PancakeV3Factory"), "(address)", deployer)
        code = built(HERE / "PositionManager.sol", compiler=SOLC_0_7, runs=200, roots=[PERIPHERY])
        manager = await create(code, "(address,address,address)", deployer, factory, chain.at.weth.address)
        cake = await chain.deploy_token("Cake", 18)
        masterchef = await create(compiled(HERE / "MasterChef.sol"), "(address,address)", cake.address, manager)
        trader = await create(compiled(HERE.parent / "contracts" / "Trader.sol"))
        return cls(chain, Deployed(factory, manager, masterchef, trader, cake))

    async def allow(self, account: Address, tokens: tuple[Erc20, ...]) -> None:
        """Let the manager take an account's tokens, and give the trader some."""
        for token in tokens:
            approve = Tx(account, token.address, calldata("approve(address,uint256)", self.at.manager, MAX_UINT256))
            give = self._chain.transfer(account, token.address, self.at.trader, 10**8 * 10**token.decimals)
            await self._chain.mine(approve, give)

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        signature = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        data = calldata(signature, key.token0, key.token1, key.fee, sqrt_price)
        await self._chain.mine(Tx(self._chain.accounts[0], self._npm, data, gas=MANY))
        return await self.pool(key)

    async def farm(self, pool: Address) -> None:
        """Open the farm for a pool."""
        chain, owner, chef = self._chain, self._chain.accounts[0], self.at.masterchef
        (mining,) = await chain.view(chef, "(address)", "open(address)", pool)
        await chain.mine(Tx(owner, chef, calldata("open(address)", pool)))
        await chain.mine(Tx(owner, self.at.factory, calldata("setLmPool(address,address)", pool, mining)))

    def pay(self, rate: int, end: int) -> Tx:
        """Pay rewards from now on: raw CAKE per second, times 10^12, until a time."""
        return Tx(self._chain.accounts[0], self.at.masterchef, calldata("setPeriod(uint256,uint256)", rate, end))

    def tune(self, *, emergency: bool, boost: int) -> Tx:
        return Tx(self._chain.accounts[0], self.at.masterchef, calldata("set(bool,uint256)", emergency, boost))

    def fees(self, pool: Address, share0: int, share1: int) -> Tx:
        """Set the protocol's share, of 10,000."""
        data = calldata("setFeeProtocol(address,uint32,uint32)", pool, share0, share1)
        return Tx(self._chain.accounts[0], self.at.factory, data)

    async def pool(self, key: PoolKey) -> Address:
        args = (key.token0, key.token1, key.fee)
        found = await self._chain.view(self.at.factory, "(address)", "getPool(address,address,uint24)", *args)
        return address_of(found[0])

    def swap(self, trader: Address, key: PoolKey, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        raise NotImplementedError("the router is not in the package: use `trade`")

    def trade(self, pool: Address, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price."""
        data = calldata("swap(address,bool,int256,uint160)", pool, zero_for_one, amount, limit)
        return Tx(self._chain.accounts[0], self.at.trader, data)

    def stake(self, owner: Address, token_id: int) -> Tx:
        data = calldata("safeTransferFrom(address,address,uint256)", owner, self.at.masterchef, token_id)
        return Tx(owner, self.at.manager, data)

    def unstake(self, owner: Address, token_id: int) -> Tx:
        return Tx(owner, self.at.masterchef, calldata("withdraw(uint256,address)", token_id, owner))

    async def slot0(self, pool: Address, block: str = "latest") -> tuple[int, int]:
        types = "(uint160,int24,uint16,uint16,uint16,uint32,bool)"
        found = await self._chain.view(pool, types, "slot0()", block=block)
        return found[0], found[1]

    async def claims(self, owner: Address, token_id: int, block: str) -> int:
        """Ask the farm what harvesting pays: a static call by the owner."""
        try:
            found = await self._chain.view(
                self.at.masterchef, "(uint256)", "harvest(uint256,address)", token_id, owner, sender=owner, block=block
            )
        except RevertedError:
            return 0
        return int(found[0])
