"""What a pool's hook may do when liquidity is taken out: its permissions are bits of its address (Hooks.sol)."""

from __future__ import annotations

from typing import Final

from bot.core.types import Address

BEFORE_REMOVE: Final = 1 << 9
AFTER_REMOVE: Final = 1 << 8
AFTER_REMOVE_TAKES: Final = 1 << 0


def objection(hook: Address) -> str | None:
    """Return what speaks against believing that a withdrawal pays what the pool says; None where nothing does.

    A hook that runs at a withdrawal can revert and so stop it, whichever side of it it runs on. Other permissions act
    on initialising, adding, swapping and donating alone.
    """
    bits = int(hook, 16)
    if bits & AFTER_REMOVE and bits & AFTER_REMOVE_TAKES:
        return "may take what it likes of a withdrawal"
    if bits & (BEFORE_REMOVE | AFTER_REMOVE):
        return "runs at every withdrawal and may stop it"
    return None
