"""PancakeSwap V3, and positions staked in its MasterChefV3."""

from __future__ import annotations

from typing import Final

from bot.chain.abi import selector, topic
from bot.chain.config import ChainConfig
from bot.chain.pool_past import kept_of
from bot.chain.protocol import Amm
from bot.chain.tokens import TokenBook
from bot.core.amm.concentrated import ConcentratedPosition
from bot.protocols.concentrated.history import PastLayout, finder, new_shares, packed_shares
from bot.protocols.concentrated.layout import Layout
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.pancake_v3.masterchef import MasterChef
from bot.protocols.pancake_v3.settings import NAME, PancakeV3Settings

LAYOUT: Final = Layout()
_FARMS: Final = {
    1: "0x556B9306565093C855AEA9AE92A594704c2Cd59e",
    56: "0x556B9306565093C855AEA9AE92A594704c2Cd59e",
    8453: "0xC6A2Db661D5a5690172d8eB0a7DEA2d3008665A3",
    42161: "0x5e09ACf80C0296740eC5d6F643005a4ef8DaA694",
}
"""MasterChefV3, by chain id (developer.pancakeswap.finance, addresses)."""


def _kept(share: int) -> int:
    """Return what the protocol's share, of 10,000, leaves."""
    return kept_of(share, 10_000)


PAST: Final = PastLayout(
    pool=LAYOUT.pool,
    swap=topic("Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)"),
    swap_words=7,
    kept=packed_shares(word=5, bits=16, kept=_kept),
    changes={topic("SetFeeProtocol(uint32,uint32,uint32,uint32)"): new_shares(_kept)},
    mark=selector("lmPool()"),
)


def _reader(chain: ChainConfig, key: str, settings: PancakeV3Settings, tokens: TokenBook) -> ManagerReader:
    farm = MasterChef(chain, key, settings, tokens)
    return ManagerReader(chain, key, settings, tokens, LAYOUT, farm)


PANCAKE_V3: Final = Amm(
    name=NAME,
    description="PancakeSwap V3 deployments",
    settings=PancakeV3Settings,
    curves={"v3": ConcentratedPosition},
    reader=_reader,
    history=finder(NAME, PAST),
    at=lambda manager: {"position_manager": manager},
    presets={
        chain: [
            {
                "position_manager": "0x46A15B0b27311cedF172AB29E4f4766fbE7F4364",
                "factory": "0x0BFbCF9fa4f9C56B0F40a671Ad40E0805A091865",
                "masterchef": farm,
            }
        ]
        for chain, farm in _FARMS.items()
    },
)
