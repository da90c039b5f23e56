"""Reads the positions of a manager of NFTs, by owner and by token id, as a layout record describes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Logs
from bot.chain.multicall import Call, Failed
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.amm.concentrated import ConcentratedPosition, PoolBook
from bot.core.errors import Retryable
from bot.core.snapshot import Entry, LeftOut, LpPosition, MovedPosition
from bot.core.types import NOBODY, Address, PoolId, PositionId
from bot.protocols.concentrated.calls import (
    FACTORY,
    PoolCalls,
    PoolState,
    RangeCalls,
    position_call,
)
from bot.protocols.concentrated.cost_basis import entry_of
from bot.protocols.concentrated.farm import Farm
from bot.protocols.concentrated.layout import FIRST_KEY_WORD, Layout
from bot.protocols.concentrated.owned import PAGE, OwnedIds, Sought, flood, numbers
from bot.protocols.concentrated.settings import ManagerSettings
from bot.protocols.pool_prices import price_of_root

_OTHER_BOOKS: Final = (
    "the pool's entry for it has less liquidity than the position: its entries are kept under other keys, by range "
    "or by token id (is it another protocol's manager?)"
)


class ManagerReader:
    """Reads one deployment. Positions without liquidity that nothing is owed to are left out."""

    def __init__(
        self,
        chain: ChainConfig,
        key: str,
        settings: ManagerSettings,
        tokens: TokenBook,
        layout: Layout,
        farm: Farm | None = None,
    ) -> None:
        self.name = settings.name
        self._chain = chain
        self._key = key
        self._settings = settings
        self._tokens = tokens
        self._layout = layout
        self._farm = farm
        manager = settings.position_manager
        self._prefix = f"{chain.name}:{self.name}:"
        only = chain.only_of(self.name)
        self._owned = OwnedIds(
            manager, chain.owners if settings.discover else (), None if only is None else numbers(only)
        )
        self._configured = frozenset(settings.token_ids)
        self._met = set[int]()
        self._factory = Call(manager, FACTORY)
        self._positions: dict[int, Call] = {}
        self._pools: dict[Address, PoolCalls] = {}
        self._ranges: dict[bytes, RangeCalls] = {}
        self._pool_of: dict[bytes, Call] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        farms = [] if self._farm is None else self._farm.contracts()
        return [(f"{self._key}.position_manager", self._settings.position_manager), *farms]

    def read(self, reads: Reads, found: Found) -> None:
        """Add every position with its pool's price."""
        states: dict[Address, PoolState] = {}
        self._confirm(reads)
        names = (name.removeprefix(self._prefix) for name in found.followed if name.startswith(self._prefix))
        followed = numbers(names)
        ids, is_whole = self._token_ids(reads)
        sought = self._owned.sought(reads, ids, followed) if is_whole else Sought(is_whole=False)
        ids.update(dict.fromkeys(sought.mine))
        if self._owned.flooded:
            ids = self._few(ids)
        calls = [(token_id, self._position_call(token_id)) for token_id in (*ids, *sought.moved)]
        reads.want(call for _, call in calls)
        counted: dict[int, LpPosition] = {}
        is_whole = sought.is_whole
        for token_id, call in calls:
            try:
                position = self._read(reads, found, states, token_id, call)
            except Missing:
                is_whole = False
                continue
            if position is not None and token_id in sought.moved:
                found.moved.append(MovedPosition(position, sought.moved[token_id]))
            elif position is not None:
                counted[token_id] = position
        if is_whole and self._owned.flooded:
            counted = self._kept(reads, found, counted, followed)
        found.positions += counted.values()

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Compute the entry amounts from the position's IncreaseLiquidity and DecreaseLiquidity events."""
        return await entry_of(logs, position, self._settings.position_manager, block, self._layout.deposits)

    def _confirm(self, reads: Reads) -> None:
        """Check the configured factory, and that it knows this protocol's kind of pools.

        Raises:
            ContractError: the manager names another one.
        """
        wanted, layout = self._settings.factory, self._layout
        try:
            found = json_rpc.address(reads.fact(self._factory))
            if wanted is not None and found != wanted:
                raise ContractError(self._factory, f"names the factory {found}, and it should be {wanted}")
            self._pool_at(reads, bytes((layout.key.stop - layout.key.start) - 2 * json_rpc.WORD))
        except Missing:
            return

    def _token_ids(self, reads: Reads) -> tuple[dict[int, None], bool]:
        """List the configured ids, then the owners' at this block, staked ones too; return whether these are all."""
        ids = dict.fromkeys(self._settings.token_ids)
        listed, is_whole = self._owned.listed(reads)
        ids.update(listed)
        if self._farm is not None:
            staked, is_known = self._farm.ids(reads)
            ids.update(dict.fromkeys(staked))
            is_whole = is_whole and is_known
        return ids, is_whole

    def _few(self, ids: Collection[int]) -> dict[int, None]:
        """Return the ids that there is room for, and drop the calls of those that were transient."""
        known = self._owned.known
        few = dict.fromkeys(one for one in ids if one in self._configured or known.has_room(one))
        if len(self._positions) > len(few) + 2 * PAGE:
            self._positions = {one: call for one, call in self._positions.items() if one in few}
        return few

    def _kept(
        self, reads: Reads, found: Found, counted: dict[int, LpPosition], followed: Collection[int]
    ) -> dict[int, LpPosition]:
        """Return what counts and there is room for, track it, and report that there is more."""
        known = self._owned.known
        known.keep((one for one in counted if one not in self._configured), followed)
        reads.pass_on(call for one, call in self._positions.items() if one not in counted)
        for owner, count in self._owned.flooded.items():
            found.left_out.append(LeftOut(PositionId(f"{self._prefix}{owner}"), flood(owner, count)))
        return {one: item for one, item in counted.items() if one in known.ids or one in self._configured}

    def _read(
        self, reads: Reads, found: Found, states: dict[Address, PoolState], token_id: int, call: Call
    ) -> LpPosition | None:
        answer, layout = reads.outcome(call), self._layout
        if isinstance(answer, Failed):
            if answer.reason == layout.burned:
                self._note_absent(found, token_id)
                return None
            raise ContractError(call, f"position {token_id} failed ({answer.reason or 'without a reason'})")
        if len(answer) != layout.words * json_rpc.WORD:
            words = (
                f"{len(answer) // json_rpc.WORD} words are no position of this kind (is it another protocol's manager?)"
            )
            raise ContractError(call, words)
        self._met.add(token_id)
        if not json_rpc.uint(answer, layout.liquidity) and not any(
            json_rpc.uint(answer, layout.owed + token) for token in (0, 1)
        ):
            return None
        name = self._position(token_id)
        is_configured = token_id in self._configured
        pair = (json_rpc.address(answer, FIRST_KEY_WORD + number) for number in (0, 1))
        tokens = self._tokens.pair(reads, *pair, insist=is_configured)
        if isinstance(tokens, UnknownToken):
            if is_configured or not self._owned.flooded:
                found.leave_out(name, tokens, is_discovered=not is_configured)
            return None
        where = self._range(reads, answer)
        stake = None if self._farm is None else self._farm.stake(reads, token_id, where)
        earns_fees = stake is None or stake.earns_fees
        if earns_fees:
            reads.want((where.lower, where.upper, where.book))
            if json_rpc.uint(reads.take(where.book)) < json_rpc.uint(answer, layout.liquidity):
                raise ContractError(call, _OTHER_BOOKS)
        pool = PoolId(where.pool.address)
        state = states.get(where.pool.address)
        if state is None:
            state = states[where.pool.address] = where.pool.state(reads)
            found.price(price_of_root(pool, *tokens, state.sqrt_price_x96, state.liquidity))
        curve = _curve(answer, where, state, reads, layout) if earns_fees else _bare_curve(answer, where, state, layout)
        held = (None, (), False) if stake is None else (stake.farm, stake.rewards, stake.is_shut)
        return LpPosition(name, self.name, pool, *tokens, curve, curve.amounts(), None, *held)

    def _position(self, token_id: int) -> PositionId:
        return PositionId(f"{self._prefix}{token_id}")

    def _note_absent(self, found: Found, token_id: int) -> None:
        """Report a configured position that never existed: one that was, and is burned, is over."""
        name = self._position(token_id)
        if token_id in self._configured and token_id not in self._met and name not in found.followed:
            reason = f"{self._key}.token_ids: there is no position {token_id}; it is burned, or was never made"
            found.left_out.append(LeftOut(name, reason))

    def _position_call(self, token_id: int) -> Call:
        call = self._positions.get(token_id)
        if call is None:
            call = self._positions[token_id] = position_call(self._settings.position_manager, token_id, self._layout)
        return call

    def _range(self, reads: Reads, answer: bytes) -> RangeCalls:
        """Return the pool and range that an answer of ``positions`` names; they never change for a token id."""
        key = answer[self._layout.key]
        known = self._ranges.get(key)
        if known is not None:
            return known
        of_pool = key[: -2 * json_rpc.WORD]
        address = self._pool_at(reads, of_pool)
        if address == NOBODY:
            raise Retryable(
                f"{self._pool_of[of_pool]}: there is a position and no pool (is it the factory of the manager?)"
            )
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = PoolCalls(address, self._layout.pool)
        made = self._ranges[key] = RangeCalls(pool, key, self._settings.position_manager, self._layout)
        return made

    def _pool_at(self, reads: Reads, of_pool: bytes) -> Address:
        """Ask the factory for a pool; nobody where there is none.

        Raises:
            ContractError: it knows no pools of this kind.
        """
        pool_of = self._pool_of.get(of_pool)
        if pool_of is None:
            factory = json_rpc.address(reads.fact(self._factory))
            pool_of = self._pool_of[of_pool] = Call(factory, self._layout.pool_of(of_pool))
        try:
            return json_rpc.address(reads.fact(pool_of))
        except ContractError as error:
            words = "its factory knows no such pools (is it another protocol's manager?)"
            raise ContractError(self._factory, words) from error


def _curve(answer: bytes, where: RangeCalls, state: PoolState, reads: Reads, layout: Layout) -> ConcentratedPosition:
    uint = json_rpc.uint
    lower, upper, book = reads.take(where.lower), reads.take(where.upper), reads.take(where.book)
    outside, owed = layout.pool.outside, layout.pool.book_owed
    return ConcentratedPosition(
        liquidity=uint(answer, layout.liquidity),
        tick_lower=where.tick_lower,
        tick_upper=where.tick_upper,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        fee_growth_global0_x128=state.fee_growth0,
        fee_growth_global1_x128=state.fee_growth1,
        fee_growth_outside_lower0_x128=uint(lower, outside),
        fee_growth_outside_lower1_x128=uint(lower, outside + 1),
        fee_growth_outside_upper0_x128=uint(upper, outside),
        fee_growth_outside_upper1_x128=uint(upper, outside + 1),
        fee_growth_inside_last0_x128=uint(answer, layout.credited),
        fee_growth_inside_last1_x128=uint(answer, layout.credited + 1),
        tokens_owed0=uint(answer, layout.owed),
        tokens_owed1=uint(answer, layout.owed + 1),
        pool_book=PoolBook(
            uint(book, 0), uint(book, owed - 2), uint(book, owed - 1), uint(book, owed), uint(book, owed + 1)
        ),
    )


def _bare_curve(answer: bytes, where: RangeCalls, state: PoolState, layout: Layout) -> ConcentratedPosition:
    """Return a position that earns no fees of its own: nothing grows on it."""
    return ConcentratedPosition(
        liquidity=json_rpc.uint(answer, layout.liquidity),
        tick_lower=where.tick_lower,
        tick_upper=where.tick_upper,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        fee_growth_global0_x128=0,
        fee_growth_global1_x128=0,
        fee_growth_outside_lower0_x128=0,
        fee_growth_outside_lower1_x128=0,
        fee_growth_outside_upper0_x128=0,
        fee_growth_outside_upper1_x128=0,
        fee_growth_inside_last0_x128=0,
        fee_growth_inside_last1_x128=0,
        tokens_owed0=json_rpc.uint(answer, layout.owed),
        tokens_owed1=json_rpc.uint(answer, layout.owed + 1),
    )
