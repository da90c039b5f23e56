"""Which positions the owners hold. The manager lists none: it counts them, and its Transfer events tell which ones.

While the count agrees with what is known, no log is read. Where it does not, the events are searched, newest first, as
far back as it takes; how far is noted, so that a restart goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.batched_reads import Missing, Reads
from bot.chain.logs import GROWTH, Log, Logs, Topics
from bot.chain.multicall import Call, Failed
from bot.chain.tokens import balance_of
from bot.core.errors import Retryable
from bot.core.types import Address
from bot.ports import Notes
from bot.protocols.concentrated.calls import counted, owner_call
from bot.protocols.concentrated.owned import WHOLE, Known, Turns
from bot.protocols.past_events import require_whole

TRANSFER: Final = topic("Transfer(address,address,uint256)")
_PAGE: Final = 10_000
"""Blocks that are looked through at once on the way up to the newest one."""
_OVERLAP: Final = 64
"""Blocks that are looked through again, since they may have been replaced."""


MOST_FOUND: Final = 20_000
"""Ids that are kept of what was ever handed to the owners; a search ends there."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the owners hold at a block.

    Attributes:
        ids: the positions that are theirs.
        others: who holds the followed ones that are not.
        missing: by owner, how many are not found, and how many there are.
        flooded: by owner, how many there are, where these are too many to be read all at once.
        is_whole: whether all answers were there.
    """

    ids: Sequence[int]
    others: Mapping[int, Address]
    missing: Mapping[Address, tuple[int, int]]
    flooded: Mapping[Address, int]
    is_whole: bool


class Holdings:
    """The holdings of some owners in one manager.

    Args:
        manager: the PositionManager.
        owners: whose they are.
        key: what the search's progress is noted under.
        only: the ids that count at all; None where all do.
    """

    def __init__(self, manager: Address, owners: Sequence[Address], key: str, only: Collection[int] | None) -> None:
        self._manager = manager
        self._owners = frozenset(owners)
        self._balances = {owner: balance_of(manager, owner) for owner in owners if only is None}
        self._holders: dict[int, Call] = {}
        self._gone: set[int] = set()
        self._turns = Turns()
        self._flooded: dict[Address, int] = {}
        self.known = Known(only or ())
        self.search = TransferSearch(manager, owners, key)

    def read(self, reads: Reads, followed: Collection[int]) -> Held:
        """Read who holds what is known.

        Raises:
            ContractError: it counts more than any owner has.
        """
        balances, is_counted = self._read_balances(reads)
        asked = [
            one for one in dict.fromkeys((*self.known.ids, *self._turn(reads), *followed)) if one not in self._gone
        ]
        holders, is_whole = self._read_holders(reads, asked)
        is_whole = is_whole and is_counted
        missing = {}
        for owner, balance in balances.items():
            count = sum(holder == owner for holder in holders.values())
            if count < balance and owner not in self._flooded:
                missing[owner] = balance - count, balance
        if missing and is_whole and self._gone:  # one of those may be back
            self._gone.clear()
            return self.read(reads, followed)
        ids = [one for one, holder in holders.items() if holder in self._owners]
        if is_whole:
            self._gone.update({*asked} - {*ids} - {*followed} - {*self.known.ids})
        others = {one: holder for one, holder in holders.items() if holder is not None and holder not in self._owners}
        self.search.wanted = MOST_FOUND if self._flooded else sum(count for count, _ in missing.values())
        return Held(ids, others, missing, self._flooded, is_whole)

    def _turn(self, reads: Reads) -> Sequence[int]:
        """Return the ids whose turn it is among those that were found: all, unless the owners are flooded."""
        ids = list(self.search.ids)
        return [ids[place] for place in self._turns.places(len(ids), reads.block.number)] if self._flooded else ids

    def _read_balances(self, reads: Reads) -> tuple[dict[Address, int], bool]:
        reads.want(self._balances.values())
        balances, is_whole = dict[Address, int](), True
        for owner, call in self._balances.items():
            try:
                balances[owner] = counted(reads, call)
            except Missing:
                is_whole = False
        if is_whole:
            self._flooded = {owner: balance for owner, balance in balances.items() if balance > WHOLE}
        return balances, is_whole

    def _read_holders(self, reads: Reads, ids: Iterable[int]) -> tuple[dict[int, Address | None], bool]:
        """Return who holds each position, nobody a burned one, and whether these are all."""
        calls = {one: self._holders.setdefault(one, owner_call(self._manager, one)) for one in ids}
        reads.want(calls.values())
        holders, is_whole = dict[int, Address | None](), True
        for one, call in calls.items():
            try:
                answer = reads.outcome(call)
            except Missing:
                is_whole = False
                continue
            is_held = not isinstance(answer, Failed) and len(answer) >= json_rpc.WORD
            holders[one] = json_rpc.address(answer) if is_held and isinstance(answer, bytes) else None
        return holders, is_whole


class TransferSearch:
    """Finds the ids that were ever handed to an owner; implements Search.

    Attributes:
        ids: what was found.
        wanted: how many more there must be.
        low, high: the blocks that were looked through, both included; there are none where ``high`` is None.
    """

    def __init__(self, manager: Address, owners: Sequence[Address], key: str) -> None:
        self._manager = manager
        self._owners = sorted(f"0x{json_rpc.encode_address(owner).hex()}" for owner in owners)
        self._key = key
        self._size: int | None = None
        self._is_restored = False
        self.ids: dict[int, None] = {}
        self.wanted = 0
        self.low = 0
        self.high: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the first block was come to, or more was found than is kept."""
        return self.high is not None and (self.low == 0 or len(self.ids) >= MOST_FOUND)

    async def look(self, logs: Logs, block: int, notes: Notes) -> bool:
        """Look from the newest block back until as many are found as are missing; tell whether any was."""
        known = len(self.ids)
        if not self._is_restored:
            self._restore(notes.note(self._key))
        try:
            await self._look(logs, block, notes, known + self.wanted)
        except Retryable:
            if len(self.ids) == known:
                raise
        return len(self.ids) > known

    async def _look(self, logs: Logs, block: int, notes: Notes, enough: int) -> None:
        topics: Topics = (TRANSFER, None, self._owners)
        if self.high is None:
            self.low, self.high = block + 1, block
        while self.high < block:
            last = min(block, self.high + (logs.taken() or _PAGE))
            self._take(await logs.between(self._manager, topics, max(self.high + 1 - _OVERLAP, 0), last))
            self.high = last
            self._save(notes)
        while self.low > 0 and len(self.ids) < min(enough, MOST_FOUND):
            first, found = await logs.back(self._manager, [topics], self.low - 1, self._size)
            self._size = (self.low - first) * GROWTH
            self._take(found)
            self.low = first
            self._save(notes)

    def _take(self, found: Iterable[Log]) -> None:
        for log in found:
            require_whole(log, (0, 4))
            self.ids[int(log.topics[3], 16)] = None
        while len(self.ids) > MOST_FOUND:
            del self.ids[next(iter(self.ids))]

    def _restore(self, text: str | None) -> None:
        """Go on from a note of the same owners; one that went back to the first block in vain is begun anew."""
        self._is_restored = True
        found = {} if text is None else json.loads(text)
        if found.get("owners") != self._owners:
            return
        self.ids.update(dict.fromkeys(found["ids"]))
        self.high = found["high"]
        self.low = found["low"] or found["high"] + 1

    def _save(self, notes: Notes) -> None:
        state = {"owners": self._owners, "low": self.low, "high": self.high, "ids": list(self.ids)}
        notes.save_note(self._key, json.dumps(state))
