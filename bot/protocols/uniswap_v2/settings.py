"""The settings of a deployment."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.chain.config import DeploymentSettings
from bot.core.types import Address
from bot.setting_types.fields import Addresses, ProtocolName

NAME: Final = "uniswap_v2"


class UniswapV2Settings(DeploymentSettings):
    """Pairs of a Uniswap V2 deployment (or a fork of it)."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    pairs: Addresses = Field(
        min_length=1,
        description="pair contracts whose LP tokens are yours",
        examples=[["0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"]],
    )
    holders: Addresses = Field(
        default=(),
        description="accounts besides the owners whose LP tokens count, such as a staking contract of your own",
    )

    @property
    def counted(self) -> tuple[str, ...]:
        """The pairs."""
        return self.pairs

    @property
    def other_accounts(self) -> tuple[Address, ...]:
        """The holders."""
        return self.holders

    @property
    def names_positions(self) -> bool:
        """Whether holders are given."""
        return bool(self.holders)
