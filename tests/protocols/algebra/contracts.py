"""Algebra on a local chain, 1.9 and Integral: the real factories, pools and position managers.

The package of 1.9 carries a pool that was compiled for measuring coverage, whose code has another hash than the one by
which its factory and manager find pools; they are given the right one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from bot.core.types import Address
from bot.demo.chain import Erc20, LocalChain
from bot.demo.contracts import compiled, node_modules
from bot.demo.tx import MAX_UINT256, Tx, address_of, arguments, calldata
from bot.demo.uniswap_v3 import PoolKey, PositionInfo, UniswapV3
from tests.protocols.contracts.compiling import SCRIPT

KNOWN_HASH: Final = bytes.fromhex("6ec6c9c8091d160c0aa74b2b14ba9c1717e95093bd3ac085cee99a49aab294a4")
DESCRIPTOR: Final = Address("0x000000000000000000000000000000000000dEaD")
NOBODY: Final = Address("0x0000000000000000000000000000000000000000")
MANY: Final = 100_000_000
SLOT_GROWTH: Final = 0
"""Where a pool keeps ``totalFeeGrowth0Token``; token1's is the next slot."""
PLUGIN_BEFORE_SWAP: Final = 1
PLUGIN_DYNAMIC_FEE: Final = 128


def artifact(package: str, name: str) -> bytes:
    path = (
        node_modules()
        / "@cryptoalgebra"
        / package
        / "artifacts/contracts"
        / f"{name}.sol"
        / f"{name.rsplit('/', maxsplit=1)[-1]}.json"
    )
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))


def next_created(account: Address, nonce: int) -> Address:
    """Return the address of what an account creates with a nonce (RLP of both, hashed)."""
    number = b"" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8)
    coded = number if len(number) == 1 and number[0] < 0x80 else bytes([0x80 + len(number)]) + number
    body = bytes([0x94]) + bytes.fromhex(account[2:]) + coded
    return address_of("0x" + keccak(bytes([0xC0 + len(body)]) + body)[12:].hex())


@dataclass(frozen=True, slots=True)
class Deployed:
    """Where everything stands."""

    factory: Address
    manager: Address
    trader: Address


class Algebra(UniswapV3):
    """The factory, its pools and the position manager. A pool key's fee means nothing here."""

    is_integral = False

    def __init__(self, chain: LocalChain, at: Deployed) -> None:
        super().__init__(chain)
        self.at = at
        self._npm = at.manager

    @classmethod
    async def deploy(cls, chain: LocalChain) -> Algebra:
        owner = chain.accounts[0]
        if cls.is_integral:
            nonce = int(await chain.rpc.call("eth_getTransactionCount", owner, "latest"), 16)
            deployer = await _create(
                chain, artifact("integral-core", "AlgebraPoolDeployer"), "(address)", next_created(owner, nonce + 1)
            )
            factory = await _create(chain, artifact("integral-core", "AlgebraFactory"), "(address)", deployer)
            code = artifact("integral-periphery", "NonfungiblePositionManager")
        else:
            found = keccak(artifact("core", "AlgebraPool"))
            deployer = await _create(chain, artifact("core", "AlgebraPoolDeployer"))
            made = artifact("core", "AlgebraFactory").replace(KNOWN_HASH, found)
            factory = await _create(chain, made, "(address,address)", deployer, chain.accounts[9])
            await chain.mine(Tx(owner, deployer, calldata("setFactory(address)", factory)))
            code = artifact("periphery", "NonfungiblePositionManager").replace(KNOWN_HASH, found)
        types = "(address,address,address,address)"
        manager = await _create(chain, code, types, factory, chain.at.weth.address, DESCRIPTOR, deployer)
        trader = await _create(chain, compiled(SCRIPT.with_name("Trader.sol")))
        return cls(chain, Deployed(factory, manager, trader))

    async def allow(self, account: Address, tokens: tuple[Erc20, ...]) -> None:
        """Let the manager take an account's tokens, and give the trader some."""
        for token in tokens:
            approve = Tx(account, token.address, calldata("approve(address,uint256)", self.at.manager, MAX_UINT256))
            give = self._chain.transfer(account, token.address, self.at.trader, 10**8 * 10**token.decimals)
            await self._chain.mine(approve, give)

    async def create_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        chain, owner, pair = self._chain, self._chain.accounts[0], (key.token0, key.token1)
        data = calldata("createPool(address,address)", *pair)
        if self.is_integral:
            data = calldata("createPool(address,address,bytes)", *pair, b"")
        await chain.mine(Tx(owner, self.at.factory, data, gas=MANY))
        pool = await self.pool(key)
        await chain.mine(Tx(owner, pool, calldata("initialize(uint160)", sqrt_price), gas=MANY))
        return pool

    async def pool(self, key: PoolKey) -> Address:
        found = await self._chain.view(
            self.at.factory, "(address)", "poolByPair(address,address)", key.token0, key.token1
        )
        return address_of(found[0])

    def mint(self, owner: Address, key: PoolKey, ticks: tuple[int, int], amount0: int, amount1: int) -> Tx:
        amounts = (amount0, amount1, 0, 0, owner, MAX_UINT256)
        if self.is_integral:
            signature = "mint((address,address,address,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
            return Tx(owner, self._npm, calldata(signature, (key.token0, key.token1, self.deployer, *ticks, *amounts)))
        signature = "mint((address,address,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
        return Tx(owner, self._npm, calldata(signature, (key.token0, key.token1, *ticks, *amounts)))

    deployer = NOBODY
    """Whose pools are minted in; nobody: the pairs' usual ones."""

    def swap(self, trader: Address, key: PoolKey, amount_in: int, *, zero_for_one: bool, limit: int = 0) -> Tx:
        raise NotImplementedError("there is no router: use `trade`")

    def trade(self, pool: Address, amount: int, limit: int, *, zero_for_one: bool) -> Tx:
        """Swap an exact input up to a price."""
        data = calldata("swap(address,bool,int256,uint160)", pool, zero_for_one, amount, limit)
        return Tx(self._chain.accounts[0], self.at.trader, data, gas=MANY)

    async def slot0(self, pool: Address, block: str = "latest") -> tuple[int, int]:
        found = await self._chain.view(pool, "(uint160,int24)", "globalState()", block=block)
        return found[0], found[1]

    async def position(self, token_id: int, block: str = "latest") -> PositionInfo:
        between = "address," if self.is_integral else ""
        types = f"(uint96,address,address,address,{between}int24,int24,uint128,uint256,uint256,uint128,uint128)"
        found = await self._chain.view(self._npm, types, "positions(uint256)", token_id, block=block)
        return PositionInfo(address_of(found[2]), address_of(found[3]), 0, *found[5 if self.is_integral else 4 :])

    def community(self, pool: Address, share: int) -> list[Tx]:
        """Set the community's share of fees, of 1,000."""
        owner = self._chain.accounts[0]
        if not self.is_integral:
            return [Tx(owner, pool, calldata("setCommunityFee(uint8,uint8)", share, share // 2))]
        vault = Tx(owner, pool, calldata("setCommunityVault(address)", self._chain.accounts[9]))
        return [vault, Tx(owner, pool, calldata("setCommunityFee(uint16)", share))]


class Integral(Algebra):
    """Pools with plugins, and those of other deployers."""

    is_integral = True

    async def create_custom_pool(self, key: PoolKey, sqrt_price: int) -> Address:
        """Create another pool of a pair, by a deployer that may, and mint in it from now on."""
        chain, owner, pair = self._chain, self._chain.accounts[0], (key.token0, key.token1)
        (role,) = await chain.view(self.at.factory, "(bytes32)", "CUSTOM_POOL_DEPLOYER()")
        creator = await _create(chain, artifact("integral-core", "test/MockCustomPoolCreator"))
        signature = "createCustomPool(address,address,address,bytes)"
        await chain.mine(
            Tx(owner, self.at.factory, calldata("grantRole(bytes32,address)", role, creator)),
            Tx(owner, creator, calldata(signature, self.at.factory, *pair, b""), gas=MANY),
        )
        lookup = "customPoolByPair(address,address,address)"
        found = await chain.view(self.at.factory, "(address)", lookup, creator, *pair)
        pool = address_of(found[0])
        await chain.mine(Tx(owner, pool, calldata("initialize(uint160)", sqrt_price), gas=MANY))
        self.deployer = creator
        return pool

    async def plug(self, pool: Address) -> Address:
        """Give a pool a plugin that sets the fee of every swap."""
        chain, owner = self._chain, self._chain.accounts[0]
        plugin = await _create(chain, artifact("integral-core", "test/MockPoolPlugin"), "(address)", pool)
        config = PLUGIN_BEFORE_SWAP | PLUGIN_DYNAMIC_FEE
        await chain.mine(
            Tx(owner, pool, calldata("setPlugin(address)", plugin)),
            Tx(owner, pool, calldata("setPluginConfig(uint8)", config)),
        )
        return plugin

    def plugin_fees(self, plugin: Address, fee: int, own: int) -> Tx:
        """Set the fee of swaps, and the plugin's own part on top of it, hundredths of a basis point."""
        return Tx(self._chain.accounts[0], plugin, calldata("setPluginFees(uint24,uint24)", fee, own))


async def _create(chain: LocalChain, code: bytes, types: str = "()", *args: object) -> Address:
    tx = Tx(chain.accounts[0], None, code + arguments(types, *args), gas=MANY)
    return (await chain.mine(tx)).created[0]
