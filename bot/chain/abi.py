"""What a signature of a contract hashes to. Signatures are canonical: types alone, no names and no spaces."""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

SELECTOR_BYTES: Final = 4


def selector(signature: str) -> bytes:
    """Return the four bytes that begin a call, such as of ``balanceOf(address)``."""
    return keccak(text=signature)[:SELECTOR_BYTES]


def topic(signature: str) -> str:
    """Return the first topic of an event's logs, such as of ``Transfer(address,address,uint256)``."""
    return f"0x{keccak(text=signature).hex()}"
