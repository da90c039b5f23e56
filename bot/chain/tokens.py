"""Tokens: their metadata, read once, and what they are a claim on.

A symbol is a contract's own claim, and anybody can send an owner a position in a token that calls itself WETH. So
tokens are known by their address alone. Only on local nodes and named testnets a well-known symbol is believed of the
first address that carries it, and the configured pools are read first; a second address with the same symbol is an
unknown token. An unknown token in what the user configured is a ConfigError at the start. In what was merely discovered
the position that holds it is left out whole: whoever owns a worthless token moves its pool's price as they like, and
with it how much of the other token the position holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import structlog

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.config import ChainConfig, RateRead, TokenMapping
from bot.chain.known_tokens import BY_ADDRESS, NATIVE, NATIVE_COINS, NATIVE_DECIMALS, RATED, SYMBOL_CHAINS
from bot.chain.multicall import Call, Result, Unread
from bot.chain.token_rates import is_old, rate_call, rate_of
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import Reward, Token
from bot.core.types import USD, Address, Underlying

log = structlog.get_logger(__name__)

SYMBOL: Final = selector("symbol()")
TOKEN0: Final = selector("token0()")
TOKEN1: Final = selector("token1()")
DECIMALS: Final = selector("decimals()")
BALANCE_OF: Final = selector("balanceOf(address)")
BALANCE_GAS: Final = 60_000
"""Some tokens stand behind a proxy or compute their balances."""
METADATA_GAS: Final = 1_000_000
"""Gas that a stranger's contract may use when it is asked for its name."""
MAX_DECIMALS: Final = 255
MOST_BLOCKS_PUT_OFF: Final = 256
"""Between two attempts to learn what a stranger's token is; one that the exposure hangs on is asked at each block."""

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


def claim(chain: ChainConfig, address: Address, symbol: str) -> Underlying | None:
    """Return what a token is a claim on, as far as its address, or away from the usual chains its symbol, tells."""
    mapping = _by_address(chain, address)
    if mapping is not None:
        return mapping.underlying
    return KNOWN.get(symbol) if chain.chain_id in SYMBOL_CHAINS else None


def _by_address(chain: ChainConfig, address: Address) -> TokenMapping | None:
    """Return what the configuration, or the table of known addresses, says of a token."""
    if (configured := chain.tokens.get(address)) is not None:
        return configured
    if (rated := RATED.get(chain.chain_id, {}).get(address)) is not None:
        return TokenMapping(rated[0], read=RateRead(rated[1]))
    listed = BY_ADDRESS.get(chain.chain_id, {}).get(address)
    if address == NATIVE:
        listed = NATIVE_COINS.get(chain.chain_id)
    return None if listed is None else TokenMapping(listed)


def balance_of(token: Address, account: Address) -> Call:
    """Make the call ``balanceOf(account)``."""
    return Call(token, BALANCE_OF + json_rpc.encode_address(account), gas=BALANCE_GAS)


def pool_tokens(pool: Address) -> tuple[Call, Call]:
    """Make the calls ``token0()`` and ``token1()`` of a pool contract."""
    return Call(pool, TOKEN0), Call(pool, TOKEN1)


def _stranger(address: Address, data: bytes) -> Call:
    """Make a call to a hostile contract: it can only affect its own answer."""
    return Call(address, data, words=0, gas=METADATA_GAS, alone=True)


@dataclass(frozen=True, slots=True)
class UnknownToken:
    """A token that is a claim on nothing that dnbot knows, or whose rate can't be read now.

    ``reason`` is None where the user ignores it on purpose.
    """

    address: Address
    reason: str | None


def _words(named: Result, told: Result) -> tuple[str, int]:
    """Return what a token reports of itself: symbol and decimals, an impossible number where it reports none."""
    symbol = (json_rpc.text(named) if isinstance(named, bytes) else "") or "?"
    if isinstance(told, bytes) and len(told) >= json_rpc.WORD:
        return symbol, json_rpc.uint(told)
    return symbol, MAX_DECIMALS + 1


class TokenBook:
    """The tokens of one chain."""

    def __init__(self, chain: ChainConfig) -> None:
        self._chain = chain
        self._tokens: dict[Address, Token | UnknownToken] = {}
        self._rates: dict[Address, tuple[RateRead, Call]] = {}
        self._insisted: set[Address] = set()
        self._calls: dict[Address, tuple[Call, Call]] = {}
        self._claimed: dict[str, Address] = {}
        self._again: dict[Address, tuple[int, int]] = {}
        """How often a token that is not known was asked in vain, and the block from which on it is asked again."""
        self._words: dict[Address, tuple[str, int]] = {}

    def pair(
        self, reads: Reads, address0: Address, address1: Address, *, insist: bool = False
    ) -> tuple[Token, Token] | UnknownToken:
        """Return both tokens of a pool, at their rates now, or the one that is unknown.

        ``insist``: the user configured what holds them, so that an unknown one keeps the bot from starting.

        Raises:
            Missing: their metadata is not there yet.
        """
        if insist:
            self._insisted.update((address0, address1))
        reads.want(call for address in (address0, address1) for call in self._metadata(address, reads.block.number))
        token0, token1 = self._token(reads, address0), self._token(reads, address1)
        if isinstance(token0, UnknownToken):
            return token0
        return token1 if isinstance(token1, UnknownToken) else (token0, token1)

    def of_pool(
        self, reads: Reads, calls: tuple[Call, Call], *, insist: bool = False
    ) -> tuple[Token, Token] | UnknownToken:
        """Return both tokens that a pool names (see ``pool_tokens``), or the one that is unknown; as ``pair`` does.

        Raises:
            Missing: their addresses or metadata are not there yet.
        """
        reads.want(calls)
        token0, token1 = (json_rpc.address(reads.fact(call)) for call in calls)
        return self.pair(reads, token0, token1, insist=insist)

    def reward(self, reads: Reads, address: Address, raw: int) -> Reward | None:
        """Return an amount of a token that a stake has earned; the token need not be known to be shown.

        None where there is nothing, the token tells no decimals, or the user ignores it.

        Raises:
            Missing: its metadata is not there yet.
        """
        if raw == 0 or address in self._chain.ignored:
            return None
        if address not in self._words:
            reads.want(self._metadata(address, reads.block.number))
        if _by_address(self._chain, address) is not None:
            known = self._token(reads, address)
            if isinstance(known, UnknownToken):
                return None
            return Reward(address, known.symbol, Decimal(raw).scaleb(-known.decimals), known.underlying, known.rate)
        words = self._words.get(address)
        if words is None:
            named, told = (reads.answer(call) for call in self._calls[address])
            if isinstance(named, Unread) or isinstance(told, Unread):
                return None
            words = self._words[address] = _words(named, told)
            reads.rest_on(self._calls[address])
        symbol, decimals = words
        if decimals > MAX_DECIMALS:
            return None
        return Reward(address, symbol, Decimal(raw).scaleb(-decimals), None, Decimal(1))

    def require_known(self) -> None:
        """Check that every token of what is configured is mapped or ignored; strangers' gifts are not asked about.

        Raises:
            ConfigError: one is not; the message names the key to add.
        """
        for token in self._tokens.values():
            if isinstance(token, UnknownToken) and token.reason is not None and token.address in self._insisted:
                key = self._chain.key(f'tokens."{token.address}".underlying')
                raise ConfigError(token.reason, key=key)

    def _metadata(self, address: Address, block: int) -> tuple[Call, ...]:
        if self._is_put_off(address, block):
            return ()
        if address == NATIVE:
            return ()
        if isinstance(self._tokens.get(address), Token):
            return (self._rates[address][1],) if address in self._rates else ()
        if address in self._chain.ignored:
            self._tokens[address] = UnknownToken(address, None)
            return ()
        if address not in self._calls:
            self._calls[address] = _stranger(address, SYMBOL), _stranger(address, DECIMALS)
        return self._calls[address]

    def _token(self, reads: Reads, address: Address) -> Token | UnknownToken:
        known = self._tokens.get(address)
        if not isinstance(known, Token) and not (known and self._is_put_off(address, reads.block.number)):
            known = self._tokens[address] = self._asked(reads, address)
        return self._rated(reads, known) if address in self._rates and isinstance(known, Token) else known

    def _asked(self, reads: Reads, address: Address) -> Token | UnknownToken:
        """Read a token; one that stays unknown is asked again later, since that may have been a node's word alone."""
        if address in self._chain.ignored:
            return UnknownToken(address, None)
        found = self._read(reads, address)
        times = self._again.pop(address, (0, 0))[0]
        if isinstance(found, Token) or self._counts(address):
            reads.rest_on(self._calls.get(address, ()))
        if isinstance(found, UnknownToken):
            if not times:
                log.warning("token without a mapping", chain=self._chain.name, token=address, reason=found.reason)
            blocks = 1 if self._counts(address) else min(2**times, MOST_BLOCKS_PUT_OFF)
            self._again[address] = times + 1, reads.block.number + blocks
        return found

    def _rated(self, reads: Reads, token: Token) -> Token | UnknownToken:
        """Return a token at the rate that its contract tells at this block."""
        read, call = self._rates[token.address]
        answer = reads.outcome(call)
        rate, is_silent = rate_of(read, answer, token.decimals), is_old(read, answer, reads.block.timestamp)
        if rate is None or is_silent:
            what = "has told no new rate for days" if is_silent else "gives no sensible rate"
            return UnknownToken(token.address, f"token {token.symbol} ({token.address}): {call} {what}")
        return replace(token, rate=rate)

    def _is_put_off(self, address: Address, block: int) -> bool:
        return address in self._again and block < self._again[address][1]

    def _counts(self, address: Address) -> bool:
        """Return whether the exposure certainly depends on a token: one of what is configured, or a known one."""
        return address in self._insisted or _by_address(self._chain, address) is not None

    def _put_off(self, address: Address, why: str) -> UnknownToken:
        """Postpone a token that no node could read, so that a stranger's affects its own position only.

        Raises:
            Retryable: it is one that the exposure certainly hangs on.
        """
        if self._counts(address):
            raise Retryable(f"token {address} could not be read: {why}")
        return UnknownToken(address, f"token {address} could not be read yet: {why}")

    def _read(self, reads: Reads, address: Address) -> Token | UnknownToken:
        if address == NATIVE:
            return self._coin()
        calls = self._calls[address]
        named, told = reads.answer(calls[0]), reads.answer(calls[1])
        for result in (told, named):
            if isinstance(result, Unread):
                return self._put_off(address, result.reason)
        symbol, decimals = _words(named, told)
        mapping = self._mapping(address, symbol)
        if mapping is not None and mapping.decimals is not None:
            decimals = mapping.decimals
        if decimals > MAX_DECIMALS:
            return self._unknown(address, "does not tell how many decimals it has", "decimals")
        if mapping is not None:
            if mapping.read is not None:
                self._rates[address] = mapping.read, rate_call(mapping.read, address, decimals)
            return Token(address, symbol, decimals, mapping.underlying, mapping.rate)
        twin = self._claimed.get(symbol)
        why = f"calls itself {symbol} like {twin} does" if twin else f"({symbol}) is not known to dnbot"
        return self._unknown(address, why)

    def _coin(self) -> Token | UnknownToken:
        """Return the chain's own coin, which no contract can be asked about."""
        mapping = _by_address(self._chain, NATIVE)
        if mapping is None:
            return self._unknown(NATIVE, "(the chain's own coin) is not known to dnbot")
        return Token(NATIVE, mapping.underlying, NATIVE_DECIMALS, mapping.underlying, mapping.rate)

    def _mapping(self, address: Address, symbol: str) -> TokenMapping | None:
        mapping = _by_address(self._chain, address)
        if mapping is not None:
            self._claimed.setdefault(symbol, address)
            return mapping
        is_believed = symbol in KNOWN and self._chain.chain_id in SYMBOL_CHAINS
        if is_believed and self._claimed.setdefault(symbol, address) == address:
            return TokenMapping(KNOWN[symbol])
        return None

    def _unknown(self, address: Address, why: str, also: str = "") -> UnknownToken:
        key = self._chain.key(f'tokens."{address}"')
        more = f" and {key}.{also}" if also else ""
        remedy = f'say what it is a claim on, such as {key}.underlying = "ETH"{more}, or set {key}.ignore = true'
        return UnknownToken(address, f"token {address} {why}: {remedy}")
