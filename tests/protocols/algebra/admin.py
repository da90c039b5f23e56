"""What Algebra's owner and plugins may do to a pool."""

from __future__ import annotations

from typing import Final

from bot.core.types import Address
from bot.demo.algebra import Algebra, Integral
from bot.demo.chain import LocalChain
from bot.demo.contracts import artifact_code
from bot.demo.tx import MUCH_GAS, Tx, address_of, calldata
from bot.demo.uniswap_v3 import PoolKey

SLOT_GROWTH: Final = 0
"""Where a pool keeps ``totalFeeGrowth0Token``; token1's is the next slot."""
_MOCKS: Final = "@cryptoalgebra/integral-core/artifacts/contracts/test"
_PLUGIN_BEFORE_SWAP: Final = 1
_PLUGIN_DYNAMIC_FEE: Final = 128


def community(chain: LocalChain, contracts: Algebra, pool: Address, share: int) -> list[Tx]:
    """Set the community's share of fees, of 1,000."""
    owner = chain.accounts[0]
    if not contracts.is_integral:
        return [Tx(owner, pool, calldata("setCommunityFee(uint8,uint8)", share, share // 2))]
    vault = Tx(owner, pool, calldata("setCommunityVault(address)", chain.accounts[9]))
    return [vault, Tx(owner, pool, calldata("setCommunityFee(uint16)", share))]


async def create_custom_pool(chain: LocalChain, contracts: Integral, key: PoolKey, sqrt_price: int) -> Address:
    """Create another pool of a pair, by a deployer that may, and mint in it from now on."""
    owner, pair = chain.accounts[0], (key.token0, key.token1)
    (role,) = await chain.view(contracts.factory, "(bytes32)", "CUSTOM_POOL_DEPLOYER()")
    creator = await chain.create(_mock("MockCustomPoolCreator"))
    signature = "createCustomPool(address,address,address,bytes)"
    await chain.mine(
        Tx(owner, contracts.factory, calldata("grantRole(bytes32,address)", role, creator)),
        Tx(owner, creator, calldata(signature, contracts.factory, *pair, b""), gas=MUCH_GAS),
    )
    found = await chain.view(
        contracts.factory, "(address)", "customPoolByPair(address,address,address)", creator, *pair
    )
    pool = address_of(found[0])
    await chain.mine(Tx(owner, pool, calldata("initialize(uint160)", sqrt_price), gas=MUCH_GAS))
    contracts.deployer = creator
    return pool


async def plug(chain: LocalChain, pool: Address) -> Address:
    """Attach a plugin to a pool, which sets the fee of every swap."""
    owner = chain.accounts[0]
    plugin = await chain.create(_mock("MockPoolPlugin"), "(address)", pool)
    config = _PLUGIN_BEFORE_SWAP | _PLUGIN_DYNAMIC_FEE
    await chain.mine(
        Tx(owner, pool, calldata("setPlugin(address)", plugin)),
        Tx(owner, pool, calldata("setPluginConfig(uint8)", config)),
    )
    return plugin


def plugin_fees(chain: LocalChain, plugin: Address, fee: int, own: int) -> Tx:
    """Set the fee of swaps, and the plugin's own part on top of it, hundredths of a basis point."""
    return Tx(chain.accounts[0], plugin, calldata("setPluginFees(uint24,uint24)", fee, own))


def _mock(name: str) -> bytes:
    return artifact_code(f"{_MOCKS}/{name}.sol/{name}.json")
