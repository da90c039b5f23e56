"""Voters, which pay gauges: one that a voter has killed holds what it has, and gets nothing more."""

from __future__ import annotations

from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.multicall import Call, Failed
from bot.core.types import NOBODY, Address

VOTER: Final = selector("voter()")
IS_ALIVE: Final = selector("isAlive(address)")


def life_call(voter: Address, gauge: Address) -> Call:
    """Make the call that asks whether a gauge is paid."""
    return Call(voter, IS_ALIVE + json_rpc.encode_address(gauge), words=0)


def is_killed(answer: bytes | Failed) -> bool:
    """Return whether a voter says that a gauge is paid no more; one that can't tell says nothing against it."""
    return isinstance(answer, bytes) and len(answer) >= json_rpc.WORD and not json_rpc.uint(answer)


def named(answer: bytes | Failed) -> Address | None:
    """Return the address that was answered; None where the contract has no such function, or it is nobody's."""
    if isinstance(answer, Failed) or len(answer) < json_rpc.WORD:
        return None
    found = json_rpc.address(answer)
    return None if found == NOBODY else found
