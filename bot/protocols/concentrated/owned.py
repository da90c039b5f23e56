"""Which ids the owners hold in a manager, for bounded work: anyone can give positions away, and a million of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import Missing, Reads
from bot.chain.multicall import Call, Failed
from bot.core.types import Address
from bot.protocols.concentrated.calls import OwnerCalls, owner_call

WHOLE: Final = 2_000
"""Positions of one owner that are all listed at each block; where there are more, so many are tracked."""
NEWEST: Final = 100
"""Where there are more: the newest ones, which are looked at in each block all the same."""
PAGE: Final = 500
"""And so many of the others, another page of them in each block."""


class Turns:
    """Which places of a list are looked at in a block."""

    def __init__(self) -> None:
        self._block, self._first = -1, -PAGE

    def places(self, count: int, block: int) -> Sequence[int]:
        """Return all places while these are few, else the newest and a page of the others; the same within a block."""
        if count <= WHOLE:
            return range(count)
        newest = count - NEWEST
        if block != self._block:
            self._block, self._first = block, self._first + PAGE
        if self._first >= newest:
            self._first = 0
        return (*range(self._first, min(self._first + PAGE, newest)), *range(newest, count))


class Known:
    """The ids that counted when they were looked at last: they are asked for whatever else an owner is given."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self.ids: dict[int, None] = dict.fromkeys(ids)

    def has_room(self, token_id: int) -> bool:
        """Return whether an id may count."""
        return token_id in self.ids or len(self.ids) < WHOLE

    def keep(self, counted: Iterable[int], followed: Iterable[int]) -> None:
        """Keep those that count now, those first that did so before."""
        now = dict.fromkeys(counted)
        before = (one for one in (*self.ids, *followed) if one in now)
        self.ids = dict.fromkeys(islice(dict.fromkeys((*before, *now)), WHOLE))


def numbers(names: Iterable[str]) -> tuple[int, ...]:
    """Return the ids among some names."""
    return tuple(int(name) for name in names if name.isascii() and name.isdecimal())


def flood(owner: Address, count: int) -> str:
    """Return what is not read, and the remedy."""
    return (
        f"{owner} holds {count} positions, and anyone can give positions away: those that are known, the newest "
        f"{NEWEST} and {PAGE} of the others in turn are read at each block. Name yours in only_positions"
    )


@dataclass(slots=True)
class Sought:
    """What became of ids that were asked for: those of the owners, the holders of others, and whether that is all."""

    mine: list[int] = field(default_factory=list)
    moved: dict[int, Address] = field(default_factory=dict)
    is_whole: bool = True


class OwnedIds:
    """The ids of some owners.

    Args:
        manager: lists them.
        owners: whose they are.
        only: the ids that count at all; None where all do.

    Attributes:
        flooded: by owner, how many are held, where these are too many to be read all at once.
        known: what is asked for by its id.
    """

    def __init__(self, manager: Address, owners: Sequence[Address], only: Collection[int] | None) -> None:
        self._manager = manager
        self._owners = frozenset(owners)
        self._lists = tuple((owner, OwnerCalls(manager, owner), Turns()) for owner in owners if only is None)
        self._holders: dict[int, Call] = {}
        self.flooded: dict[Address, int] = {}
        self.known = Known(only or ())

    def listed(self, reads: Reads) -> tuple[dict[int, None], bool]:
        """Return the ids that are listed in this block, as far as they are read yet, and whether these are all."""
        ids, is_whole = dict[int, None](), True
        reads.want(calls.balance for _, calls, _ in self._lists)
        for owner, calls, turns in self._lists:
            try:
                count = calls.count(reads)
                places = turns.places(count, reads.block.number)
                ids.update(dict.fromkeys(calls.ids(reads, places)))
            except Missing:
                is_whole = False
                continue
            self.flooded.pop(owner, None)
            if count > WHOLE:
                self.flooded[owner] = count
                calls.pass_on(reads, places[:-NEWEST])
        return ids, is_whole

    def sought(self, reads: Reads, ids: Collection[int], followed: Collection[int]) -> Sought:
        """Find who holds what is known or followed and not among ``ids``; a burned one is nobody's."""
        asked = [one for one in dict.fromkeys((*self.known.ids, *followed)) if one not in ids] if self._owners else []
        calls, found = {one: self._holder(one) for one in asked}, Sought()
        reads.want(calls.values())
        for token_id, call in calls.items():
            try:
                answer = reads.outcome(call)
            except Missing:
                found.is_whole = False
                continue
            if isinstance(answer, Failed) or len(answer) < json_rpc.WORD:
                continue
            holder = json_rpc.address(answer)
            if holder in self._owners:
                found.mine.append(token_id)
            elif token_id in followed:
                found.moved[token_id] = holder
        return found

    def _holder(self, token_id: int) -> Call:
        call = self._holders.get(token_id)
        if call is None:
            call = self._holders[token_id] = owner_call(self._manager, token_id)
        return call
