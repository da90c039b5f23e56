"""Uniswap V2, and forks of it with the same protocol fee."""

from __future__ import annotations

from typing import Final

from bot.chain.protocol import Amm
from bot.core.amm.constant_product import ConstantProductPosition
from bot.protocols.uniswap_v2.history import find
from bot.protocols.uniswap_v2.reader import UniswapV2Reader
from bot.protocols.uniswap_v2.reference import ReferencePair
from bot.protocols.uniswap_v2.settings import NAME, UniswapV2Settings
from bot.protocols.uniswap_v2.trace import trace

UNISWAP_V2: Final = Amm(
    name=NAME,
    description="Uniswap V2 deployments",
    settings=UniswapV2Settings,
    curves={"v2": ConstantProductPosition},
    reader=UniswapV2Reader,
    reference=ReferencePair,
    history=find,
    trace=trace,
    at=lambda pair: {"pairs": [pair]},
    presets={
        1: [
            {
                "pairs": [
                    "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc",  # USDC/WETH
                    "0x0d4a11d5EEaaC28EC3F61d100daF4d40471f1852",  # WETH/USDT
                    "0xA478c2975Ab1Ea89e8196811F51A7B7Ade33eB11",  # DAI/WETH
                    "0xBb2b8038a1640196FbE3e38816F3e67Cba72D940",  # WBTC/WETH
                ]
            }
        ]
    },
)
