"""The settings of a deployment."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from bot.chain.config import DeploymentSettings
from bot.core.types import Address
from bot.protocols.lp_farms import FarmSettings
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
        description="accounts besides the owners whose LP tokens count, all of them, such as a vault of your own",
    )
    farms: tuple[FarmSettings, ...] = Field(
        default=(), description="contracts in which the owners have staked LP tokens beside others"
    )

    protocol_share: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d{0,5}/[1-9]\d{0,5}$",
        description="what the protocol gets of the pairs' growth while its fee is on; left out: what is known of their "
        'factory, as "8/25" of PancakeSwap\'s, else what the pairs\' own events show, else "1/6" as at Uniswap, '
        "with an alarm",
        examples=["1/4"],
    )

    @field_validator("protocol_share")
    @classmethod
    def _less_than_all(cls, said: str | None) -> str | None:
        if said is not None and Fraction(said) >= 1:
            raise ValueError(f'{said} leaves nothing to the liquidity; write a part of the growth, such as "1/4"')
        return said

    @property
    def share(self) -> tuple[int, int] | None:
        """What the protocol gets, and of how many parts, if it is said."""
        return None if self.protocol_share is None else Fraction(self.protocol_share).as_integer_ratio()

    @model_validator(mode="after")
    def _farms_of_pairs(self) -> Self:
        for number, farm in enumerate(self.farms, 1):
            if farm.pair not in self.pairs:
                raise ValueError(f"farms[{number}].pair {farm.pair} is none of `pairs`; add it there")
            if farm.contract in self.holders:
                raise ValueError(f"{farm.contract} is a farm and a holder, and would count twice; keep it in `farms`")
        return self

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
