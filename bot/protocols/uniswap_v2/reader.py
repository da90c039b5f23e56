"""Uniswap V2 and its forks: configured pairs, LP tokens of the owners and of other holders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Logs
from bot.chain.multicall import Call
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken, balance_of, pool_tokens
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address, PoolId, PositionId
from bot.protocols.lp_farms import FarmCalls, FarmSettings, OwnHolders
from bot.protocols.lp_tokens import entry_of
from bot.protocols.pool_prices import price_of_reserves
from bot.protocols.uniswap_v2.forks import KNOWN, Terms, terms_of
from bot.protocols.uniswap_v2.settings import UniswapV2Settings
from bot.protocols.uniswap_v2.share import SYNC, ShareSearch

_UNKNOWN: Final = (
    "what the protocol of factory {factory} takes of the growth is not known, and its pairs' events don't tell: 1/6 is "
    "taken for it, as at Uniswap; {key}.protocol_share says otherwise"
)
_OTHERWISE: Final = "{key}.protocol_share is {told}, and the protocol takes {shown} of the growth there"
FACTORY: Final = selector("factory()")
GET_RESERVES: Final = selector("getReserves()")
TOTAL_SUPPLY: Final = selector("totalSupply()")
K_LAST: Final = selector("kLast()")
FEE_TO: Final = selector("feeTo()")


@dataclass(frozen=True, slots=True)
class _Pair:
    """The calls of one pair that need nothing but its address."""

    address: Address
    tokens: tuple[Call, Call]
    factory: Call
    reserves: Call
    supply: Call
    k_last: Call
    lp: tuple[Call, ...]
    farms: tuple[FarmCalls, ...]

    @classmethod
    def of(cls, address: Address, accounts: Sequence[Address], farms: Sequence[FarmSettings]) -> _Pair:
        return cls(
            address=address,
            tokens=pool_tokens(address),
            factory=Call(address, FACTORY),
            reserves=Call(address, GET_RESERVES, words=2),
            supply=Call(address, TOTAL_SUPPLY),
            k_last=Call(address, K_LAST),
            lp=tuple(balance_of(address, account) for account in accounts),
            farms=tuple(FarmCalls(farm, accounts) for farm in farms if farm.pair == address),
        )

    def all(self) -> tuple[Call, ...]:
        staked = (call for farm in self.farms for call in farm.all())
        return (self.reserves, self.supply, self.k_last, *self.lp, *staked)


class UniswapV2Reader:
    """Reads one V2 deployment; all LP tokens of a pair, whoever of us holds them, are one position."""

    def __init__(self, chain: ChainConfig, key: str, settings: UniswapV2Settings, tokens: TokenBook) -> None:
        self.name = settings.name
        self._chain = chain
        self._key = key
        self._settings = settings
        self._tokens = tokens
        self._accounts = tuple(dict.fromkeys((*chain.owners, *settings.holders)))
        self._pairs = tuple(_Pair.of(pair, self._accounts, settings.farms) for pair in settings.pairs)
        remedy = 'move it to `farms`, such as farms = [{ contract = "0x…", pair = "0x…" }]'
        self._own = OwnHolders(settings.holders, f"{key}.holders", remedy)
        self._farms = tuple(farm.contract for farm in settings.farms)
        self._shares: dict[Address, ShareSearch] = {}
        self._fee_to: dict[Address, Call] = {}
        self._balances: dict[tuple[Address, Address], Call] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        pairs = [(f"{self._key}.pairs[{at}]", pair) for at, pair in enumerate(self._settings.pairs, 1)]
        farms = [
            (f"{self._key}.farms[{at}].contract", farm.contract) for at, farm in enumerate(self._settings.farms, 1)
        ]
        return [*pairs, *farms]

    def read(self, reads: Reads, found: Found) -> None:
        """Add each pair's price, and our position in it if we have one."""
        try:
            self._own.confirm(reads)
        except Missing:
            return
        for pair in self._pairs:
            try:
                self._read(reads, found, pair)
            except Missing:
                continue

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Compute the entry amounts from the pair's Transfer and Mint events."""
        return await entry_of(logs, position, self._accounts, block, sync=SYNC, farms=self._farms)

    def _read(self, reads: Reads, found: Found, pair: _Pair) -> None:
        reads.want((*pair.tokens, pair.factory))
        name = f"{self._chain.name}:{self.name}:{pair.address}"
        tokens = self._tokens.of_pool(reads, pair.tokens, insist=True)
        if isinstance(tokens, UnknownToken):
            found.leave_out(name, tokens, is_discovered=False)
            return
        factory = json_rpc.address(reads.fact(pair.factory))
        fee_to = self._fee_to_of(factory)
        balances = self._balance(tokens[0].address, pair.address), self._balance(tokens[1].address, pair.address)
        reads.want((*pair.all(), fee_to, *balances))
        stored = reads.take(pair.reserves)
        reserves = json_rpc.uint(stored, 0), json_rpc.uint(stored, 1)
        staked = {farm.address: farm.staked(reads) for farm in pair.farms}
        liquidity = sum(json_rpc.uint(reads.take(call)) for call in pair.lp) + sum(staked.values())
        staked_in = next((farm for farm, held in staked.items() if held), None)
        k_last, fee_on = json_rpc.uint(reads.take(pair.k_last)), any(reads.take(fee_to))  # no pair lacks the first
        terms, caveat = terms_of(factory, self._settings), ""
        if fee_on and k_last and liquidity:
            terms, caveat = self._checked(found, reads.block.number, pair.address, factory)
        curve = ConstantProductPosition(
            liquidity=liquidity,
            total_supply=json_rpc.uint(reads.take(pair.supply)),
            balance0=json_rpc.uint(reads.take(balances[0])),
            balance1=json_rpc.uint(reads.take(balances[1])),
            reserve0=reserves[0],
            reserve1=reserves[1],
            k_last=k_last,
            fee_on=fee_on,
            protocol_part=terms.part,
            protocol_whole=terms.whole,
        )
        pool = PoolId(pair.address)
        found.price(price_of_reserves(pool, *tokens, reserves))
        if liquidity:
            amounts = curve.amounts()
            position = LpPosition(PositionId(name), self.name, pool, *tokens, curve, amounts, None, staked_in)
            found.positions.append(replace(position, caveat=caveat))

    def _checked(self, found: Found, block: int, pair: Address, factory: Address) -> tuple[Terms, str]:
        """Return the terms, what the pairs' own events show of them first, and what is not sure about them."""
        terms, told = terms_of(factory, self._settings), self._settings.share
        if factory in KNOWN:
            shown = KNOWN[factory].share
        else:
            search = self._shares.get(factory)
            if search is None:
                search = self._shares[factory] = ShareSearch(pair, f"{self._chain.name}:{factory}:protocol_share")
            if search.is_due(block):
                found.searches.append(search)
            if search.found is None:
                return terms, "" if told else _UNKNOWN.format(factory=factory, key=self._key)
            shown = search.found
        if told is None:
            return Terms(terms.fee, *shown.as_integer_ratio()), ""
        return terms, "" if shown == terms.share else _OTHERWISE.format(key=self._key, told=terms.share, shown=shown)

    def _fee_to_of(self, factory: Address) -> Call:
        return self._fee_to.setdefault(factory, Call(factory, FEE_TO))

    def _balance(self, token: Address, pair: Address) -> Call:
        key = (token, pair)
        if key not in self._balances:
            self._balances[key] = balance_of(token, pair)
        return self._balances[key]
