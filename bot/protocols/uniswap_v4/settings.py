"""The settings of a deployment."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Addresses, Checksummed, ProtocolName

NAME: Final = "uniswap_v4"


class UniswapV4Settings(ManagerSettings):
    """Positions of a Uniswap V4 deployment."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="PositionManager contract", examples=["0xbD216513d74C8cf14cf4747E6AaA6420FF64ee9e"]
    )
    state_view: Checksummed = Field(
        description="StateView contract of the same deployment",
        examples=["0x7fFE42C4a5DEeA5b0feC41C94C136Cf115597227"],
    )
    accept_hooks: Addresses = Field(
        default=(),
        description="hooks that may take from a withdrawal, or stop it, and whose pools are hedged as if they did not",
    )
