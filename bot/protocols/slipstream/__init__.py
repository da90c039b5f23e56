"""Slipstream, the concentrated liquidity of Aerodrome and Velodrome, and positions staked in its gauges.

The fees that pools book are what unstaked liquidity earns: the staked part and the levy on the rest were taken before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.config import ChainConfig
from bot.chain.pool_past import PARTS, NodeCalls, kept_of
from bot.chain.protocol import Amm
from bot.chain.tokens import TokenBook
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.types import Address
from bot.protocols.concentrated.history import PastLayout, finder
from bot.protocols.concentrated.layout import Layout, PoolLayout, by_key
from bot.protocols.concentrated.reader import ManagerReader
from bot.protocols.slipstream.gauges import Gauges
from bot.protocols.slipstream.scan import GAUGE
from bot.protocols.slipstream.settings import NAME, SlipstreamSettings
from bot.protocols.slipstream.trace import trace

UNSTAKED_FEE: Final = selector("unstakedFee()")
LAYOUT: Final = Layout(pool=PoolLayout(outside=3), pool_of=by_key("getPool(address,address,int24)"), burned="ID")


async def _kept(calls: NodeCalls, pool: Address, state: bytes, block: str) -> tuple[int, int]:
    """Return what the levy on unstaked liquidity leaves.

    A fee goes to the staked part of the liquidity first, and the unstaked one shares what is left: each unit of it gets
    what it would get if all shared the whole. No event of the pool tells when the levy changes.
    """
    del state
    levy = await calls.call(pool, UNSTAKED_FEE, block)
    kept = PARTS if levy is None else kept_of(json_rpc.uint(levy), 10**6)
    return kept, kept


PAST: Final = PastLayout(
    pool=LAYOUT.pool,
    swap=topic("Swap(address,address,int256,int256,uint160,uint128,int24)"),
    swap_words=5,
    kept=_kept,
    infers_fee=True,
    mark=GAUGE,
)


def _reader(chain: ChainConfig, key: str, settings: SlipstreamSettings, tokens: TokenBook) -> ManagerReader:
    return ManagerReader(chain, key, settings, tokens, LAYOUT, Gauges(chain, key, settings, tokens))


_AERODROME: Final = {
    "": ("0x827922686190790b37229fd06084350E74485b72", "0x5e7BB104d84c7CB9B682AaC2F3d509f5F406809A"),
    "_gauge_caps": ("0xa990C6a764b73BF43cee5Bb40339c3322FB9D55F", "0xaDe65c38CD4849aDBA595a4323a8C7DdfE89716a"),
    "_gauges_v3": ("0xe1f8cd9AC4e4A65F54f38a5CdAfCA44f6dD68b53", "0xf8f2eB4940CFE7d13603DDDD87f123820Fc061Ef"),
}
"""Position managers and factories, by generation (github.com/aerodrome-finance/slipstream, script/constants/output)."""
_VELODROME: Final = {
    "": ("0x416b433906b1B72FA758e166e239c43d68dC6F29", "0xCc0bDDB707055e04e497aB22a59c2aF4391cd12F"),
    "_first": ("0xbB5DFE1380333CEE4c2EeBd7202c80dE2256AdF4", "0x548118C7E0B865C2CfA94D15EC86B666468ac758"),
    "_gauges_v2": ("0xf7f8ccce99Ca2896eC75D3A399D152dB96808399", "0xe13Dd1fbA721Aa81a1826D9523AC9BC7d260c879"),
}
"""The same of github.com/velodrome-finance/slipstream, README."""


def _generations(brand: str, known: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"name": f"{brand}{generation}", "position_manager": manager, "factory": factory}
        for generation, (manager, factory) in known.items()
    ]


SLIPSTREAM: Final = Amm(
    name=NAME,
    description="Slipstream deployments (Aerodrome, Velodrome)",
    settings=SlipstreamSettings,
    curves={"v3": ConcentratedPosition},
    reader=_reader,
    history=finder(NAME, PAST),
    trace=trace,
    at=lambda manager: {"position_manager": manager},
    presets={10: _generations("velodrome", _VELODROME), 8453: _generations("aerodrome", _AERODROME)},
)
