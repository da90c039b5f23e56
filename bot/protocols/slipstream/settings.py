"""The settings of a deployment."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Addresses, Checksummed, ProtocolName

NAME: Final = "slipstream"


class SlipstreamSettings(ManagerSettings):
    """Positions of a Slipstream deployment: Aerodrome's, Velodrome's, each generation by its own manager."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0x827922686190790b37229fd06084350E74485b72"]
    )
    pools: Addresses = Field(
        default=(),
        description="pools whose gauges are asked for staked positions at once; those of the factory's other pools "
        "follow, 500 a block",
        examples=[["0xb2cc224c1c9feE385f8ad6a55b4d94E92359DC59"]],
    )
