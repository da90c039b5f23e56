"""What the protocols' traces share: asking contracts that an owner's transfers name, whatever they may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from bot.chain import json_rpc
from bot.chain.batched_reads import Missing, Reads
from bot.chain.multicall import Call
from bot.chain.tokens import BALANCE_OF
from bot.core.types import Address

_GAS: Final = 200_000


def ask(reads: Reads, data: bytes, contracts: Iterable[Address]) -> dict[Address, bytes]:
    """Ask strangers' contracts one thing; those that answer a word at least are in the answer.

    Raises:
        Missing: answers are not there yet.
    """
    calls = {contract: _call(contract, data) for contract in contracts}
    reads.want(calls.values())
    found, is_whole = dict[Address, bytes](), True
    for contract, call in calls.items():
        try:
            answer = reads.answer(call)
        except Missing:
            is_whole = False
            continue
        if isinstance(answer, bytes) and len(answer) >= json_rpc.WORD:
            found[contract] = answer
    if not is_whole:
        raise Missing
    return found


@lru_cache(maxsize=1 << 16)
def _call(contract: Address, data: bytes) -> Call:
    """Return the call that asks this, the same one in every pass."""
    return Call(contract, data, words=0, gas=_GAS, alone=True)


def joined(values: Mapping[str, object], key: str, found: Iterable[object]) -> Mapping[str, object] | None:
    """Return values with more in one of their lists; None where there is nothing."""
    given = values.get(key)
    before = list(given) if isinstance(given, list | tuple) else []
    together = list(dict.fromkeys((*before, *found)))
    return {**values, key: together} if together else (values or None)


def held(reads: Reads, contracts: Iterable[Address], owners: Iterable[Address]) -> set[Address]:
    """Return the contracts in which an owner has a balance.

    Raises:
        Missing: answers are not there yet.
    """
    found, is_whole = set[Address](), True
    for owner in owners:
        try:
            answers = ask(reads, BALANCE_OF + json_rpc.encode_address(owner), contracts)
        except Missing:
            is_whole = False
            continue
        found.update(contract for contract, answer in answers.items() if any(answer[: json_rpc.WORD]))
    if not is_whole:
        raise Missing
    return found
