"""The settings of a deployment."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.chain.config import DeploymentSettings
from bot.core.types import Address
from bot.setting_types.fields import Addresses, Checksummed, ProtocolName

NAME: Final = "solidly"


class SolidlySettings(DeploymentSettings):
    """Stable and volatile pools of the Solidly type, such as Aerodrome's and Velodrome's."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    pools: Addresses = Field(
        min_length=1,
        description="pool contracts whose LP tokens are yours; what is staked in their gauges counts too",
        examples=[["0xcDAC0d6c6C59727a65F871236188350531885C43"]],
    )
    voter: Checksummed | None = Field(
        default=None,
        description="the contract that knows the pools' gauges; left out: the one that their factory names",
        examples=["0x16613524e02ad97eDfeF371bC883F2F5d6C480A5"],
    )
    holders: Addresses = Field(
        default=(), description="accounts besides the owners whose LP tokens count, such as a vault of your own"
    )

    @property
    def counted(self) -> tuple[str, ...]:
        """The pools."""
        return self.pools

    @property
    def other_accounts(self) -> tuple[Address, ...]:
        """The holders."""
        return self.holders

    @property
    def names_positions(self) -> bool:
        """Whether holders are given."""
        return bool(self.holders)
