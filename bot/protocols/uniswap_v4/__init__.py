"""Uniswap V4: one contract holds every pool, a pool is known by the hash of its key, and it may have a hook."""

from __future__ import annotations

from typing import Final

from bot.chain.protocol import Amm
from bot.core.amm.concentrated import ConcentratedPosition
from bot.protocols.uniswap_v4.history import find
from bot.protocols.uniswap_v4.reader import V4Reader
from bot.protocols.uniswap_v4.settings import NAME, UniswapV4Settings

_DEPLOYMENTS: Final = {
    1: ("0xbD216513d74C8cf14cf4747E6AaA6420FF64ee9e", "0x7fFE42C4a5DEeA5b0feC41C94C136Cf115597227"),
    10: ("0x3C3Ea4B57a46241e54610e5f022E5c45859A1017", "0xc18a3169788F4F75A170290584ECA6395C75Ecdb"),
    56: ("0x7A4a5c919aE2541AeD11041A1AEeE68f1287f95b", "0xd13Dd3D6E93f276FAfc9Db9E6BB47C1180aeE0c4"),
    130: ("0x4529A01c7A0410167c5740C487A8DE60232617bf", "0x86e8631A016F9068C3f085fAF484Ee3F5fDee8f2"),
    137: ("0x1Ec2eBf4F37E7363FDfe3551602425af0B3ceef9", "0x5eA1bD7974c8A611cBAB0bDCAFcB1D9CC9b3BA5a"),
    8453: ("0x7C5f5A4bBd8fD63184577525326123B519429bDc", "0xA3c0c9b65baD0b08107Aa264b0f3dB444b867A71"),
    42161: ("0xd88F38F930b7952f2DB2432Cb002E7abbF3dD869", "0x76Fd297e2D437cd7f76d50F01AfE6160f86e9990"),
    43114: ("0xB74b1F14d2754AcfcbBe1a221023a5cf50Ab8ACD", "0xc3c9e198C735a4b97e3e683f391cCBDD60B69286"),
    84532: ("0x4B2C77d209D3405F41a037Ec6c77F7F5b8e2ca80", "0x571291b572ed32ce6751a2Cb2486EbEe8DEfB9B4"),
    421614: ("0xAc631556d3d4019C95769033B5E719dD77124BAc", "0x9D467FA9062b6e9B1a46E26007aD82db116c67cB"),
    11155111: ("0x429ba70129df741B2Ca2a85BC3A2a3328e5c09b4", "0xE1Dd9c3fA50EDB962E442f60DfBc432e24537E4C"),
}
"""The position manager and the state view, by chain id (docs.uniswap.org, v4 deployments)."""

UNISWAP_V4: Final = Amm(
    name=NAME,
    description="Uniswap V4 deployments",
    settings=UniswapV4Settings,
    curves={"v3": ConcentratedPosition},
    reader=V4Reader,
    history=find,
    presets={
        chain: [{"position_manager": manager, "state_view": view}] for chain, (manager, view) in _DEPLOYMENTS.items()
    },
)
