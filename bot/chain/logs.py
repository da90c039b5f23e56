"""Event logs, in ranges that the node allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint
from bot.chain.rpc_errors import LOGS, Dropped, Meaning, NoAnswer, RpcError
from bot.core.errors import Retryable
from bot.core.types import Address

GROWTH: Final = 4
MAX_TOPICS: Final = 4
_LEAST_CAP: Final = 100
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
    """Reads logs through the client's endpoints, in ranges that each of them takes.

    Providers allow 10,000 blocks of one request, or 10, say so in two dozen wordings or only fail. So a range that is
    refused, for whatever reason, is asked for in halves, down to single blocks; what is about the number of blocks is
    remembered of the endpoint. So is a range whose number of logs is a usual cap.
    """

    def __init__(self, client: RpcClient, limits: Limits) -> None:
        self._client = client
        self._limits = limits

    async def newest_first(
        self, address: Address, filters: Sequence[Topics], last: int, size: int | None = None
    ) -> AsyncIterator[Log]:
        """Return the logs of a contract that match any of the filters, from block ``last`` back, newest first.

        Ranges grow while that goes well, since a position may be years old. Ends at the first block, or where the
        number of requests that a look-up may make is used up. ``size``: blocks of the first range.

        Raises:
            Retryable: no endpoint answered.
        """
        size = size or self._limits.max_log_blocks
        for _ in range(self._limits.max_log_requests):
            first, found = await self.back(address, filters, last, size)
            for log in reversed(found):
                yield log
            if first == 0:
                return
            size = (last - first + 1) * GROWTH
            last = first - 1

    async def back(
        self, address: Address | None, filters: Sequence[Topics], last: int, size: int | None = None
    ) -> tuple[int, list[Log]]:
        """Return a contract's (None: any's) logs of block ``last`` and so many before it, or what an endpoint takes.

        Returns:
            The first block that was looked at, and the logs, oldest first.

        Raises:
            Retryable: no endpoint answered.
        """
        blocks = last, size or self._limits.max_log_blocks

        async def work(endpoint: Endpoint) -> tuple[int, list[Log]]:
            return await self.newest(endpoint, address, filters, blocks)

        return await self._client.first(work)

    async def newest(
        self, endpoint: Endpoint, address: Address | None, filters: Sequence[Topics], blocks: tuple[int, int]
    ) -> tuple[int, list[Log]]:
        """Return the logs of a block and so many before it, or as many as one endpoint takes at once, oldest first.

        Args:
            endpoint: who is asked.
            address: the contract; None: any.
            filters: what its logs match.
            blocks: the last block, and how many at most.

        Returns:
            The first block that was looked at, and the logs.
        """
        last, known = blocks[0], endpoint.learned.log_blocks
        await _require_block(endpoint, last)
        size = min(blocks[1], known or blocks[1], last + 1)
        while True:
            first = last - size + 1
            try:
                return first, await self._ask(endpoint, address, filters, (first, last))
            except (RpcError, NoAnswer, Dropped) as error:
                size = _halved(endpoint, error, size, known)

    async def between(self, address: Address | None, topics: Topics, first: int, last: int) -> list[Log]:
        """Return a contract's (None: any's) logs of some blocks, both included, oldest first.

        Raises:
            Retryable: no endpoint answered.
        """

        async def work(endpoint: Endpoint) -> list[Log]:
            return await self._range(endpoint, address, [topics], (first, last))

        return await self._client.first(work)

    def taken(self) -> int | None:
        """Return the blocks of one request that the most generous endpoint takes; None where none was refused yet."""
        limits = [endpoint.learned.log_blocks for endpoint in self._client.endpoints]
        return None if None in limits else max(limit for limit in limits if limit is not None)

    async def of_transaction(self, tx: str) -> list[Log]:
        """Return all logs of a transaction, in order.

        Raises:
            Retryable: no endpoint answered, or none knows the transaction.
        """
        return await self._client.request("eth_getTransactionReceipt", [tx], _receipt)

    async def _range(
        self, endpoint: Endpoint, address: Address | None, filters: Sequence[Topics], blocks: tuple[int, int]
    ) -> list[Log]:
        """Return the logs of a range from one endpoint, oldest first, in as many requests as it takes."""
        first, last = blocks
        await _require_block(endpoint, last)
        found: list[Log] = []
        known, size = endpoint.learned.log_blocks, last - first + 1
        while first <= last:
            size = min(size, endpoint.learned.log_blocks or size, last - first + 1)
            try:
                found += await self._ask(endpoint, address, filters, (first, first + size - 1))
            except (RpcError, NoAnswer, Dropped) as error:
                size = _halved(endpoint, error, size, known)
            else:
                first, size = first + size, size * 2
        return found

    @staticmethod
    async def _ask(
        endpoint: Endpoint, address: Address | None, filters: Sequence[Topics], blocks: tuple[int, int]
    ) -> list[Log]:
        found: dict[tuple[int, int], Log] = {}
        for topics in filters:
            span = {"fromBlock": hex(blocks[0]), "toBlock": hex(blocks[1])}
            of = {} if address is None else {"address": address}
            logs = _logs(await endpoint.request(LOGS, [{**of, **span, "topics": topics}]))
            if any(
                not blocks[0] <= log.block <= blocks[1]
                or log.address != (address or log.address)
                or not _fits(log, topics)
                for log in logs
            ):
                raise endpoint.fault("answered logs that were not asked for")
            if _may_be_cut(len(logs)) and blocks[0] < blocks[1]:
                raise _cut(endpoint, len(logs))
            found |= {(log.block, log.index): log for log in logs}
        return [found[at] for at in sorted(found)]


async def _require_block(endpoint: Endpoint, number: int) -> None:
    """Check that a node knows a block: one that lags answers with an empty list of its logs."""
    if json_rpc.quantity(await endpoint.request("eth_blockNumber", [])) < number:
        raise endpoint.fault(f"does not know block {number} yet")


def _may_be_cut(count: int) -> bool:
    """Return whether so many logs may be a cap: some nodes silently return only 100, 256, 1,000 or 10,000."""
    return count >= _LEAST_CAP and (count % _LEAST_CAP == 0 or count.bit_count() == 1)


def _cut(endpoint: Endpoint, count: int) -> RpcError:
    """Return the error that a node should have answered, about these blocks alone."""
    said = f"answered just {count} logs, which may be its cap and not all"
    return RpcError(f"{endpoint.label}: {said}", code=0, said=said, data=None, meaning=Meaning.TOO_MANY_RESULTS)


def _halved(endpoint: Endpoint, error: RpcError | NoAnswer | Dropped, size: int, known: int | None) -> int:
    """Return the half of a range that was refused, and remember it of the endpoint if it is about the blocks.

    Raises:
        RpcError, NoAnswer, Dropped: a single block is refused, too: whatever is wrong, the range is not.
    """
    if size == 1:
        endpoint.learned.log_blocks = known
        raise error
    if not isinstance(error, RpcError) or error.meaning is not Meaning.TOO_MANY_RESULTS:
        endpoint.learned.log_blocks = size // 2
    return size // 2


def _fits(log: Log, topics: Topics) -> bool:
    """Return whether a log is one of those that a filter asks for."""
    if len(log.topics) < len(topics):
        return False
    for found, wanted in zip(log.topics, topics, strict=False):
        if wanted is not None and found not in ([wanted] if isinstance(wanted, str) else wanted):
            return False
    return True


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
        address=json_rpc.address_of(value.get("address")),
        topics=tuple(json_rpc.block_hash(topic) for topic in topics[:MAX_TOPICS]),
        data=json_rpc.data(value.get("data")),
        block=json_rpc.quantity(value.get("blockNumber")),
        index=json_rpc.quantity(value.get("logIndex")),
        tx=json_rpc.block_hash(value.get("transactionHash")),
        time=_time(value.get("blockTimestamp")),
    )


def _time(value: object) -> int | None:
    """Return a block's time that came with its log; some nodes send ``0x0``, or a JSON number."""
    try:
        seconds = value if isinstance(value, int) and not isinstance(value, bool) else json_rpc.quantity(value)
    except Retryable:
        return None
    return seconds if seconds > 0 else None
