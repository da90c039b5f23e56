"""What Slipstream's owner may do to a pool and a gauge, and what a gauge would pay."""

from __future__ import annotations

from typing import Final

from bot.core.types import Address
from bot.demo.chain import LocalChain
from bot.demo.slipstream import Slipstream
from bot.demo.tx import Tx, calldata

SLOT_GROWTH: Final = 7
"""Where a pool keeps ``feeGrowthGlobal0X128``; token1's is the next slot."""


def kill(chain: LocalChain, voter: Address, gauge: Address) -> Tx:
    """Kill a gauge of the demo's voter."""
    return Tx(chain.accounts[0], voter, calldata("kill(address)", gauge))


def levy(chain: LocalChain, contracts: Slipstream, share: int) -> Tx:
    """Set what unstaked liquidity pays of its fees, of a million."""
    return Tx(chain.accounts[0], contracts.factory, calldata("setDefaultUnstakedFee(uint24)", share))


async def own_fee(chain: LocalChain, contracts: Slipstream, pool: Address, fee: int) -> None:
    """Let a module set a pool's fee."""
    owner, voter = chain.accounts[0], contracts.voter
    await chain.mine(
        Tx(owner, contracts.factory, calldata("setSwapFeeModule(address)", voter)),
        Tx(owner, voter, calldata("set(address,uint24)", pool, fee)),
    )


async def claims(
    chain: LocalChain, contracts: Slipstream, owner: Address, gauge: Address, token_id: int, block: str
) -> int:
    """Ask what ``getReward`` pays at a block's own time: what the owner has more by it."""
    claim = Tx(owner, gauge, calldata("getReward(uint256)", token_id))
    return await chain.more_by(claim, contracts.reward.address, block)
