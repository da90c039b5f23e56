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
)
