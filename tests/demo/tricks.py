"""What tests do to a local chain besides trading on it: time, storage, the protocol's fee."""

from __future__ import annotations

from typing import Final

from bot.core.types import Address
from bot.demo.blocks import BLOCK_SECONDS
from bot.demo.chain import LocalChain
from bot.demo.scene import Scene
from bot.demo.tx import Tx, calldata

SLOT_FEE_GROWTH_GLOBAL0: Final = 1
"""Storage slot of a V3 pool's ``feeGrowthGlobal0X128``; ``feeGrowthGlobal1X128`` is the next one."""


async def empty_blocks(chain: LocalChain, count: int) -> None:
    """Mine empty blocks, `BLOCK_SECONDS` apart."""
    await chain.rpc.call("anvil_mine", hex(count), hex(BLOCK_SECONDS))


async def get_storage(chain: LocalChain, address: Address, slot: int) -> int:
    """Read a storage word."""
    return int(await chain.rpc.call("eth_getStorageAt", address, hex(slot), "latest"), 16)


async def set_storage(chain: LocalChain, address: Address, slot: int, value: int) -> None:
    """Overwrite a storage word, in the present state, without a block."""
    await chain.rpc.call("anvil_setStorageAt", address, hex(slot), f"0x{value % 2**256:064x}")


async def set_fee_to(chain: LocalChain, receiver: Address) -> None:
    """Switch Uniswap V2's fee on: each mint or burn then mints a sixth of the growth to ``receiver``."""
    await chain.mine(Tx(chain.accounts[0], chain.at.v2_factory, calldata("setFeeTo(address)", receiver)))


async def take_a_quarter(chain: LocalChain, pair: Address) -> None:
    """Let a pair's protocol take a quarter of the growth, as PancakeSwap's does in its npm package.

    Its pair differs from Uniswap's by one number: ``rootK.mul(3)``, not ``rootK.mul(5)``.
    """
    code = str(await chain.rpc.call("eth_getCode", pair, "latest"))
    times_5, times_3 = "86600563ffffffff", "86600363ffffffff"
    assert code.count(times_5) == 1
    await chain.rpc.call("anvil_setCode", pair, code.replace(times_5, times_3))


def held_token(scene: Scene) -> int | None:
    """Return the owner's open position between ticks."""
    return scene._held.token_id if scene._held else None  # noqa: SLF001 - the chain's answer would take a search
