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
    return {contract: answer for (contract, _), answer in answers(reads, [(one, data) for one in contracts]).items()}


def answers(reads: Reads, asked: Iterable[tuple[Address, bytes]]) -> dict[tuple[Address, bytes], bytes]:
    """Ask strangers' contracts; where a word at least is answered, it is in the answer.

    Raises:
        Missing: answers are not there yet.
    """
    calls = {one: _call(*one) for one in asked}
    reads.want(calls.values())
    found, is_whole = dict[tuple[Address, bytes], bytes](), True
    for one, call in calls.items():
        try:
            answer = reads.answer(call)
        except Missing:
            is_whole = False
            continue
        if isinstance(answer, bytes) and len(answer) >= json_rpc.WORD:
            found[one] = answer
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
    more = [one for one in found if one not in before]
    return {**values, key: [*before, *more]} if before or more else (values or None)


def held(reads: Reads, contracts: Iterable[Address], owners: Iterable[Address]) -> set[Address]:
    """Return the contracts in which an owner has a balance.

    Raises:
        Missing: answers are not there yet.
    """
    found, is_whole = set[Address](), True
    for owner in owners:
        try:
            balances = ask(reads, BALANCE_OF + json_rpc.encode_address(owner), contracts)
        except Missing:
            is_whole = False
            continue
        found.update(contract for contract, answer in balances.items() if any(answer[: json_rpc.WORD]))
    if not is_whole:
        raise Missing
    return found
