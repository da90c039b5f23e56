"""Uniswap V3, and plain forks of it."""

from __future__ import annotations

from functools import partial
from typing import Final

from pydantic import Field

from bot.chain.abi import topic
from bot.chain.pool_past import PARTS
from bot.chain.protocol import Amm
from bot.core.amm.concentrated import ConcentratedPosition
from bot.protocols.concentrated.history import PastLayout, finder, new_shares, packed_shares
from bot.protocols.concentrated.layout import Layout
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.concentrated.reference import ConcentratedReference
from bot.protocols.concentrated.settings import ManagerSettings
from bot.setting_types.fields import Checksummed, ProtocolName

NAME: Final = "uniswap_v3"
LAYOUT: Final = Layout()
_FIRST: Final = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"
"""The position manager, where it was deployed first (docs.uniswap.org, v3 deployments)."""


def _kept(share: int) -> int:
    """Return what the protocol's share leaves: it is one part of ``share`` parts, nothing at 0."""
    return PARTS - PARTS // share if share else PARTS


PAST: Final = PastLayout(
    pool=LAYOUT.pool,
    swap=topic("Swap(address,address,int256,int256,uint160,uint128,int24)"),
    swap_words=5,
    kept=packed_shares(word=5, bits=4, kept=_kept),
    changes={topic("SetFeeProtocol(uint8,uint8,uint8,uint8)"): new_shares(_kept)},
)


class UniswapV3Settings(ManagerSettings):
    """Positions of a Uniswap V3 deployment (or a fork of it)."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(
        description="NonfungiblePositionManager contract", examples=["0xC36442b4a4522E871399CD717aBDD847Ab11FE88"]
    )


UNISWAP_V3: Final = Amm(
    name=NAME,
    description="Uniswap V3 deployments",
    settings=UniswapV3Settings,
    curves={"v3": ConcentratedPosition},
    reader=partial(ManagerReader, layout=LAYOUT),
    reference=partial(ConcentratedReference, layout=LAYOUT.pool),
    history=finder(NAME, PAST),
    example={"position_manager": _FIRST},
    at=lambda manager: {"position_manager": manager},
    presets={
        **{chain: [{"position_manager": _FIRST}] for chain in (1, 10, 137, 42161)},
        56: [{"position_manager": "0x7b8A01B39D58278b5DE7e48c8449c9f4F5170613"}],
        8453: [{"position_manager": "0x03a520b32C04BF3bEEf7BEb72E919cf822Ed34f1"}],
        11155111: [{"position_manager": "0x1238536071E1c677A632429e3655c799b22cDA52"}],
    },
)
