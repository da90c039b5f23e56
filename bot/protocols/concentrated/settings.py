"""The settings of a deployment whose positions a manager of NFTs keeps."""

from __future__ import annotations

from pydantic import Field

from bot.chain.config import DeploymentSettings
from bot.setting_types.fields import Checksummed, TokenIds


class ManagerSettings(DeploymentSettings):
    """Positions of one NonfungiblePositionManager."""

    position_manager: Checksummed = Field(description="NonfungiblePositionManager contract")
    factory: Checksummed | None = Field(
        default=None,
        description="the factory that the manager has to name; left out: whichever it names",
        examples=["0x1F98431c8aD98523631AE4a59f267346ea31F984"],
    )
    token_ids: TokenIds = Field(default=(), description="positions to read whoever owns them (staked ones)")
    discover: bool = Field(default=True, description="also read every position that an owner holds")

    @property
    def counted(self) -> tuple[str, ...]:
        """The position manager."""
        return (self.position_manager,)

    @property
    def names_positions(self) -> bool:
        """Whether token ids are given."""
        return bool(self.token_ids)
