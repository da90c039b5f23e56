"""Which reader serves which configuration: one line per protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from bot.chain.config import ChainConfig, ProtocolConfig, V2Config, V3Config
from bot.chain.protocol import ProtocolReader, Sources
from bot.chain.tokens import TokenBook
from bot.core.amm.concentrated import V3Position
from bot.core.amm.constant_product import V2Position
from bot.core.amm.curve import Curve
from bot.protocols.reference_pools import ReferencePools
from bot.protocols.uniswap_v2.reader import UniswapV2Reader
from bot.protocols.uniswap_v3.reader import UniswapV3Reader

CURVES: Final[Mapping[str, type[Curve]]] = {"v2": V2Position, "v3": V3Position}
"""Every curve that a position may lie on, by the name that it has in journals."""


def sources(chain: ChainConfig, tokens: TokenBook) -> Sources:
    """Build the readers of a chain's configured protocols, and that of its reference pools."""
    readers = [reader_for(chain, protocol, tokens) for protocol in chain.protocols]
    return Sources(readers, [ReferencePools(chain, tokens)])


def reader_for(chain: ChainConfig, config: ProtocolConfig, tokens: TokenBook) -> ProtocolReader:
    """Make the reader of a configured protocol."""
    match config:
        case V2Config():
            return UniswapV2Reader(chain, config, tokens)
        case V3Config():
            return UniswapV3Reader(chain, config, tokens)
        case _:
            assert_never(config)
