"""Reads the positions of a PositionManager, and the state of their pools through StateView."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chain import json_rpc
from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Logs
from bot.chain.multicall import Call
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.snapshot import Entry, LeftOut, LpPosition, MovedPosition
from bot.core.types import Address, PoolId, PositionId
from bot.protocols.concentrated.owned import flood, numbers
from bot.protocols.pool_prices import price_of_root
from bot.protocols.uniswap_v4.calls import (
    KEY_WORDS,
    NEXT_ID,
    POOL_AND_POSITION,
    POOL_MANAGER,
    Place,
    PoolCalls,
    PoolKey,
    PoolState,
)
from bot.protocols.uniswap_v4.cost_basis import entry_of
from bot.protocols.uniswap_v4.holdings import Held, Holdings
from bot.protocols.uniswap_v4.hooks import objection
from bot.protocols.uniswap_v4.settings import UniswapV4Settings

NOTHING_HELD = Held((), {}, {}, {}, is_whole=True)


class V4Reader:
    """Reads one deployment; implements ProtocolReader. Positions without liquidity are left out: nothing is owed."""

    def __init__(self, chain: ChainConfig, key: str, settings: UniswapV4Settings, tokens: TokenBook) -> None:
        self.name = settings.name
        self._prefix = f"{chain.name}:{self.name}:"
        self._key = key
        self._settings = settings
        self._configured = dict.fromkeys(settings.token_ids)
        self._tokens = tokens
        manager = settings.position_manager
        owners = chain.owners if settings.discover else ()
        only = chain.only_of(self.name)
        key_of_search, numbered = f"{self._prefix}{manager}", None if only is None else numbers(only)
        self._holdings = Holdings(manager, owners, key_of_search, numbered) if owners else None
        self._managers = Call(manager, POOL_MANAGER), Call(settings.state_view, POOL_MANAGER)
        self._next_id = Call(manager, NEXT_ID)
        self._infos: dict[int, Call] = {}
        self._pools: dict[PoolId, PoolCalls] = {}
        self._places: dict[int, Place] = {}
        self._pool_manager: Address | None = None

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        settings = self._settings
        return [
            (f"{self._key}.position_manager", settings.position_manager),
            (f"{self._key}.state_view", settings.state_view),
        ]

    def read(self, reads: Reads, found: Found) -> None:
        """Add every position with its pool's price; what an owner holds and is not found yet is left out."""
        try:
            self._require_one_pool_manager(reads)
        except Missing:
            return
        names = (name.removeprefix(self._prefix) for name in found.followed if name.startswith(self._prefix))
        followed = numbers(names)
        held = NOTHING_HELD if self._holdings is None else self._holdings.read(reads, (*self._configured, *followed))
        ids = dict.fromkeys((*self._configured, *held.ids))
        moved = {one: holder for one, holder in held.others.items() if one in followed and one not in ids}
        wanted = [one for one in (*ids, *moved) if one not in self._places]
        reads.want(self._info(one) for one in wanted)
        states: dict[PoolId, PoolState] = {}
        counted, is_whole = dict[int, LpPosition](), held.is_whole
        for one in (*ids, *moved):
            try:
                position = self._read(reads, found, states, one, is_flooded=bool(held.flooded))
            except Missing:
                is_whole = False
                continue
            if position is not None and one in moved:
                found.moved.append(MovedPosition(position, moved[one]))
            elif position is not None:
                counted[one] = position
        if is_whole and held.flooded and self._holdings is not None:
            known = self._holdings.known
            known.keep((one for one in counted if one not in self._configured), followed)
            counted = {one: item for one, item in counted.items() if one in known.ids or one in self._configured}
        found.positions += counted.values()
        if held.is_whole and (held.missing or held.flooded):
            self._leave_out(found, held)

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Compute the entry amounts from the pool manager's events of the position, and the prices at them."""
        if self._pool_manager is None:
            return None
        return await entry_of(logs, position, (self._pool_manager, self._settings.position_manager), block)

    def _require_one_pool_manager(self, reads: Reads) -> None:
        """Check that both configured contracts are of one deployment.

        Raises:
            ContractError: one of them is no such contract, or they are of two.
        """
        reads.want(self._managers)
        manager, of_view = (json_rpc.address(reads.fact(call)) for call in self._managers)
        if manager != of_view:
            words = f"reads the pools of {of_view}, but the position manager's are those of {manager}"
            raise ContractError(self._managers[1], words)
        self._pool_manager = manager

    def _leave_out(self, found: Found, held: Held) -> None:
        """Tell of positions that are there and not found yet, and have them searched for."""
        assert self._holdings is not None  # noqa: S101 - only holdings have something missing
        search = self._holdings.search
        found.searches.append(search)
        if search.is_over:
            why = "no Transfer event tells which: name them in token_ids, or give an endpoint that keeps old logs"
        else:
            back = "" if search.high is None else f" (back to block {search.low} so far)"
            why = f"they are searched for in the Transfer events{back}; token_ids finds them at once"
        for owner, (count, balance) in held.missing.items():
            words = f"{count} of the {balance} positions of {owner} are not found yet: {why}"
            found.left_out.append(LeftOut(PositionId(f"{self._prefix}{owner}"), words))
        for owner, count in held.flooded.items():
            found.left_out.append(LeftOut(PositionId(f"{self._prefix}{owner}"), flood(owner, count)))

    def _read(
        self, reads: Reads, found: Found, states: dict[PoolId, PoolState], token_id: int, *, is_flooded: bool
    ) -> LpPosition | None:
        place = self._place(reads, found, token_id)
        if place is None:
            return None
        is_configured = token_id in self._configured
        key, name = place.pool.key, f"{self._prefix}{token_id}"
        reads.want((place.book, place.lower, place.upper))
        tokens = self._tokens.pair(reads, key.token0, key.token1, insist=is_configured)
        book = reads.take(place.book)
        if not json_rpc.uint(book):
            return None
        if is_flooded and not is_configured and isinstance(tokens, UnknownToken):
            return None
        if isinstance(tokens, UnknownToken):
            found.leave_out(name, tokens, is_discovered=not is_configured)
            return None
        if key.hook not in self._settings.accept_hooks and (why := objection(key.hook)) is not None:
            words = f"its pool's hook {key.hook} {why}: to hedge it all the same, name it in {self._key}.accept_hooks"
            found.left_out.append(LeftOut(PositionId(name), words, is_discovered=not is_configured))
            return None
        state = states.get(key.id)
        if state is None:
            state = states[key.id] = place.pool.state(reads)
            found.price(price_of_root(key.id, *tokens, state.sqrt_price_x96, state.liquidity))
        curve = _curve(place, book, state, reads)
        return LpPosition(PositionId(name), self.name, key.id, *tokens, curve, curve.amounts(), entry=None)

    def _place(self, reads: Reads, found: Found, token_id: int) -> Place | None:
        """Return where a position lies; None where it is burned, or where one that is configured was never made."""
        if (place := self._places.get(token_id)) is not None:
            return place
        call = self._info(token_id)
        answer = reads.take(call)
        key = PoolKey.of(answer)
        if key is None:
            if token_id in self._configured:
                self._note_absent(reads, found, token_id)
            return None
        pool = self._pools.get(key.id)
        if pool is None:
            pool = self._pools[key.id] = PoolCalls(self._settings.state_view, key)
        place = Place.of(pool, json_rpc.uint(answer, KEY_WORDS), call, self._settings.state_view)
        reads.fact(call)
        self._places[token_id] = place
        return place

    def _note_absent(self, reads: Reads, found: Found, token_id: int) -> None:
        """Tell of a configured position that was never made: one that was, and is burned, is over."""
        newest = json_rpc.uint(reads.take(self._next_id)) - 1
        if token_id > newest:
            reason = f"{self._key}.token_ids: there is no position {token_id}, the newest is {newest}"
            found.left_out.append(LeftOut(PositionId(f"{self._prefix}{token_id}"), reason))

    def _info(self, token_id: int) -> Call:
        call = self._infos.get(token_id)
        if call is None:
            data = POOL_AND_POSITION + json_rpc.encode_uint(token_id)
            call = self._infos[token_id] = Call(self._settings.position_manager, data, words=KEY_WORDS + 1)
        return call


def _curve(place: Place, book: bytes, state: PoolState, reads: Reads) -> ConcentratedPosition:
    uint = json_rpc.uint
    lower, upper = reads.take(place.lower), reads.take(place.upper)
    return ConcentratedPosition(
        liquidity=uint(book, 0),
        tick_lower=place.tick_lower,
        tick_upper=place.tick_upper,
        sqrt_price_x96=state.sqrt_price_x96,
        tick=state.tick,
        fee_growth_global0_x128=state.fee_growth[0],
        fee_growth_global1_x128=state.fee_growth[1],
        fee_growth_outside_lower0_x128=uint(lower, 0),
        fee_growth_outside_lower1_x128=uint(lower, 1),
        fee_growth_outside_upper0_x128=uint(upper, 0),
        fee_growth_outside_upper1_x128=uint(upper, 1),
        fee_growth_inside_last0_x128=uint(book, 1),
        fee_growth_inside_last1_x128=uint(book, 2),
        tokens_owed0=0,
        tokens_owed1=0,
    )
