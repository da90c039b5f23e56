"""A pool's past: its trades and changes of liquidity, oldest first, from blocks that are final."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isqrt
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import Endpoint, RpcError
from bot.chain.logs import Log, Logs, Topics
from bot.chain.tokens import DECIMALS, SYMBOL
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.errors import ConfigError, Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import Address
from bot.ports import Clock
from bot.protocols.cost_basis import V2_SYNC
from bot.protocols.uniswap_v2.reader import GET_RESERVES, TOKEN0, TOKEN1
from bot.protocols.uniswap_v3.calls import LIQUIDITY, SLOT0

FEE: Final = selector("fee()")
TICK_SPACING: Final = selector("tickSpacing()")
V3_SWAP: Final = topic("Swap(address,address,int256,int256,uint160,uint128,int24)")
V3_MINT: Final = topic("Mint(address,address,int24,int24,uint128,uint256,uint256)")
V3_BURN: Final = topic("Burn(address,int24,int24,uint128,uint256,uint256)")
V3_INITIALIZE: Final = topic("Initialize(uint160,int24)")
V2_SWAP: Final = topic("Swap(address,uint256,uint256,uint256,uint256,address)")
_V2_FEE: Final = 3000
_DEPTH: Final = 64
"""Blocks after which one is taken for final where the node does not tell which are: two epochs of Ethereum."""


class PoolKind(StrEnum):
    """Which contract a pool is."""

    V2 = "v2"
    V3 = "v3"


_TOPICS: Final[dict[PoolKind, Topics]] = {
    PoolKind.V2: ([V2_SYNC, V2_SWAP],),
    PoolKind.V3: ([V3_SWAP, V3_MINT, V3_BURN, V3_INITIALIZE],),
}

_SHAPES: Final = {
    V3_SWAP: (5, 1),
    V3_MINT: (4, 4),
    V3_BURN: (3, 4),
    V3_INITIALIZE: (2, 1),
    V2_SYNC: (2, 1),
    V2_SWAP: (4, 1),
}
"""Words of data and number of topics of each event."""


@dataclass(frozen=True, slots=True)
class PoolToken:
    """A token as its contract describes it."""

    address: Address
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolAbout:
    """What does not change about a pool; ``fee`` in hundredths of a basis point. A V2 pair counts as spaced by 1."""

    kind: PoolKind
    fee: int
    tick_spacing: int
    token0: PoolToken
    token1: PoolToken


@dataclass(frozen=True, slots=True)
class PoolEvent:
    """What one event says, raw units; 0 and None where it says nothing.

    Attributes:
        block, index: where it stands; ``time`` is the block's, seconds since 1970.
        in0, in1: what was swapped in, fee included.
        tick, liquidity: the pool's after it. A V2 pair's come from its reserves: the tick below their price, the root
            of their product.
        added: liquidity put into the range from ``lower`` up to but without ``upper`` (< 0: taken out).
    """

    block: int
    index: int
    time: int
    in0: int = 0
    in1: int = 0
    tick: int | None = None
    liquidity: int | None = None
    added: int = 0
    lower: int = 0
    upper: int = 0


class PoolHistory:
    """Reads one pool of one chain."""

    def __init__(self, config: ChainConfig, pool: Address, clock: Clock) -> None:
        self._config, self._pool = config, pool
        self._client = RpcClient(config.rpc_urls, timeout=config.limits.request_timeout, clock=clock)
        self._logs = Logs(self._client, config.limits)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def about(self) -> PoolAbout:
        """Tell what the pool is.

        Raises:
            ConfigError: the chain is another one, or there is no such pool on it.
            Retryable: no endpoint answered.
        """
        chain_id = await self._client.request("eth_chainId", [], json_rpc.quantity)
        if chain_id != self._config.chain_id:
            message = f"is {self._config.chain_id}, but the endpoints serve chain {chain_id}"
            raise ConfigError(message, key=self._config.key("chain_id"))
        kind = await self._kind()
        tokens = [await self._token(await self._fact(self._pool, call)) for call in (TOKEN0, TOKEN1)]
        if kind is PoolKind.V2:
            return PoolAbout(kind, _V2_FEE, 1, *tokens)
        fee, spacing = await self._fact(self._pool, FEE), await self._fact(self._pool, TICK_SPACING)
        return PoolAbout(kind, json_rpc.uint(fee), json_rpc.sint(spacing), *tokens)

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

        return await self._client.first(work)

    async def header(self, number: int) -> BlockStamp:
        """Return a block's header.

        Raises:
            Retryable: no endpoint knows it.
        """
        return await self._client.request("eth_getBlockByNumber", [hex(number), False], json_rpc.stamp)

    async def first_from(self, moment: datetime, final: BlockStamp) -> int:
        """Return the first block of that time or later; the one after ``final`` where that one is earlier still."""
        low, high = 0, final.number + 1
        while low < high:
            middle = (low + high) // 2
            if (await self.header(middle)).timestamp < moment:
                low = middle + 1
            else:
                high = middle
        return low

    async def stand(self, block: int, kind: PoolKind) -> tuple[int, int] | None:
        """Return tick and liquidity after a block; None where no node keeps that state, or the pool did not exist."""
        if kind is PoolKind.V2:
            reserves = await self._call(self._pool, GET_RESERVES, hex(block))
            return None if reserves is None else _of_reserves(reserves)
        slot0 = await self._call(self._pool, SLOT0, hex(block))
        liquidity = await self._call(self._pool, LIQUIDITY, hex(block))
        if slot0 is None or liquidity is None or not json_rpc.uint(slot0):
            return None
        return json_rpc.sint(slot0, 1), json_rpc.uint(liquidity)

    async def events(self, kind: PoolKind, first: int, last: int) -> list[PoolEvent]:
        """Return the pool's events of some blocks, both included, oldest first.

        Raises:
            Retryable: no endpoint answered, or all of them refuse so many blocks.
        """
        logs = await self._logs.between(self._pool, _TOPICS[kind], first, last)
        times = {log.block: log.time for log in logs if log.time is not None}
        unknown = sorted({log.block for log in logs} - times.keys())
        size = self._config.limits.max_batch
        for start in range(0, len(unknown), size):
            times |= await self._times(unknown[start : start + size])
        return [event for log in logs if (event := _event(kind, log, times[log.block])) is not None]

    async def _times(self, blocks: Sequence[int]) -> dict[int, int]:
        async def work(endpoint: Endpoint) -> dict[int, int]:
            asked = [("eth_getBlockByNumber", json.dumps([hex(block), False])) for block in blocks]
            answers = await endpoint.batch(asked)
            stamps = [json_rpc.stamp(answer) for answer in answers]
            if [stamp.number for stamp in stamps] != list(blocks):
                raise endpoint.fault("answered with other blocks than it was asked for")
            return {stamp.number: int(stamp.timestamp.timestamp()) for stamp in stamps}

        return await self._client.first(work)

    async def _kind(self) -> PoolKind:
        for kind, call in ((PoolKind.V3, SLOT0), (PoolKind.V2, GET_RESERVES)):
            if await self._call(self._pool, call) is not None:
                return kind
        raise ConfigError(f"--pool {self._pool} is no Uniswap V2 or V3 pool on {self._config.name}")

    async def _token(self, word: bytes) -> PoolToken:
        address = json_rpc.address(word)
        symbol = await self._call(address, SYMBOL)
        decimals = json_rpc.uint(await self._fact(address, DECIMALS))
        return PoolToken(address, json_rpc.text(symbol) if symbol else "", decimals)

    async def _fact(self, target: Address, data: bytes) -> bytes:
        answer = await self._call(target, data)
        if answer is None:
            raise ConfigError(f"--pool {self._pool}: {target} does not answer as a pool or a token does")
        return answer

    async def _call(self, target: Address, data: bytes, block: str = "latest") -> bytes | None:
        """Call a contract; None where it refuses, is none, or the node has not kept that block's state."""
        params = json.dumps([{"to": target, "data": f"0x{data.hex()}"}, block])

        async def work(endpoint: Endpoint) -> bytes | None:
            try:
                answer = json_rpc.data(await endpoint.request("eth_call", params))
            except RpcError:
                return None
            return answer if len(answer) >= json_rpc.WORD else None

        return await self._client.first(work)


def _event(kind: PoolKind, log: Log, time: int) -> PoolEvent | None:
    words, topics = _SHAPES[log.topics[0]]
    if len(log.data) < words * json_rpc.WORD or len(log.topics) < topics:
        raise Retryable(f"answered an event of block {log.block} that is cut short")
    return (_v2 if kind is PoolKind.V2 else _v3)(log, time)


def _v3(log: Log, time: int) -> PoolEvent:
    topic, at = log.topics[0], (log.block, log.index, time)
    if topic == V3_SWAP:
        in0, in1 = (max(json_rpc.sint(log.data, word), 0) for word in (0, 1))
        return PoolEvent(*at, in0, in1, tick=json_rpc.sint(log.data, 4), liquidity=json_rpc.uint(log.data, 3))
    if topic == V3_INITIALIZE:
        return PoolEvent(*at, tick=json_rpc.sint(log.data, 1), liquidity=0)
    lower, upper = (json_rpc.sint(bytes.fromhex(text[2:])) for text in log.topics[2:4])
    added = json_rpc.uint(log.data, 1) if topic == V3_MINT else -json_rpc.uint(log.data, 0)
    return PoolEvent(*at, added=added, lower=lower, upper=upper)


def _v2(log: Log, time: int) -> PoolEvent | None:
    at = log.block, log.index, time
    if log.topics[0] == V2_SWAP:
        return PoolEvent(*at, in0=json_rpc.uint(log.data, 0), in1=json_rpc.uint(log.data, 1))
    stand = _of_reserves(log.data)
    return None if stand is None else PoolEvent(*at, tick=stand[0], liquidity=stand[1])


def _of_reserves(data: bytes) -> tuple[int, int] | None:
    reserve0, reserve1 = json_rpc.uint(data, 0), json_rpc.uint(data, 1)
    if not reserve0 or not reserve1:
        return None
    return tick_at_sqrt_ratio(isqrt((reserve1 << 192) // reserve0)), isqrt(reserve0 * reserve1)
