"""Which reader serves which configuration: one line per protocol."""

from __future__ import annotations

from typing import assert_never

from bot.chain.config import ChainConfig, ProtocolConfig, V2Config, V3Config
from bot.chain.protocol import ProtocolReader, Sources
from bot.chain.tokens import TokenBook
from bot.protocols.reference_pools import ReferencePools
from bot.protocols.uniswap_v2.reader import UniswapV2Reader
from bot.protocols.uniswap_v3.reader import UniswapV3Reader


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
