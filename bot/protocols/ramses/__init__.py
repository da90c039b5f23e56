"""Ramses V2 (concentrated liquidity), whose pools keep an entry for each position of the manager's."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.chain.abi import selector
from bot.chain.config import ChainConfig
from bot.chain.pool_past import NodeCalls
from bot.chain.protocol import Amm
from bot.chain.tokens import TokenBook
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.errors import ConfigError
from bot.core.types import Address, PoolId
from bot.protocols.concentrated.layout import Layout, PoolLayout
from bot.protocols.concentrated.settings import ManagerSettings
from bot.protocols.ramses.reader import IndexedReader
from bot.setting_types.fields import Checksummed, ProtocolName

NAME: Final = "ramses"
LAYOUT: Final = Layout(pool=PoolLayout(outside=4))
"""Boosted liquidity takes two words of a tick (github.com/mellow-finance/mellow-vaults, IRamsesV2PoolState.sol)."""
_BOOSTED: Final = selector("boostedLiquidity()")
_MANAGER: Final = "0xAA277CB7914b7e5514946Da92cb9De332Ce610EF"
"""On Arbitrum (github.com/IPOR-Labs/ipor-fusion, test/fuses/ramses/RamsesV2PositionFuseTest.t.sol; the factory too)."""


class RamsesSettings(ManagerSettings):
    """Positions of a Ramses V2 deployment."""

    name: ProtocolName = Field(default=NAME, description="name of the deployment, unique on the chain")
    position_manager: Checksummed = Field(description="NonfungiblePositionManager contract", examples=[_MANAGER])


def _reader(chain: ChainConfig, key: str, settings: RamsesSettings, tokens: TokenBook) -> IndexedReader:
    return IndexedReader(chain, key, settings, tokens, LAYOUT)


async def _past(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> None:
    """Recognise a pool by its boosted liquidity, so that no other protocol takes it for its own.

    Raises:
        ConfigError: it is one, and what the protocol keeps of its fees is told by no public source for each version.
    """
    del config
    if await calls.call(Address(pool), _BOOSTED) is not None:
        raise ConfigError(
            f"{pool} is a pool of Ramses: its past can't be replayed, since its share of the fees isn't told"
        )


RAMSES: Final = Amm(
    name=NAME,
    description="Ramses V2 deployments",
    settings=RamsesSettings,
    curves={"v3": ConcentratedPosition},
    reader=_reader,
    history=_past,
    at=lambda manager: {"position_manager": manager},
    presets={
        42161: [{"position_manager": _MANAGER, "factory": "0xAA2cd7477c451E703f3B9Ba5663334914763edF8"}],
    },
)
