"""Rates that move: what a wrapped or staked token is worth, read from the contract that sets it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.config import RateRead, RateSource
from bot.chain.multicall import Call, Failed
from bot.core.types import Address

RATE_GAS: Final = 500_000
"""Share prices are computed over a vault's whole book."""
_SIGNATURES: Final = {
    RateSource.ST_ETH_PER_TOKEN: "stEthPerToken()",
    RateSource.GET_EXCHANGE_RATE: "getExchangeRate()",
    RateSource.EXCHANGE_RATE: "exchangeRate()",
    RateSource.GET_RATE: "getRate()",
    RateSource.ERC4626: "convertToAssets(uint256)",
    RateSource.CHAINLINK: "latestRoundData()",
}
_LARGEST: Final = Decimal(10) ** 6
"""A rate beyond this, or below its inverse, is no share price."""
_UPDATED: Final = 3
"""The index of the word of ``latestRoundData()`` with the time of its answer."""
OLDEST: Final = timedelta(days=3)
"""The oldest answer of a feed that is believed: feeds of exchange rates are updated at least once a day."""


def rate_call(read: RateRead, token: Address, share_decimals: int) -> Call:
    """Return the call that answers the rate of one whole token."""
    data = selector(_SIGNATURES[read.source])
    if read.source is RateSource.ERC4626:
        data += json_rpc.encode_uint(10**share_decimals)
    return Call(read.contract or token, data, words=0, gas=RATE_GAS)


def rate_of(read: RateRead, answer: bytes | Failed, share_decimals: int) -> Decimal | None:
    """Return the units of the underlying per whole token; None where the contract gives no sensible rate."""
    word = 1 if read.source is RateSource.CHAINLINK else 0
    if isinstance(answer, Failed) or len(answer) < (word + 1) * json_rpc.WORD:
        return None
    raw = json_rpc.sint(answer, word)
    default = share_decimals if read.source is RateSource.ERC4626 else 18
    rate = Decimal(raw).scaleb(-(default if read.decimals is None else read.decimals))
    return rate if 1 / _LARGEST <= rate <= _LARGEST else None


def is_old(read: RateRead, answer: bytes | Failed, now: datetime) -> bool:
    """Return whether a feed's answer is so old that nobody feeds it any more; other contracts compute theirs now."""
    if read.source is not RateSource.CHAINLINK or isinstance(answer, Failed) or len(answer) <= _UPDATED * json_rpc.WORD:
        return False
    return int(now.timestamp()) - json_rpc.uint(answer, _UPDATED) > OLDEST.total_seconds()
