"""What Pancake's owner may do to a pool and the farm, and what the farm would pay."""

from __future__ import annotations

from bot.core.types import Address
from bot.demo.blocks import RevertedError
from bot.demo.chain import LocalChain
from bot.demo.pancake_v3 import PancakeV3
from bot.demo.tx import Tx, calldata


def tune(chain: LocalChain, contracts: PancakeV3, *, emergency: bool, boost: int) -> Tx:
    """Set whether the farm pays nothing any more, and what new stakes are boosted by, of 10^12."""
    return Tx(chain.accounts[0], contracts.masterchef, calldata("set(bool,uint256)", emergency, boost))


def fees(chain: LocalChain, contracts: PancakeV3, pool: Address, share0: int, share1: int) -> Tx:
    """Set the protocol's share, of 10,000."""
    data = calldata("setFeeProtocol(address,uint32,uint32)", pool, share0, share1)
    return Tx(chain.accounts[0], contracts.factory, data)


async def claims(chain: LocalChain, contracts: PancakeV3, owner: Address, token_id: int, block: str) -> int:
    """Ask the farm what harvesting pays: a static call by the owner."""
    chef = contracts.masterchef
    try:
        found = await chain.view(
            chef, "(uint256)", "harvest(uint256,address)", token_id, owner, sender=owner, block=block
        )
    except RevertedError:
        return 0
    return int(found[0])
