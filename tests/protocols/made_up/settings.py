"""The settings of a deployment."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from bot.chain.config import DeploymentSettings
from bot.core.types import PoolId
from bot.setting_types.fields import Checksummed, ProtocolName, parse_pool

NAME: Final = "made_up"


class MadeUpSettings(DeploymentSettings):
    """Pools of one hub."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    hub: Checksummed = Field(description="the hub contract")
    pools: tuple[Annotated[PoolId, BeforeValidator(parse_pool)], ...] = Field(
        min_length=1, description="ids of the pools with your shares"
    )

    @property
    def counted(self) -> tuple[str, ...]:
        return self.pools
