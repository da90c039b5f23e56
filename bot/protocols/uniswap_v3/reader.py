"""Uniswap V3 and its forks: the positions of a NonfungiblePositionManager, by owner and by token id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.config import ChainConfig, V3Config
from bot.chain.logs import Logs
from bot.chain.multicall import Call, Failed
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.amm.concentrated import PoolBook, V3Position
from bot.core.errors import Retryable
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address, PoolId, PositionId
from bot.protocols.cost_basis import v3_entry
from bot.protocols.pool_prices import v3_price
from bot.protocols.uniswap_v3.calls import FACTORY, OwnerCalls, PoolCalls, PoolState, RangeCalls, position_call

BURNED: Final = "Invalid token ID"
"""What ``positions`` reverts with where there is no such token: the contract's own proof of absence."""
NOBODY: Final = bytes(20)


class UniswapV3Reader:
    """Reads one V3 deployment. Positions without liquidity that nothing is owed to are left out."""

    def __init__(self, chain: ChainConfig, config: V3Config, tokens: TokenBook) -> None:
        self.name = config.name
        self._chain = chain
        self._config = config
        self._tokens = tokens
        manager = config.position_manager
        self._owners = tuple(OwnerCalls(manager, owner) for owner in chain.owners) if config.discover else ()
        self._configured = frozenset(config.token_ids)
        self._factory = Call(manager, FACTORY)
        self._positions: dict[int, Call] = {}
        self._pools: dict[Address, PoolCalls] = {}
        self._ranges: dict[bytes, RangeCalls] = {}
        self._pool_of: dict[bytes, Call] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        key, config = self._config.key, self._config
        factory = [] if config.factory is None else [(f"{key}.factory", config.factory)]
        return [(f"{key}.position_manager", config.position_manager), *factory]

    def read(self, reads: Reads, found: Found) -> None:
        """Add every position with its pool's price."""
        states: dict[Address, PoolState] = {}
        calls = [(token_id, self._position_call(token_id)) for token_id in self._token_ids(reads)]
        reads.want(call for _, call in calls)
        for token_id, call in calls:
            try:
                self._read(reads, found, states, token_id, call)
            except Missing:
                continue

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Reckon the entry amounts from the position's IncreaseLiquidity and DecreaseLiquidity events."""
        return await v3_entry(logs, position, self._config.position_manager, block)

    def _token_ids(self, reads: Reads) -> list[int]:
        """List the configured ids, then those that the owners hold at this block; each once."""
        ids = dict.fromkeys(self._config.token_ids)
        reads.want(owner.balance for owner in self._owners)
        for owner in self._owners:
            try:
                count = json_rpc.uint(reads.take(owner.balance))
                calls = owner.by_index(count)
                reads.want(calls)
                ids.update((json_rpc.uint(reads.take(call)), None) for call in calls)
            except Missing:
                continue
        return list(ids)

    def _read(self, reads: Reads, found: Found, states: dict[Address, PoolState], token_id: int, call: Call) -> None:
        answer = reads.outcome(call)
        if isinstance(answer, Failed):
            if answer.reason == BURNED:
                return
            raise ContractError(call, f"position {token_id} failed ({answer.reason or 'without a reason'})")
        if not any(answer[7 * json_rpc.WORD : 8 * json_rpc.WORD]) and not any(
            answer[10 * json_rpc.WORD : 12 * json_rpc.WORD]
        ):
            return
        where = self._range(reads, answer)
        name = f"{self._chain.name}:{self.name}:{token_id}"
        is_configured = token_id in self._configured
        tokens = self._tokens.pair(reads, *where.tokens, insist=is_configured)
        if isinstance(tokens, UnknownToken):
            found.leave_out(name, tokens, is_discovered=not is_configured)
            return
        reads.want((where.lower, where.upper, where.book))
        state = states.get(where.pool.address)
        if state is None:
            state = states[where.pool.address] = where.pool.state(reads)
            price = v3_price(where.pool.address, *tokens, state.sqrt_price_x96, state.liquidity)
            found.price(price)
        curve = _curve(answer, where, state, reads)
        found.positions.append(
            LpPosition(
                id=PositionId(name),
                protocol=self.name,
                pool=PoolId(where.pool.address),
                token0=tokens[0],
                token1=tokens[1],
                curve=curve,
                amounts=curve.amounts(),
                entry=None,
            )
        )

    def _position_call(self, token_id: int) -> Call:
        call = self._positions.get(token_id)
        if call is None:
            call = self._positions[token_id] = position_call(self._config.position_manager, token_id)
        return call

    def _range(self, reads: Reads, answer: bytes) -> RangeCalls:
        """Return the pool and range that an answer of ``positions`` names; they never change for a token id."""
        key = answer[2 * json_rpc.WORD : 7 * json_rpc.WORD]
        known = self._ranges.get(key)
        if known is not None:
            return known
        factory = self._config.factory or json_rpc.address(reads.fact(self._factory))
        pool_of = self._pool_of.setdefault(
            key[: 3 * json_rpc.WORD], PoolCalls.lookup(factory, key[: 3 * json_rpc.WORD])
        )
        answered = reads.fact(pool_of)
        if answered[12 : json_rpc.WORD] == NOBODY:
            raise Retryable(f"{pool_of}: there is a position and no pool (is it the factory of the position manager?)")
        address = json_rpc.address(answered)
        pool = self._pools.setdefault(address, PoolCalls(address))
        made = self._ranges[key] = RangeCalls(pool, key, self._config.position_manager)
        return made


def _curve(answer: bytes, where: RangeCalls, state: PoolState, reads: Reads) -> V3Position:
    uint = json_rpc.uint
    lower, upper, book = reads.take(where.lower), reads.take(where.upper), reads.take(where.book)
    return V3Position(
        liquidity=uint(answer, 7),
        tick_lower=where.tick_lower,
        tick_upper=where.tick_upper,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        fee_growth_global0_x128=state.fee_growth0,
        fee_growth_global1_x128=state.fee_growth1,
        fee_growth_outside_lower0_x128=uint(lower, 2),
        fee_growth_outside_lower1_x128=uint(lower, 3),
        fee_growth_outside_upper0_x128=uint(upper, 2),
        fee_growth_outside_upper1_x128=uint(upper, 3),
        fee_growth_inside_last0_x128=uint(answer, 8),
        fee_growth_inside_last1_x128=uint(answer, 9),
        tokens_owed0=uint(answer, 10),
        tokens_owed1=uint(answer, 11),
        pool_book=PoolBook(uint(book, 0), uint(book, 1), uint(book, 2), uint(book, 3), uint(book, 4)),
    )
