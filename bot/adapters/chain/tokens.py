"""Tokens: their metadata, read once, and what they are a claim on.

A symbol is what a contract says of itself, and anybody can send an owner a position in a token that calls itself WETH.
So a well-known symbol is believed of the first address that carries it, and the configured pools are read first; a
second address with the same symbol is an unknown token. At run time an unknown token is an underlying of its own,
which is shown and never hedged; at the start it is a ConfigError.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import structlog

from bot.adapters.chain import wire
from bot.adapters.chain.config import ChainConfig, TokenMapping
from bot.adapters.chain.multicall import Call, Failed
from bot.adapters.chain.reads import Reads
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import Token
from bot.core.types import USD, Address, Underlying

log = structlog.get_logger(__name__)

SYMBOL: Final = bytes.fromhex("95d89b41")
DECIMALS: Final = bytes.fromhex("313ce567")
BALANCE_OF: Final = bytes.fromhex("70a08231")
BALANCE_GAS: Final = 60_000
"""Some tokens stand behind a proxy or reckon their balances."""

_CLAIMS: Final = {
    Underlying("ETH"): ("WETH", "WETH.e", "ETH"),
    Underlying("BTC"): ("WBTC", "WBTC.e", "BTCB", "BTC.b", "cbBTC", "tBTC"),
    Underlying("BNB"): ("WBNB",),
    Underlying("POL"): ("WPOL", "WMATIC"),
    Underlying("AVAX"): ("WAVAX",),
    USD: ("USDC", "USDC.e", "USDbC", "USDT", "USDT.e", "USDT0", "DAI", "USDS", "LUSD", "PYUSD", "FDUSD", "TUSD"),
}
KNOWN: Final = {symbol: underlying for underlying, symbols in _CLAIMS.items() for symbol in symbols}
"""Symbols whose token is worth one unit of its underlying. Staked tokens have a rate: they must be configured."""


def balance_of(token: Address, account: Address) -> Call:
    """Make the call ``balanceOf(account)``."""
    return Call(token, BALANCE_OF + wire.encode_address(account), gas=BALANCE_GAS)


class TokenBook:
    """The tokens of one chain. ``unknown`` holds those without a mapping, with their symbols."""

    def __init__(self, chain: ChainConfig) -> None:
        self._chain = chain
        self._tokens: dict[Address, Token] = {}
        self._calls: dict[Address, tuple[Call, Call]] = {}
        self._claimed: dict[str, Address] = {}
        self.unknown: dict[Address, str] = {}

    def token(self, reads: Reads, address: Address) -> Token:
        """Give a token.

        Raises:
            Missing: its metadata is not there yet.
            Retryable: it has no decimals.
        """
        known = self._tokens.get(address)
        if known is None:
            known = self._tokens[address] = self._read(reads, address)
        return known

    def require_known(self) -> None:
        """Insist that every token seen so far has a mapping.

        Raises:
            ConfigError: one has none; the message names the key to add.
        """
        for address, symbol in self.unknown.items():
            twin = self._claimed.get(symbol)
            why = f"calls itself {symbol} like {twin} does" if twin else f"({symbol}) is not known to dnbot"
            raise ConfigError(
                f'token {address} {why}: say what it is a claim on, such as underlying = "ETH"',
                key=self._chain.key(f'tokens."{address}".underlying'),
            )

    def _read(self, reads: Reads, address: Address) -> Token:
        calls = self._calls.setdefault(address, (Call(address, SYMBOL, words=0), Call(address, DECIMALS)))
        reads.want(calls)
        named, decimals = reads.outcome(calls[0]), wire.uint(reads.take(calls[1]))
        if decimals > 255:  # noqa: PLR2004 - a uint8
            raise Retryable(f"token {address}: {decimals} decimals are none")
        symbol = "?" if isinstance(named, Failed) else wire.text(named) or "?"
        mapping = self._mapping(address, symbol)
        return Token(address, symbol, decimals, mapping.underlying, mapping.rate)

    def _mapping(self, address: Address, symbol: str) -> TokenMapping:
        configured = self._chain.tokens.get(address)
        if configured is not None:
            self._claimed.setdefault(symbol, address)
            return configured
        if symbol in KNOWN and self._claimed.setdefault(symbol, address) == address:
            return TokenMapping(KNOWN[symbol])
        self.unknown[address] = symbol
        log.warning("token without a mapping: shown, not hedged", chain=self._chain.name, token=address, symbol=symbol)
        return TokenMapping(Underlying(f"{symbol}@{address}"), Decimal(1))
