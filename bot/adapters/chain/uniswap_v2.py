"""Uniswap V2 and its forks: configured pairs, LP tokens of the owners and of other holders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.adapters.chain import wire
from bot.adapters.chain.config import ChainConfig, V2Config
from bot.adapters.chain.entries import v2_entry
from bot.adapters.chain.logs import Logs
from bot.adapters.chain.multicall import Call
from bot.adapters.chain.pools import v2_price
from bot.adapters.chain.protocol import Found
from bot.adapters.chain.reads import Missing, Reads
from bot.adapters.chain.tokens import Foreign, TokenBook, balance_of
from bot.core.amm.v2 import V2Position
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address, PositionId

TOKEN0: Final = bytes.fromhex("0dfe1681")
TOKEN1: Final = bytes.fromhex("d21220a7")
FACTORY: Final = bytes.fromhex("c45a0155")
GET_RESERVES: Final = bytes.fromhex("0902f1ac")
TOTAL_SUPPLY: Final = bytes.fromhex("18160ddd")
K_LAST: Final = bytes.fromhex("7464fc3d")
FEE_TO: Final = bytes.fromhex("017e7e58")


@dataclass(frozen=True, slots=True)
class _Pair:
    """The calls of one pair that need nothing but its address."""

    address: Address
    token0: Call
    token1: Call
    factory: Call
    reserves: Call
    supply: Call
    k_last: Call
    lp: tuple[Call, ...]

    @classmethod
    def of(cls, address: Address, accounts: Sequence[Address]) -> _Pair:
        return cls(
            address=address,
            token0=Call(address, TOKEN0),
            token1=Call(address, TOKEN1),
            factory=Call(address, FACTORY),
            reserves=Call(address, GET_RESERVES, words=2),
            supply=Call(address, TOTAL_SUPPLY),
            k_last=Call(address, K_LAST),
            lp=tuple(balance_of(address, account) for account in accounts),
        )

    def all(self) -> tuple[Call, ...]:
        return (self.reserves, self.supply, self.k_last, *self.lp)


class UniswapV2Reader:
    """Reads one V2 deployment; all LP tokens of a pair, whoever of us holds them, are one position."""

    def __init__(self, chain: ChainConfig, config: V2Config, tokens: TokenBook) -> None:
        self.name = config.name
        self._chain = chain
        self._config = config
        self._tokens = tokens
        self._accounts = tuple(dict.fromkeys((*chain.owners, *config.holders)))
        self._pairs = tuple(_Pair.of(pair, self._accounts) for pair in dict.fromkeys(config.pairs))
        self._fee_to: dict[Address, Call] = {}
        self._balances: dict[tuple[Address, Address], Call] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Give every configured contract address with its dotted key."""
        return [(f"{self._config.key}.pairs[{at}]", pair) for at, pair in enumerate(self._config.pairs, 1)]

    def read(self, reads: Reads, found: Found) -> None:
        """Add each pair's price, and our position in it if we have one."""
        for pair in self._pairs:
            try:
                self._read(reads, found, pair)
            except Missing:
                continue

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Reckon the entry amounts from the pair's Transfer and Mint events."""
        return await v2_entry(logs, position, self._accounts, block)

    def _read(self, reads: Reads, found: Found, pair: _Pair) -> None:
        reads.want((pair.token0, pair.token1, pair.factory))
        address0, address1 = (wire.address(reads.fact(call)) for call in (pair.token0, pair.token1))
        name = f"{self._chain.name}:{self.name}:{pair.address}"
        tokens = self._tokens.pair(reads, address0, address1)
        if isinstance(tokens, Foreign):
            found.leave_out(name, tokens)
            return
        fee_to = self._fee_to_of(wire.address(reads.fact(pair.factory)))
        balances = self._balance(address0, pair.address), self._balance(address1, pair.address)
        reads.want((*pair.all(), fee_to, *balances))
        stored = reads.take(pair.reserves)
        reserves = wire.uint(stored, 0), wire.uint(stored, 1)
        liquidity = sum(wire.uint(reads.take(call)) for call in pair.lp)
        curve = V2Position(
            liquidity=liquidity,
            total_supply=wire.uint(reads.take(pair.supply)),
            balance0=wire.uint(reads.take(balances[0])),
            balance1=wire.uint(reads.take(balances[1])),
            reserve0=reserves[0],
            reserve1=reserves[1],
            k_last=wire.uint(reads.take(pair.k_last)),
            fee_on=any(reads.take(fee_to)),
        )
        price = v2_price(pair.address, *tokens, reserves)
        if price is not None:
            found.prices[pair.address] = price
        if liquidity:
            found.positions.append(
                LpPosition(
                    id=PositionId(name),
                    protocol=self.name,
                    pool=pair.address,
                    token0=tokens[0],
                    token1=tokens[1],
                    curve=curve,
                    amounts=curve.amounts(),
                    entry=None,
                )
            )

    def _fee_to_of(self, factory: Address) -> Call:
        return self._fee_to.setdefault(factory, Call(factory, FEE_TO))

    def _balance(self, token: Address, pair: Address) -> Call:
        key = (token, pair)
        if key not in self._balances:
            self._balances[key] = balance_of(token, pair)
        return self._balances[key]
