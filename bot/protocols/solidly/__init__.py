"""Solidly's pools, as Aerodrome and Velodrome have them: stable and volatile, and staked in gauges."""

from __future__ import annotations

from typing import Final

from bot.chain.protocol import Amm
from bot.protocols.solidly.curve import StablePosition, VolatilePosition
from bot.protocols.solidly.history import find
from bot.protocols.solidly.reader import SolidlyReader
from bot.protocols.solidly.reference import ReferencePool
from bot.protocols.solidly.settings import NAME, SolidlySettings
from bot.protocols.solidly.trace import trace

SOLIDLY: Final = Amm(
    name=NAME,
    description="pools of the Solidly type (Aerodrome, Velodrome), stable and volatile",
    settings=SolidlySettings,
    curves={"solidly_volatile": VolatilePosition, "solidly_stable": StablePosition},
    reader=SolidlyReader,
    reference=ReferencePool,
    history=find,
    trace=trace,
    at=lambda pool: {"pools": [pool]},
    presets={
        10: [
            {
                "name": "velodrome_pools",
                "pools": [
                    "0x0493Bf8b6DBB159Ce2Db2E0E8403E753Abd1235b",  # WETH/USDC.e, volatile
                    "0x19715771E30c93915A5bbDa134d782b81A820076",  # USDC.e/DAI, stable
                ],
            }
        ],
        8453: [
            {
                "name": "aerodrome_pools",
                "pools": [
                    "0xcDAC0d6c6C59727a65F871236188350531885C43",  # WETH/USDC, volatile
                    "0x27a8Afa3Bd49406e48a074350fB7b2020c43B2bD",  # USDC/USDbC, stable
                ],
            }
        ],
    },
)
