"""Uniswap V3, and plain forks of it."""

from __future__ import annotations

from functools import partial
from typing import Final

from pydantic import Field

from bot.chain.protocol import Amm
from bot.core.amm.concentrated import ConcentratedPosition
from bot.protocols.concentrated.history import finder
from bot.protocols.concentrated.layout import Layout
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.concentrated.reference import ConcentratedReference
from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import ProtocolName

NAME: Final = "uniswap_v3"
LAYOUT: Final = Layout()


class UniswapV3Settings(ManagerSettings):
    """Positions of a Uniswap V3 deployment (or a fork of it)."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")


UNISWAP_V3: Final = Amm(
    name=NAME,
    description="Uniswap V3 deployments",
    settings=UniswapV3Settings,
    curves={"v3": ConcentratedPosition},
    reader=partial(ManagerReader, layout=LAYOUT),
    reference=partial(ConcentratedReference, layout=LAYOUT.pool),
    history=finder(NAME, LAYOUT.pool),
    example={"position_manager": "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"},
)
