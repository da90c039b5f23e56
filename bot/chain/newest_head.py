"""The newest head that any endpoint has, and which one: where the reader reads, and what heads announce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint
from bot.chain.head_tracker import HeadTrack
from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import ChainId
from bot.ports import Clock

FRESH: Final = 1.0
"""Seconds for which a head that was fetched to announce it is read at without being fetched again."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head, and the endpoint that has it."""

    stamp: BlockStamp
    endpoint: Endpoint


class NewestHead:
    """Fetches heads from the endpoints; an announced one is kept for the read that follows."""

    def __init__(
        self, client: RpcClient, limits: Limits, track: HeadTrack, clock: Clock, chain_id: ChainId | None = None
    ) -> None:
        self._client = client
        self._limits = limits
        self._track = track
        self._clock = clock
        self._chain_id = chain_id
        self._left: Head | None = None
        self._left_at = 0.0

    async def fetch(self) -> Head:
        """Return the newest head: the first that is of now, or the newest one if none of them is.

        Raises:
            Retryable: no endpoint has a believable one.
        """
        odd: list[Head] = []

        async def work(endpoint: Endpoint) -> Head:
            if self._chain_id is not None:
                told = json_rpc.quantity(await endpoint.request("eth_chainId", "[]"))
                if told != self._chain_id:
                    raise endpoint.fault(f"is of chain {told} now, and not of {self._chain_id}")
            head = Head(json_rpc.stamp(await endpoint.request("eth_getBlockByNumber", '["latest",false]')), endpoint)
            self._track.check(head.stamp)
            if (why := self._misdated(head.stamp)) is not None:
                odd.append(head)
                raise endpoint.fault(why)
            return head

        try:
            return await self._client.first(work)
        except Retryable:
            if not odd:
                raise
        # The chain has halted, or this machine's clock is wrong: the guards check the block's time.
        return max(odd, key=lambda head: head.stamp.number)

    def leave(self, head: Head) -> None:
        """Keep a head for the read that it is announced to."""
        self._left, self._left_at = head, self._clock.monotonic()

    def take(self) -> Head | None:
        """Return the kept head, once, if it is fresh."""
        head, self._left = self._left, None
        return head if self._clock.monotonic() - self._left_at <= FRESH else None

    def _misdated(self, stamp: BlockStamp) -> str | None:
        """Return why a block's time is not of now, or None where it is."""
        age = (self._clock.now() - stamp.timestamp).total_seconds()
        said = f"its newest block {stamp.number} is of {stamp.timestamp:%Y-%m-%d %H:%M:%S}"
        if age > self._limits.max_head_age.total_seconds():
            return said
        lead = self._limits.max_head_lead
        if lead is not None and -age > lead.total_seconds():
            return f"{said}, {-age:.0f} s ahead of this machine's clock"
        return None
