"""Many contract calls at one block: Multicall3's aggregate3, or JSON-RPC batches where a chain has no Multicall3.

Encoding and decoding are written by hand: a thousand results take under a millisecond here and 31 with eth_abi.
A call that fails is a value of its own (Failed), never a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.config import Limits
from bot.chain.endpoint import Endpoint
from bot.chain.rpc_errors import Meaning, RpcError
from bot.concurrency import gather
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import BlockStamp
from bot.core.types import Address

AGGREGATE3: Final = selector("aggregate3((address,bool,bytes)[])")
ERROR_STRING: Final = selector("Error(string)")
WORD: Final = json_rpc.WORD
CALL_OVERHEAD_GAS: Final = 5_000
"""What Multicall3 itself spends on one call, call data included."""
TRANSACTION_GAS: Final = 60_000
"""What a request costs before its call begins: 21,000, its data, and on some chains the data's price on another one."""
_TOO_MUCH: Final = frozenset({Meaning.CONTRACT, Meaning.TOO_LARGE, Meaning.TOO_MANY_RESULTS})


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One contract call; two calls are the same if they are the same object, so that results are found fast.

    ``words`` is the least number of ABI words that a true answer has; ``gas`` what it costs at most. A call that is to
    be made ``alone`` is a call of its own with just that gas: a hostile contract affects only its own answer.
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


@dataclass(frozen=True, slots=True)
class Unread:
    """The node could not make a call that is to be made alone: nothing is known of the contract, ask again later."""

    reason: str


Result = bytes | Failed | Unread


@dataclass(frozen=True, slots=True)
class _Chunk:
    calls: tuple[Call, ...]
    gas: int
    data: str
    """Of the whole multicall; empty where each call is a request of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A list of calls, encoded once and cut into chunks that an endpoint takes; used again while the list stays.

    ``cuts`` holds the chunks by the gas that a request may use: some endpoints allow less than is configured.
    """

    calls: tuple[Call, ...]
    cuts: dict[int, tuple[_Chunk, ...]]


class Multicall:
    """Makes plans and runs them. ``address`` None: through JSON-RPC batches."""

    def __init__(self, address: Address | None, limits: Limits) -> None:
        self._address = address
        self._limits = limits

    def plan(self, calls: Iterable[Call]) -> Plan:
        """Encode a list of calls; those to be made alone come last."""
        plan = Plan(tuple(sorted(calls, key=lambda call: call.alone)), {})
        self._chunks(plan, self._limits.max_call_gas)
        return plan

    async def run(self, endpoint: Endpoint, plan: Plan, block: BlockStamp, *, lenient: bool = False) -> list[Result]:
        """Run a plan at one block; every chunk is pinned to its hash.

        A node that can't be pinned to a hash is pinned to the number, and asked for the hash afterwards.

        Args:
            endpoint: who is asked.
            plan: what for.
            block: at which block.
            lenient: a call to be made alone that the node can't make is left Unread, instead of failing the plan.

        Raises:
            Retryable: an answer is missing or malformed, or the node doesn't know the block.
            SkipCycle: the block behind the number changed while it was read.
        """
        if not plan.calls:
            return []
        refused: RpcError | None = None
        if endpoint.learned.by_hash:
            pin = f'{{"blockHash":"{block.hash}","requireCanonical":true}}'
            try:
                return await self._run(endpoint, plan, pin, lenient=lenient)
            except RpcError as error:
                if error.meaning not in {Meaning.UNSUPPORTED, Meaning.FAULT}:
                    raise
                refused = error
        results = await self._run(endpoint, plan, f'"{block.number:#x}"', lenient=lenient)
        now = json_rpc.stamp(await endpoint.request("eth_getBlockByNumber", f'["{block.number:#x}",false]'))
        if now.hash != block.hash:
            raise SkipCycle(f"block {block.number} was replaced while it was read")
        if refused is not None and refused.meaning is Meaning.UNSUPPORTED:
            endpoint.learned.by_hash = False
        return results

    async def _run(self, endpoint: Endpoint, plan: Plan, pin: str, *, lenient: bool) -> list[Result]:
        async def one(chunk: _Chunk) -> list[Result]:
            if chunk.data:
                return await self._aggregate(endpoint, chunk, pin)
            return await self._singles(endpoint, chunk.calls, pin, lenient=lenient)

        chunks = self._chunks(plan, min(endpoint.learned.gas or self._limits.max_call_gas, self._limits.max_call_gas))
        parts = [await one(chunks[0])] if len(chunks) == 1 else await gather([one(chunk) for chunk in chunks])
        return [result for part in parts for result in part]

    def _chunks(self, plan: Plan, gas: int) -> tuple[_Chunk, ...]:
        found = plan.cuts.get(gas)
        if found is None:
            found = plan.cuts[gas] = tuple(self._chunk(part, gas) for part in self._cut(plan.calls, gas))
        return found

    def _cut(self, calls: Sequence[Call], most_gas: int) -> Iterable[tuple[Call, ...]]:
        part: list[Call] = []
        gas = size = 0
        for call in calls:
            call_gas, call_size = call.gas + CALL_OVERHEAD_GAS, _padded(call.data) + 6 * WORD
            if part and part[-1].alone is not call.alone:
                full = True
            elif call.alone or self._address is None:
                full = len(part) == self._limits.max_batch
            else:
                full = gas + call_gas > most_gas
            if part and (full or size + call_size > self._limits.max_call_bytes):
                yield tuple(part)
                part, gas, size = [], 0, 0
            part.append(call)
            gas, size = gas + call_gas, size + call_size
        if part:
            yield tuple(part)

    def _chunk(self, calls: tuple[Call, ...], gas: int) -> _Chunk:
        is_shared = self._address is not None and not calls[0].alone
        return _Chunk(calls, gas, f"0x{encode(calls).hex()}" if is_shared else "")

    async def _aggregate(self, endpoint: Endpoint, chunk: _Chunk, pin: str) -> list[Result]:
        """Make a multicall; one for which an endpoint allows less gas or fewer bytes is made with less, or cut in two.

        Multicall3 itself neither reverts nor halts unless its gas or the node's own limits end it.
        """
        text = f'[{{"to":"{self._address}","gas":"{chunk.gas:#x}","data":"{chunk.data}"}},{pin}]'
        try:
            answer = await endpoint.request("eth_call", text)
        except RpcError as error:
            if error.meaning not in _TOO_MUCH or chunk.gas // 2 < _needed(chunk.calls[:1]):
                raise
        else:
            return await self._confirmed(endpoint, chunk, decode(json_rpc.data(answer), chunk.calls), pin)
        known, gas, calls = endpoint.learned.gas, chunk.gas // 2, chunk.calls
        endpoint.learned.gas = gas
        middle = len(calls) // 2 if _needed(calls) > gas else len(calls)
        parts = [part for part in (calls[:middle], calls[middle:]) if part]
        try:
            return [result for part in parts for result in await self._aggregate(endpoint, self._chunk(part, gas), pin)]
        except RpcError:
            endpoint.learned.gas = known
            raise

    async def _confirmed(self, endpoint: Endpoint, chunk: _Chunk, results: list[Result], pin: str) -> list[Result]:
        """Repeat, each by itself, the calls that failed without revert data.

        A call that reverts without a reason looks the same as one that the others left no gas for: nodes silently cut a
        call's gas to their own cap.
        """
        silent = [at for at, result in enumerate(results) if isinstance(result, Failed) and not result.data]
        if not silent:
            return results
        alone = await self._singles(endpoint, [chunk.calls[at] for at in silent], pin, lenient=False)
        for at, result in zip(silent, alone, strict=True):
            results[at] = result
        if len(chunk.calls) > 1 and not all(isinstance(result, Failed) for result in alone):
            endpoint.learned.gas = chunk.gas // 2
        return results

    async def _singles(self, endpoint: Endpoint, calls: Sequence[Call], pin: str, *, lenient: bool) -> list[Result]:
        requests = [
            ("eth_call", f'[{{"to":"{call.target}","gas":"{_gas(call):#x}","data":"0x{call.data.hex()}"}},{pin}]')
            for call in calls
        ]
        answers = await endpoint.batch(requests)
        return [_single(answer, lenient=lenient and call.alone) for call, answer in zip(calls, answers, strict=True)]


def _needed(calls: Sequence[Call]) -> int:
    """Return the gas that a multicall of these calls may use."""
    return sum(call.gas + CALL_OVERHEAD_GAS for call in calls) + TRANSACTION_GAS


def _gas(call: Call) -> int:
    """Return the limit of a request for this call alone: what it may use, and what any transaction costs."""
    return call.gas + TRANSACTION_GAS


def _single(answer: object, *, lenient: bool) -> Result:
    """Distinguish a contract's own revert from an error of the node."""
    if not isinstance(answer, RpcError):
        return json_rpc.data(answer)
    if answer.meaning is Meaning.CONTRACT:
        return Failed(json_rpc.data(answer.data or "0x"))
    if lenient and answer.meaning is not Meaning.NO_STATE:
        return Unread(answer.said)
    raise answer


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
