"""The settings of a deployment."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Checksummed, ProtocolName

NAME: Final = "pancake_v3"


class PancakeV3Settings(ManagerSettings):
    """Positions of a PancakeSwap V3 deployment (or a fork of it)."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0x46A15B0b27311cedF172AB29E4f4766fbE7F4364"]
    )
    masterchef: Checksummed | None = Field(
        default=None,
        description="MasterChefV3 contract, whose staked positions of the owners count too",
        examples=["0x556B9306565093C855AEA9AE92A594704c2Cd59e"],
    )
