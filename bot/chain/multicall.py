"""Many contract calls at one block: Multicall3's aggregate3, or JSON-RPC batches where a chain has no Multicall3.

Encoding and decoding are written by hand: a thousand results take under a millisecond here and 31 with eth_abi.
A call that fails is a value of its own (Failed), never a zero.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint, RpcError
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import BlockStamp
from bot.core.types import Address

AGGREGATE3: Final = selector("aggregate3((address,bool,bytes)[])")
ERROR_STRING: Final = selector("Error(string)")
WORD: Final = json_rpc.WORD
INVALID_PARAMS: Final = -32602
REVERTED: Final = 3
_HALTED: Final = re.compile("evm|gas|opcode|jump|stack|execution", re.IGNORECASE)
"""How nodes say that a contract itself came to an end without reverting."""
CALL_OVERHEAD_GAS: Final = 5_000
"""What Multicall3 itself spends on one call, call data included."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One contract call; two calls are the same if they are the same object, so that results are found fast.

    ``words`` is the least number of ABI words that a true answer has; ``gas`` what it costs at most. A call that is to
    be made ``alone`` gets a request of its own with just that gas: a hostile contract spoils only its own answer.
    """

    target: Address
    data: bytes
    words: int = 1
    gas: int = 30_000
    alone: bool = False

    def __str__(self) -> str:
        return f"0x{self.data[:4].hex()} of {self.target}"


@dataclass(frozen=True, slots=True)
class Failed:
    """The contract reverted; ``data`` is what it reverted with, empty where it gave no reason."""

    data: bytes

    @property
    def reason(self) -> str:
        """Return the text of an ``Error(string)``, or nothing."""
        if self.data[:4] != ERROR_STRING:
            return ""
        return json_rpc.text(self.data[4:])


Result = bytes | Failed


@dataclass(frozen=True, slots=True)
class _Chunk:
    calls: tuple[Call, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A list of calls, encoded once and cut into chunks that an endpoint takes; used again while the list stays."""

    calls: tuple[Call, ...]
    chunks: tuple[_Chunk, ...]


class Multicall:
    """Makes plans and runs them. ``address`` None: through JSON-RPC batches."""

    def __init__(self, address: Address | None, limits: Limits) -> None:
        self._address = address
        self._limits = limits

    def plan(self, calls: Iterable[Call]) -> Plan:
        """Encode a list of calls; those to be made alone come last."""
        every = tuple(sorted(calls, key=lambda call: call.alone))
        return Plan(every, tuple(self._chunk(part) for part in self._cut(every)))

    async def run(self, endpoint: Endpoint, plan: Plan, block: BlockStamp) -> list[Result]:
        """Run a plan at one block; every chunk is pinned to its hash.

        A node that can't be pinned to a hash is pinned to the number, and asked for the hash afterwards.

        Raises:
            Retryable: an answer is missing or malformed, or the node doesn't know the block.
            SkipCycle: the block behind the number changed while it was read.
        """
        if not plan.chunks:
            return []
        if endpoint.by_hash:
            pin = f'{{"blockHash":"{block.hash}","requireCanonical":true}}'
            try:
                return await self._run(endpoint, plan, pin)
            except RpcError as error:
                if error.code != INVALID_PARAMS:
                    raise
                endpoint.by_hash = False
        results = await self._run(endpoint, plan, f'"{block.number:#x}"')
        now = json_rpc.stamp(await endpoint.request("eth_getBlockByNumber", f'["{block.number:#x}",false]'))
        if now.hash != block.hash:
            raise SkipCycle(f"block {block.number} was replaced while it was read")
        return results

    async def _run(self, endpoint: Endpoint, plan: Plan, pin: str) -> list[Result]:
        one = self._batch if self._address is None else self._aggregate
        parts = await _together([one(endpoint, chunk, pin) for chunk in plan.chunks])
        return [result for part in parts for result in part]

    def _cut(self, calls: Sequence[Call]) -> Iterable[tuple[Call, ...]]:
        part: list[Call] = []
        gas = size = 0
        for call in calls:
            call_gas, call_size = call.gas + CALL_OVERHEAD_GAS, _padded(call.data) + 6 * WORD
            full = gas + call_gas > self._limits.max_call_gas or size + call_size > self._limits.max_call_bytes
            full = full or (len(part) == self._limits.max_batch if self._address is None else call.alone)
            if part and full:
                yield tuple(part)
                part, gas, size = [], 0, 0
            part.append(call)
            gas, size = gas + call_gas, size + call_size
        if part:
            yield tuple(part)

    def _chunk(self, calls: tuple[Call, ...]) -> _Chunk:
        if self._address is None:
            return _Chunk(calls, "")
        to, gas = json.dumps(self._address), self._gas(calls[0])
        return _Chunk(calls, f'{{"to":{to},"gas":"{gas:#x}","data":"0x{encode(calls).hex()}"}}')

    def _gas(self, call: Call) -> int:
        """Return the limit of a request that holds this call."""
        return call.gas if call.alone else self._limits.max_call_gas

    async def _aggregate(self, endpoint: Endpoint, chunk: _Chunk, pin: str) -> list[Result]:
        try:
            answer = await endpoint.request("eth_call", f"[{chunk.text},{pin}]")
        except RpcError as error:
            if chunk.calls[0].alone and _HALTED.search(str(error)):
                return [Failed(b"")]
            raise
        return decode(json_rpc.data(answer), chunk.calls)

    async def _batch(self, endpoint: Endpoint, chunk: _Chunk, pin: str) -> list[Result]:
        requests = [
            ("eth_call", f'[{{"to":"{call.target}","gas":"{self._gas(call):#x}","data":"0x{call.data.hex()}"}},{pin}]')
            for call in chunk.calls
        ]
        answers = await endpoint.batch(requests)
        return [_single(call, answer) for call, answer in zip(chunk.calls, answers, strict=True)]


def _single(call: Call, answer: object) -> Result:
    """Tell a contract's revert from an error of the node."""
    if not isinstance(answer, RpcError):
        return json_rpc.data(answer)
    halted = call.alone and _HALTED.search(str(answer)) is not None
    if answer.code != REVERTED and answer.data is None and not halted:
        raise answer
    return Failed(json_rpc.data(answer.data or "0x"))


def _padded(data: bytes) -> int:
    return -(-len(data) // WORD) * WORD


def encode(calls: Sequence[Call]) -> bytes:
    """Encode aggregate3((address target, bool allowFailure, bytes callData)[])."""
    tuples = [
        json_rpc.encode_address(call.target)
        + json_rpc.encode_uint(1)
        + json_rpc.encode_uint(3 * WORD)
        + json_rpc.encode_uint(len(call.data))
        + call.data.ljust(_padded(call.data), b"\0")
        for call in calls
    ]
    offsets, position = [], WORD * len(calls)
    for item in tuples:
        offsets.append(json_rpc.encode_uint(position))
        position += len(item)
    return b"".join((AGGREGATE3, json_rpc.encode_uint(WORD), json_rpc.encode_uint(len(calls)), *offsets, *tuples))


def decode(answer: bytes, calls: Sequence[Call]) -> list[Result]:
    """Decode (bool success, bytes returnData)[]; every length and offset is checked against what is there."""
    if len(answer) < 2 * WORD or json_rpc.uint(answer, 0) != WORD or json_rpc.uint(answer, 1) != len(calls):
        raise Retryable(f"a multicall of {len(calls)} came back as {len(answer)} bytes of something else")
    base, number = 2 * WORD, int.from_bytes
    results: list[Result] = []
    for at in range(base, base + WORD * len(calls), WORD):
        start = base + number(answer[at : at + WORD], "big")
        begin = start + 3 * WORD
        end = begin + number(answer[begin - WORD : begin], "big")
        if end > len(answer) or number(answer[start + WORD : begin - WORD], "big") != 2 * WORD:
            raise Retryable("a multicall came back cut short")
        data = answer[begin:end]
        results.append(data if answer[start + WORD - 1] else Failed(data))
    return results


async def _together(work: Sequence[Awaitable[list[Result]]]) -> list[list[Result]]:
    """Run chunks side by side; the first error alone goes on, after the others were cancelled."""
    if len(work) == 1:
        return [await work[0]]

    async def run(item: Awaitable[list[Result]]) -> list[Result]:
        return await item

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(item)) for item in work]
    except* Retryable as errors:
        failure = errors.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise failure
