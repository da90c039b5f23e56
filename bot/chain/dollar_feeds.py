"""Dollar feeds: what the venues' collaterals are worth, by Chainlink's price feeds on a chain.

A feed updates its price when that moves by about a quarter of a percent, and at least once a day (its heartbeat). An
answer that is none, or older than that, is told as unknown and never taken for a dollar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig, RateRead, RateSource
from bot.chain.multicall import Call, Result
from bot.chain.protocol import Found
from bot.chain.token_rates import RATE_GAS, rate_call, rate_of
from bot.chain.tokens import MAX_DECIMALS
from bot.core.market import DollarPrice
from bot.core.types import Address, ChainId

OLDEST: Final = timedelta(hours=25)
"""The oldest price that is believed: a heartbeat, and an hour for it to be mined."""
_FEEDS: Final[Mapping[int, tuple[str, str]]] = {
    1: ("0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6", "0x3E7d1eAB13ad0104d2750B8863b489D65364e32D"),  # Ethereum
    10: ("0x16a9FA2FDa030272Ce99B29CF780dFA30361E0f3", "0xECef79E109e997bCA29c1c0897ec9d7b03647F5E"),  # OP Mainnet
    56: ("0x51597f405303C4377E36123cBc172b13269EA163", "0xB97Ad0E74fa7d920791E90258A6E2085088b4320"),  # BNB Smart Chain
    137: ("0xfE4A8cc5b5B2366C1B58Bea3858e81843581b2F7", "0x0A6513e40db6EB1b165753AD52E80663aeA50545"),  # Polygon
    8453: ("0x7e860098F58bBFC8648a4311b374B1D669a2bc6B", "0xf19d560eB8d2ADf07BD6D13ed03e1D11215721F9"),  # Base
    42161: ("0x50834F3163758fcC1Df9973b6e91f0F0F0434aD3", "0x3f3f5dF88dC9F13eac63DF89EC16ef6e7E25DdE7"),  # Arbitrum One
    43114: ("0xF096872672F44d6EBA71458D74fe67F9a77a23B9", "0xEBE676ee90Fe1112671f19b6B7459bC678B67e8a"),  # Avalanche
}
KNOWN: Final[Mapping[ChainId, Mapping[str, Address]]] = {
    ChainId(chain): {"USDC": Address(usdc), "USDT": Address(usdt)} for chain, (usdc, usdt) in _FEEDS.items()
}
"""Chainlink's feeds of the venues' collaterals, by chain."""
_UPDATED, _WORDS = 3, 5
"""The index of the word of ``latestRoundData()`` with the time of its price, and the number of words."""


class DollarFeeds:
    """Reads the feeds of a chain: those that are known, and those that are configured, which must have code."""

    def __init__(self, chain: ChainConfig) -> None:
        self._chain = chain
        self._feeds = {**KNOWN.get(chain.chain_id, {}), **chain.dollar_feeds}
        self._calls = {name: _calls(feed) for name, feed in self._feeds.items()}
        self._decimals: dict[str, int] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured feed with its dotted key."""
        return [(self._chain.key(f"dollar_feeds.{name}"), feed) for name, feed in self._chain.dollar_feeds.items()]

    def read(self, reads: Reads, found: Found) -> None:
        """Add what each feed says; one that can't be read affects only its own price."""
        for name, calls in self._calls.items():
            wanted = calls[:1] if name in self._decimals else calls
            reads.want(wanted)
            try:
                answers = [reads.answer(call) for call in wanted]
            except Missing:
                continue
            found.dollars[name] = self._price(name, answers, reads)

    def _price(self, name: str, answers: Sequence[Result], reads: Reads) -> DollarPrice:
        said, *about = answers
        feed, now = f"feed {self._feeds[name]} on {self._chain.name}", reads.block.timestamp
        if about:
            if wrong := self._learn(name, *about):
                return DollarPrice(name, None, f"{feed} {wrong}")
            reads.rest_on(self._calls[name][1:])
        if not isinstance(said, bytes) or len(said) < _WORDS * json_rpc.WORD:
            return DollarPrice(name, None, f"{feed} gives no price")
        price = rate_of(RateRead(RateSource.CHAINLINK, decimals=self._decimals[name]), said, 0)
        age = int(now.timestamp()) - json_rpc.uint(said, _UPDATED)
        if price is None or age < 0:
            return DollarPrice(name, None, f"{feed} gives no sensible price")
        if age > OLDEST.total_seconds():
            return DollarPrice(name, None, f"{feed} is silent since {now - timedelta(seconds=age):%Y-%m-%d %H:%M} UTC")
        return DollarPrice(name, price, feed)

    def _learn(self, name: str, decimals: Result, description: Result) -> str:
        """Take a feed's decimals, where it is the pair's; return what is wrong, or nothing."""
        if not isinstance(decimals, bytes) or not isinstance(description, bytes) or len(decimals) != json_rpc.WORD:
            return "is no price feed"
        pair, digits = json_rpc.text(description).replace(" ", ""), json_rpc.uint(decimals)
        if pair != f"{name}/USD" or digits > MAX_DECIMALS:
            return f"is of {pair[:20]!r} and not of {name}/USD"
        self._decimals[name] = digits
        return ""


def _calls(feed: Address) -> tuple[Call, ...]:
    """Return the calls for price, decimals and pair; of no minimum length, since any contract may answer."""
    asked = (Call(feed, selector(signature), words=0, gas=RATE_GAS) for signature in ("decimals()", "description()"))
    return (rate_call(RateRead(RateSource.CHAINLINK), feed, 0), *asked)
