"""Repeatable random numbers: splitmix64, whose whole state is one number, kept with the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_MASK: Final = (1 << 64) - 1


def draw(state: int) -> tuple[int, Decimal]:
    """Return the next state, and a number from 0 up to but without 1, in steps of 1e-9."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    mixed = state
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    mixed ^= mixed >> 31
    return state, Decimal(mixed % 10**9).scaleb(-9)
