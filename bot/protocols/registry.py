"""Which protocols there are: one line each, the more particular ones before those whose pools look like theirs."""

from __future__ import annotations

from typing import Any, Final

from bot.chain.config import ChainConfig
from bot.chain.protocol import Amm, ProtocolReader, Sources
from bot.chain.reference_pools import ReferencePools
from bot.chain.tokens import TokenBook
from bot.core.amm.curve import Curve
from bot.core.types import Address
from bot.protocols.algebra import ALGEBRA
from bot.protocols.algebra_integral import ALGEBRA_INTEGRAL
from bot.protocols.pancake_v3 import PANCAKE_V3
from bot.protocols.ramses import RAMSES
from bot.protocols.slipstream import SLIPSTREAM
from bot.protocols.solidly import SOLIDLY
from bot.protocols.uniswap_v2 import UNISWAP_V2
from bot.protocols.uniswap_v3 import UNISWAP_V3
from bot.protocols.uniswap_v4 import UNISWAP_V4

PROTOCOLS: Final[dict[str, Amm[Any]]] = {}
"""Every protocol by its name."""
CURVES: Final[dict[str, type[Curve]]] = {}
"""Every curve that a position may lie on, by the name that it has in journals."""


def register(amm: Amm[Any]) -> None:
    """Add a protocol.

    Raises:
        ValueError: its name is taken, or that of one of its curves is another curve's, or a curve has another name.
    """
    if amm.name in PROTOCOLS:
        raise ValueError(f"two protocols call themselves {amm.name}")
    curves = dict(CURVES)
    for name, curve in amm.curves.items():
        if (known := curves.get(name, curve)) is not curve:
            raise ValueError(f"two curves are {name} in journals: {known.__name__} and {curve.__name__}")
        if (other := next((one for one, known in curves.items() if known is curve), name)) != name:
            raise ValueError(f"{curve.__name__} is {other} in journals for ever, and can't be {name} as well")
        curves[name] = curve
    CURVES.update(curves)
    PROTOCOLS[amm.name] = amm


register(ALGEBRA)
register(ALGEBRA_INTEGRAL)
register(PANCAKE_V3)
register(RAMSES)
register(SLIPSTREAM)
register(SOLIDLY)
register(UNISWAP_V2)
register(UNISWAP_V3)
register(UNISWAP_V4)

REPLAYED: Final = UNISWAP_V3.name
"""The protocol of a replayed pool whose scenario names none."""


def sources(chain: ChainConfig, tokens: TokenBook) -> Sources:
    """Build the readers of a chain's configured deployments, and that of its reference pools."""
    readers = [PROTOCOLS[one.protocol].reader(chain, one.key, one.settings, tokens) for one in chain.protocols]
    kinds = [amm.reference for amm in PROTOCOLS.values() if amm.reference is not None]

    def at(contract: Address) -> dict[str, ProtocolReader]:
        found = {}
        for amm in PROTOCOLS.values():
            if amm.at is not None:
                settings = amm.settings.model_validate(amm.at(contract))
                found[amm.name] = amm.reader(chain, amm.name, settings, TokenBook(chain))
        return found

    return Sources(readers, [ReferencePools(chain, tokens, kinds)], at)
