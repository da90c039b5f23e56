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


def _of(manager: str, factory: str) -> dict[str, object]:
    return {"position_manager": manager, "factory": factory}


def _first() -> dict[str, object]:
    return _of(_FIRST, "0x1F98431c8aD98523631AE4a59f267346ea31F984")


def _sushi(manager: str) -> dict[str, object]:
    """Return one of SushiSwap's, whose contracts are the same."""
    return {"name": "sushi_v3", "position_manager": manager}


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
        1: [_first(), _sushi("0x2214A42d8e2A1d20635c2cb0664422c528B6A432")],
        10: [_first()],
        56: [_of("0x7b8A01B39D58278b5DE7e48c8449c9f4F5170613", "0xdB1d10011AD0Ff90774D0C6Bb92e5C5c8b4461F7")],
        130: [_of("0x943e6e07a7E8E791dAFC44083e54041D743C46E9", "0x1F98400000000000000000000000000000000003")],
        137: [_first(), _sushi("0xb7402ee99F0A008e461098AC3A27F4957Df89a40")],
        8453: [
            _of("0x03a520b32C04BF3bEEf7BEb72E919cf822Ed34f1", "0x33128a8fC17869897dcE68Ed026d694621f6FDfD"),
            _sushi("0x80C7DD17B01855a6D2347444a0FCC36136a314de"),
        ],
        42161: [_first(), _sushi("0xF0cBce1942A68BEB3d1b73F0dd86C8DCc363eF49")],
        43114: [_of("0x655C406EBFa14EE2006250925e54ec43AD184f8B", "0x740b1c1de25031C31FF4fC9A62f554A55cdC1baD")],
        11155111: [_of("0x1238536071E1c677A632429e3655c799b22cDA52", "0x0227628f3F023bb0B980b67D528571c95c6DaC1c")],
    },
)
