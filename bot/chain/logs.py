"""Event logs, in ranges that the node allows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint
from bot.core.errors import Retryable
from bot.core.types import Address

GROWTH: Final = 4
Topics = Sequence[str | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Log:
    """One event; ``topics`` in lower case, ``tx`` the hash of its transaction.

    ``time`` is its block's, seconds since 1970, where the node tells it with the event.
    """

    address: Address
    topics: tuple[str, ...]
    data: bytes
    block: int
    index: int
    tx: str
    time: int | None = None


class Logs:
    """Reads logs through the client's endpoints.

    The first range is one that every provider takes. It grows while that goes well, since a position may be years
    old, and falls back for good when a node refuses.
    """

    def __init__(self, client: RpcClient, limits: Limits) -> None:
        self._client = client
        self._limits = limits

    async def newest_first(self, address: Address, filters: Sequence[Topics], last: int) -> AsyncIterator[Log]:
        """Return the logs of a contract that match any of the filters, from block ``last`` back, newest first.

        Ends at the first block, or where the number of requests that a look-up may make is used up.

        Raises:
            Retryable: no endpoint answered.
        """
        size, growth = self._limits.max_log_blocks, GROWTH
        for _ in range(self._limits.max_log_requests):
            first = max(0, last - size + 1)
            try:
                found = await self._range(address, filters, (first, last))
            except Retryable:
                if size == self._limits.max_log_blocks:
                    raise
                size, growth = self._limits.max_log_blocks, 1
                continue
            for log in found:
                yield log
            if first == 0:
                return
            last, size = first - 1, size * growth

    async def between(self, address: Address, topics: Topics, first: int, last: int) -> list[Log]:
        """Return a contract's logs of some blocks, both included, oldest first, in one request.

        Raises:
            Retryable: no endpoint answered, or all of them refuse so many blocks.
        """
        return (await self._range(address, [topics], (first, last)))[::-1]

    async def of_transaction(self, tx: str) -> list[Log]:
        """Return all logs of a transaction, in order.

        Raises:
            Retryable: no endpoint answered, or none knows the transaction.
        """
        return await self._client.request("eth_getTransactionReceipt", [tx], _receipt)

    async def _range(self, address: Address, filters: Sequence[Topics], blocks: tuple[int, int]) -> list[Log]:
        params = [
            json.dumps([{"address": address, "fromBlock": hex(blocks[0]), "toBlock": hex(blocks[1]), "topics": topics}])
            for topics in filters
        ]

        async def work(endpoint: Endpoint) -> list[Log]:
            # A node that lags has no logs of blocks that it doesn't know, and says so by an empty list.
            if json_rpc.quantity(await endpoint.request("eth_blockNumber", "[]")) < blocks[1]:
                raise endpoint.fault(f"does not know block {blocks[1]} yet")
            found: dict[tuple[int, int], Log] = {}
            for text in params:
                logs = _logs(await endpoint.request("eth_getLogs", text))
                found |= {(log.block, log.index): log for log in logs}
            return [found[at] for at in sorted(found, reverse=True)]

        return await self._client.first(work)


def _logs(value: object) -> list[Log]:
    if not isinstance(value, list):
        raise Retryable("answered no list of logs")
    return [_log(item) for item in value]


def _receipt(value: object) -> list[Log]:
    if not isinstance(value, dict):
        raise Retryable("does not know the transaction")
    return sorted(_logs(value.get("logs")), key=lambda log: log.index)


def _log(value: object) -> Log:
    if not isinstance(value, dict) or not isinstance(topics := value.get("topics"), list):
        raise Retryable("answered a log that is none")
    return Log(
        address=json_rpc.address(json_rpc.data(value.get("address")).rjust(json_rpc.WORD, b"\0")),
        topics=tuple(json_rpc.block_hash(topic) for topic in topics),
        data=json_rpc.data(value.get("data")),
        block=json_rpc.quantity(value.get("blockNumber")),
        index=json_rpc.quantity(value.get("logIndex")),
        tx=json_rpc.block_hash(value.get("transactionHash")),
        time=None if (time := value.get("blockTimestamp")) is None else json_rpc.quantity(time),
    )
