"""What Solidly's owner may do to a pool."""

from __future__ import annotations

from typing import Final

from bot.core.types import Address
from bot.demo.solidly import Solidly
from bot.demo.tx import Tx, calldata

NO_FEE: Final = 420
"""Sets a pool's own fee to zero."""


def fee(contracts: Solidly, pool: Address, basis_points: int) -> Tx:
    """Set a pool's own fee."""
    data = calldata("setCustomFee(address,uint256)", pool, basis_points)
    return Tx(contracts.chain.accounts[0], contracts.factory, data)
