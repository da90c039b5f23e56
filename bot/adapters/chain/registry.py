"""Which reader serves which configuration: one line per protocol."""

from __future__ import annotations

from typing import assert_never

from bot.adapters.chain.config import ChainConfig, ProtocolConfig, V2Config, V3Config
from bot.adapters.chain.protocol import ProtocolReader
from bot.adapters.chain.tokens import TokenBook
from bot.adapters.chain.uniswap_v2 import UniswapV2Reader
from bot.adapters.chain.uniswap_v3 import UniswapV3Reader


def reader_for(chain: ChainConfig, config: ProtocolConfig, tokens: TokenBook) -> ProtocolReader:
    """Make the reader of a configured protocol."""
    match config:
        case V2Config():
            return UniswapV2Reader(chain, config, tokens)
        case V3Config():
            return UniswapV3Reader(chain, config, tokens)
        case _:
            assert_never(config)
