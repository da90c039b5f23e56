"""Search all Transfer events for where an owner's tokens came from and went to; a search resumes where it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import GROWTH, MAX_TOPICS, Log, Logs
from bot.chain.protocol import Trail
from bot.core.types import Address
from bot.ports import Notes

TRANSFER: Final = topic("Transfer(address,address,uint256)")
MOST: Final = 5_000
"""Contracts that are remembered; more than that is spam, and the oldest is dropped first."""
_MOST_IDS: Final = 100_000
_PAGE: Final = 10_000
_OVERLAP: Final = 64
"""Blocks that are looked through again, since they may have been replaced."""

Progress = Callable[[int, int], None]
"""Called with how many blocks were searched, and how many there are."""


class TrailSearch:
    """Looks through the events of any contract for the owners' transfers; what was found and how far is noted.

    Args:
        owners: whose they are.
        key: what the progress is noted under.
        first: the first block that matters.
    """

    def __init__(self, owners: Sequence[Address], key: str, first: int = 0) -> None:
        self._owners = owners
        self._words = sorted(f"0x{json_rpc.encode_address(owner).hex()}" for owner in owners)
        self._key = key
        self._first = first
        self._size: int | None = None
        self._low, self._high = 0, -1
        self._tokens: dict[Address, None] = {}
        self._ids: dict[Address, dict[int, None]] = {}
        self._farms: dict[Address, dict[Address, None]] = {}

    @property
    def trail(self) -> Trail:
        """What was found."""
        return Trail(self._owners, tuple(self._tokens), self._ids, self._farms, len(self._tokens) >= MOST)

    async def look(self, logs: Logs, block: int, notes: Notes, progress: Progress) -> None:
        """Look up to a block, and back to the first one; may be cancelled and resumes by its notes.

        Raises:
            Retryable: no endpoint answered; how far it got is noted.
        """
        self._restore(notes.note(self._key))
        if self._high < 0:
            self._low, self._high = block + 1, block
        whole = max(block + 1 - self._first, 1)
        filters = [(TRANSFER, self._words), (TRANSFER, None, self._words)]
        while self._high < block:
            last = min(block, self._high + (logs.taken() or _PAGE))
            for topics in filters:
                self._take(await logs.between(None, topics, max(self._high + 1 - _OVERLAP, 0), last))
            self._high = last
            self._save(notes)
            progress(self._high + 1 - self._low, whole)
        while self._low > self._first:
            first, found = await logs.back(None, filters, self._low - 1, self._size)
            self._size = (self._low - first) * GROWTH
            self._take(found)
            self._low = first
            self._save(notes)
            progress(self._high + 1 - max(self._low, self._first), whole)
        progress(whole, whole)

    def _take(self, found: Iterable[Log]) -> None:
        for log in found:
            if log.address not in self._tokens and len(self._tokens) >= MOST:
                continue
            self._tokens[log.address] = None
            if log.topics[1] in self._words:
                receiver = json_rpc.address(bytes.fromhex(log.topics[2][2:]))
                self._farms.setdefault(log.address, {})[receiver] = None
            if len(log.topics) == MAX_TOPICS and len(ids := self._ids.setdefault(log.address, {})) < _MOST_IDS:
                ids[int(log.topics[3], 16)] = None

    def _restore(self, text: str | None) -> None:
        """Resume from a note of the same owners."""
        found = {} if text is None else json.loads(text)
        if found.get("owners") != self._words:
            return
        self._low, self._high = found["low"], found["high"]
        self._tokens = dict.fromkeys(map(Address, found["tokens"]))
        self._ids = {Address(token): dict.fromkeys(ids) for token, ids in found["ids"].items()}
        self._farms = {Address(token): dict.fromkeys(map(Address, to)) for token, to in found["farms"].items()}

    def _save(self, notes: Notes) -> None:
        state = {
            "owners": self._words,
            "low": self._low,
            "high": self._high,
            "tokens": list(self._tokens),
            "ids": {token: list(ids) for token, ids in self._ids.items()},
            "farms": {token: list(to) for token, to in self._farms.items()},
        }
        notes.save_note(self._key, json.dumps(state))


class MemoryNotes:
    """Notes kept in memory only."""

    def __init__(self) -> None:
        self._notes: dict[str, str] = {}

    def note(self, key: str) -> str | None:
        """Return what was noted last."""
        return self._notes.get(key)

    def save_note(self, key: str, text: str) -> None:
        """Note a text in place of an older one."""
        self._notes[key] = text
