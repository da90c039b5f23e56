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
from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.logs import GROWTH, Log, Logs, Topics
from bot.chain.multicall import Call, Failed
from bot.chain.tokens import balance_of
from bot.core.errors import Retryable
from bot.core.types import Address
from bot.ports import Notes
from bot.protocols.concentrated.calls import MOST_HELD, owner_call
from bot.protocols.past_events import require_whole

TRANSFER: Final = topic("Transfer(address,address,uint256)")
_PAGE: Final = 10_000
"""Blocks that are looked through at once on the way up to the newest one."""
_OVERLAP: Final = 64
"""Blocks that are looked through again, since they may have been replaced."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the owners hold at a block.

    Attributes:
        ids: the positions that are theirs.
        others: who holds the followed ones that are not.
        missing: by owner, how many are not found, and how many there are.
        is_whole: whether all answers were there.
    """

    ids: Sequence[int]
    others: Mapping[int, Address]
    missing: Mapping[Address, tuple[int, int]]
    is_whole: bool


class Holdings:
    """The holdings of some owners in one manager; ``key`` is what the search's progress is noted under."""

    def __init__(self, manager: Address, owners: Sequence[Address], key: str) -> None:
        self._manager = manager
        self._balances = {owner: balance_of(manager, owner) for owner in owners}
        self._holders: dict[int, Call] = {}
        self._gone: set[int] = set()
        self.search = TransferSearch(manager, owners, key)

    def read(self, reads: Reads, followed: Collection[int]) -> Held:
        """Read who holds what is known.

        Raises:
            ContractError: it counts more than any owner has.
        """
        reads.want(self._balances.values())
        asked = [one for one in dict.fromkeys((*self.search.ids, *followed)) if one not in self._gone]
        holders, is_whole = self._read_holders(reads, asked)
        missing = {}
        for owner, call in self._balances.items():
            try:
                balance = json_rpc.uint(reads.take(call))
            except Missing:
                is_whole = False
                continue
            if balance > MOST_HELD:
                raise ContractError(call, f"{balance} positions of one owner (is it the contract that it should be?)")
            count = sum(holder == owner for holder in holders.values())
            if count < balance:
                missing[owner] = balance - count, balance
        if missing and is_whole and self._gone:  # one of those may be back
            self._gone.clear()
            return self.read(reads, followed)
        ids = [one for one, holder in holders.items() if holder in self._balances]
        if is_whole:
            self._gone.update({*asked} - {*ids} - {*followed})
        others = {one: holder for one, holder in holders.items() if holder is not None and holder not in self._balances}
        self.search.wanted = sum(count for count, _ in missing.values())
        return Held(ids, others, missing, is_whole)

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
        """Whether the first block was come to."""
        return self.high is not None and self.low == 0

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
        while self.low > 0 and len(self.ids) < enough:
            first, found = await logs.back(self._manager, [topics], self.low - 1, self._size)
            self._size = (self.low - first) * GROWTH
            self._take(found)
            self.low = first
            self._save(notes)

    def _take(self, found: Iterable[Log]) -> None:
        for log in found:
            require_whole(log, (0, 4))
            self.ids[int(log.topics[3], 16)] = None

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
