"""Uniswap V2, and forks of it with the same protocol fee."""

from __future__ import annotations

from typing import Final

from bot.chain.protocol import Amm
from bot.core.amm.constant_product import ConstantProductPosition
from bot.protocols.uniswap_v2.history import find
from bot.protocols.uniswap_v2.reader import UniswapV2Reader
from bot.protocols.uniswap_v2.reference import ReferencePair
from bot.protocols.uniswap_v2.settings import NAME, UniswapV2Settings

UNISWAP_V2: Final = Amm(
    name=NAME,
    description="Uniswap V2 deployments",
    settings=UniswapV2Settings,
    curves={"v2": ConstantProductPosition},
    reader=UniswapV2Reader,
    reference=ReferencePair,
    history=find,
)
