"""Configurations of readers for the local chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from bot.chain.config import ChainConfig, Deployment, Limits, TokenMapping
from bot.chain.reader import EvmChainReader
from bot.clock import SystemClock
from bot.core.types import Address, ChainId, ChainName, Underlying
from bot.demo.chain import MULTICALL3, LocalChain
from bot.ports import Clock
from bot.protocols.registry import sources
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from bot.protocols.uniswap_v3 import UniswapV3Settings

PATIENT = Limits(max_head_age=timedelta(days=36500), max_head_lead=None, max_call_gas=40_000_000, confirm=False)
"""The local chain's blocks carry a time of their own, which no real clock agrees with, and its node is believed."""


def config_of(
    chain: LocalChain,
    *,
    owners: Sequence[Address],
    pairs: Sequence[Address] = (),
    holders: Sequence[Address] = (),
    token_ids: Sequence[int] = (),
    discover: bool = True,
    mapped: Sequence[Address] = (),
) -> ChainConfig:
    """Make a configuration of the local chain's V2 and V3, with whatever pairs and positions are there."""
    protocols: list[Deployment] = []
    if pairs:
        v2 = UniswapV2Settings(pairs=tuple(pairs), holders=tuple(holders))
        protocols.append(Deployment("uniswap_v2", "chains.local.uniswap_v2[1]", v2))
    protocols.append(v3_deployment(chain.at.v3_positions, token_ids, discover=discover))
    return local(chain, protocols, owners=owners, mapped=mapped)


def local(
    chain: LocalChain, protocols: Sequence[Deployment], *, owners: Sequence[Address], mapped: Sequence[Address] = ()
) -> ChainConfig:
    """Make a configuration of the local chain with some deployments; ``mapped`` tokens are claims on T0, T1 etc."""
    return ChainConfig(
        name=ChainName("local"),
        chain_id=ChainId(31337),
        rpc_urls=(chain.rpc.url,),
        multicall=MULTICALL3,
        owners=tuple(owners),
        protocols=tuple(protocols),
        tokens={token: TokenMapping(Underlying(f"T{number}")) for number, token in enumerate(mapped)},
        limits=PATIENT,
    )


def v3_deployment(manager: Address, token_ids: Sequence[int] = (), *, discover: bool = True) -> Deployment:
    """Make the local chain's V3 deployment, or what is configured as one."""
    settings = UniswapV3Settings(position_manager=manager, token_ids=tuple(token_ids), discover=discover)
    return Deployment("uniswap_v3", "chains.local.uniswap_v3[1]", settings)


def behind(config: ChainConfig, *urls: str, ws: Sequence[str] = (), limits: Limits | None = None) -> ChainConfig:
    """Read through other endpoints."""
    return replace(config, rpc_urls=urls, ws_urls=tuple(ws), limits=limits or config.limits)


@asynccontextmanager
async def reading(config: ChainConfig, clock: Clock | None = None) -> AsyncIterator[EvmChainReader]:
    """Open a reader."""
    reader = EvmChainReader(config, sources, clock or SystemClock())
    try:
        yield reader
    finally:
        await reader.close()
