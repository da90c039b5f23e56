"""Reads a pool's past from blocks that are final: its trades and changes of liquidity, oldest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import Endpoint
from bot.chain.known_tokens import NATIVE, NATIVE_COINS, NATIVE_DECIMALS
from bot.chain.logs import Logs
from bot.chain.pool_past import FindPool, PoolAbout, PoolEvent, PoolPast, PoolStand, PoolToken
from bot.chain.rpc_errors import CALL, Meaning, RpcError
from bot.chain.tokens import DECIMALS, SYMBOL
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import Address, PoolId
from bot.ports import Clock

_ROUNDS: Final = 5
"""A download takes hours: one that a passing fault ends is not worth much. The pauses between rounds sum up to 15 s."""
_DEPTH: Final = 64
"""Blocks after which one is taken for final where the node does not tell which are: two epochs of Ethereum."""


class Node:
    """A chain's endpoints, asked for headers and single calls; implements NodeCalls."""

    def __init__(self, config: ChainConfig, pool: PoolId, clock: Clock) -> None:
        self._config, self._pool, self._is_there = config, pool, False
        limits = config.limits
        self.client = RpcClient(
            config.rpc_urls,
            timeout=limits.request_timeout,
            clock=clock,
            requests_per_day=limits.requests_per_day,
            rounds=_ROUNDS,
        )

    async def check_chain(self) -> None:
        """Compare the chain's id with the configured one.

        Raises:
            ConfigError: it is another chain.
        """
        chain_id = await self.client.request("eth_chainId", [], json_rpc.quantity)
        if chain_id != self._config.chain_id:
            message = f"is {self._config.chain_id}, but the endpoints serve chain {chain_id}"
            raise ConfigError(message, key=self._config.key("chain_id"))

    async def call(self, target: Address, data: bytes, block: str = "latest") -> bytes | None:
        """Call a contract; None where it refuses, is none, or no node has kept that block's state.

        Raises:
            Retryable: a node could not say.
        """
        if not json_rpc.is_address(target):  # a pool's identity may be something else
            return None
        params = [{"to": target, "data": f"0x{data.hex()}"}, block]
        unknown: set[int] = set()

        async def work(endpoint: Endpoint) -> bytes | None:
            unknown.discard(endpoint.number)
            try:
                answer = json_rpc.data(await endpoint.request(CALL, params))
            except RpcError as error:
                if error.meaning is Meaning.CONTRACT:
                    return None
                if error.meaning is Meaning.NO_STATE:
                    unknown.add(endpoint.number)
                raise
            if len(answer) < json_rpc.WORD and target == Address(self._pool) and block == "latest" and self._is_there:
                return None  # a contract that takes any call and says nothing, as WETH does
            if len(answer) < json_rpc.WORD:  # no such contract, or a node that keeps no state and does not say so
                unknown.add(endpoint.number)
                raise endpoint.fault(f"{target} does not answer")
            return answer

        try:
            return await self.client.first(work)
        except Retryable:
            if len(unknown) < len(self.client.endpoints):
                raise
            return None

    async def is_there(self) -> bool:
        """Ask whether the pool is a contract; False where every endpoint says that it is none."""
        if not json_rpc.is_address(self._pool):
            return True
        for endpoint in self.client.endpoints:
            try:
                code = json_rpc.data(await endpoint.request("eth_getCode", [self._pool, "latest"]))
            except Retryable:
                return True  # it can't be said; what is asked next will tell
            if code:
                self._is_there = True
                return True
        return False

    async def fact(self, target: Address, data: bytes) -> bytes:
        """Call a contract that has to answer."""
        answer = await self.call(target, data)
        if answer is None:
            raise ConfigError(f"--pool {self._pool}: {target} does not answer as a pool or a token does")
        return answer

    async def token(self, address: Address) -> PoolToken:
        """Ask a token what it is; the chain's own coin is known."""
        if address == NATIVE:
            return PoolToken(NATIVE, NATIVE_COINS.get(self._config.chain_id, ""), NATIVE_DECIMALS)
        symbol = await self.call(address, SYMBOL)
        decimals = json_rpc.uint(await self.fact(address, DECIMALS))
        return PoolToken(address, json_rpc.text(symbol) if symbol else "", decimals)

    async def final(self) -> BlockStamp:
        """Return the newest block that no reorganisation takes back."""

        async def work(endpoint: Endpoint) -> BlockStamp:
            try:
                answer = await endpoint.request("eth_getBlockByNumber", '["finalized",false]')
            except RpcError:
                answer = None
            if answer is None:
                newest = json_rpc.quantity(await endpoint.request("eth_blockNumber", "[]"))
                params = json.dumps([hex(max(newest - _DEPTH, 0)), False])
                answer = await endpoint.request("eth_getBlockByNumber", params)
            return json_rpc.stamp(answer)

        return await self.client.first(work)

    async def header(self, number: int) -> BlockStamp:
        """Return a block's header.

        Raises:
            Retryable: no endpoint knows it.
        """
        return await self.client.request("eth_getBlockByNumber", [hex(number), False], json_rpc.stamp)

    async def times(self, blocks: Sequence[int]) -> dict[int, int]:
        """Return the times of some blocks, seconds since 1970.

        Raises:
            Retryable: no endpoint knows them all.
        """

        async def work(endpoint: Endpoint) -> dict[int, int]:
            asked = [("eth_getBlockByNumber", json.dumps([hex(block), False])) for block in blocks]
            answers = await endpoint.batch(asked)
            stamps = [json_rpc.stamp(answer) for answer in answers]
            if [stamp.number for stamp in stamps] != list(blocks):
                raise endpoint.fault("answered with other blocks than it was asked for")
            return {stamp.number: int(stamp.timestamp.timestamp()) for stamp in stamps}

        return await self.client.first(work)


class PoolHistory:
    """Reads one pool of one chain; made by ``open``."""

    def __init__(self, config: ChainConfig, node: Node, past: PoolPast) -> None:
        self._config, self.node, self._past = config, node, past
        self._logs = Logs(node.client, config.limits)

    @classmethod
    async def open(cls, config: ChainConfig, pool: PoolId, clock: Clock, kinds: Sequence[FindPool]) -> PoolHistory:
        """Find out which protocol's pool it is.

        Args:
            config: the chain.
            pool: the pool's identity.
            clock: for the endpoints' health.
            kinds: the protocols' own ways to tell; the first that knows the pool reads it.

        Raises:
            ConfigError: the chain is another one, or there is no such pool on it.
            Retryable: no endpoint answered.
        """
        node = Node(config, pool, clock)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(node.client.close)
            await node.check_chain()
            for find in kinds if await node.is_there() else ():
                if (past := await find(node, config, pool)) is not None:
                    undo.pop_all()
                    return cls(config, node, past)
        raise ConfigError(f"--pool {pool} is no pool of a protocol that dnbot can replay, on {config.name}")

    async def close(self) -> None:
        """Close the connections."""
        await self.node.client.close()

    @property
    def about(self) -> PoolAbout:
        """What the pool is."""
        return self._past.about

    async def first_from(self, moment: datetime, final: BlockStamp) -> int:
        """Return the first block of that time or later; the one after ``final`` where that one is earlier still."""
        low, high = 0, final.number + 1
        while low < high:
            middle = (low + high) // 2
            if (await self.node.header(middle)).timestamp < moment:
                low = middle + 1
            else:
                high = middle
        return low

    async def stand(self, block: int) -> PoolStand | None:
        """Return where the pool stood after a block; None where no node keeps that state, or it did not exist."""
        return await self._past.stand(self.node, hex(block))

    def taken(self) -> int | None:
        """Return the blocks of one request that the most generous endpoint takes; None where none was refused yet."""
        return self._logs.taken()

    async def events(self, first: int, last: int) -> list[PoolEvent]:
        """Return the pool's events of some blocks, both included, oldest first.

        Raises:
            Retryable: no endpoint answered.
        """
        address, topics = self._past.logs
        logs = await self._logs.between(address, topics, first, last)
        times = {log.block: log.time for log in logs if log.time is not None}
        unknown = sorted({log.block for log in logs} - times.keys())
        size = self._config.limits.max_batch
        for start in range(0, len(unknown), size):
            times |= await self.node.times(unknown[start : start + size])
        return self._past.events(logs, times)
