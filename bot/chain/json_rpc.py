"""Ethereum's JSON forms, read strictly: a quantity, a hash, a block header. Anything else is no answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from eth_utils.address import to_checksum_address

from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import Address, BlockHash

_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,64}")
_LARGEST: Final = 2**63
"""Block numbers, times and chain ids are far below it, and a database takes no more."""
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
WORD: Final = 32
MAX_TEXT: Final = 64


class OddAnswer(Retryable):
    """An answer that is not a value of its type."""


@contextmanager
def taken_at_their_word() -> Iterator[None]:
    """Turn arithmetic errors of decoding an answer into a fault of the endpoint.

    A word may hold any 256 bits, whatever its type is, and so a tick may not fit into 24 and a price may be no number.

    Raises:
        OddAnswer: an answer was no value of its type.
    """
    try:
        yield
    except (ArithmeticError, LookupError, ValueError) as error:
        raise OddAnswer(f"answered what is no value of its type ({type(error).__name__}: {error})") from error


def quantity(value: object) -> int:
    """Read a hexadecimal number below 2^63.

    Raises:
        Retryable: it is none.
    """
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise Retryable("answered no number where one was asked for")
    number = int(value, 16)
    if number >= _LARGEST:
        raise Retryable("answered an absurd number")
    return number


def address_of(value: object) -> Address:
    """Read an address.

    Raises:
        Retryable: it is none.
    """
    if not isinstance(value, str) or not is_address(value):
        raise Retryable("answered no address where one was asked for")
    return _checksummed(bytes.fromhex(value[2:]))


def is_address(text: str) -> bool:
    """Return whether a text is an address in hexadecimal."""
    return _ADDRESS.fullmatch(text) is not None


def block_hash(value: object) -> BlockHash:
    """Read a 32-byte hash.

    Raises:
        Retryable: it is none.
    """
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise Retryable("answered no hash where one was asked for")
    return BlockHash(value.lower())


def data(value: object) -> bytes:
    """Read a byte string.

    Raises:
        Retryable: it is none.
    """
    if not isinstance(value, str) or not value.startswith("0x"):
        raise Retryable("answered no data where some was asked for")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise Retryable("answered data that is no hexadecimal") from None


def stamp(value: object) -> BlockStamp:
    """Read a block header as ``eth_getBlockByNumber`` and ``newHeads`` give it.

    Raises:
        Retryable: the block is null or a field of it is missing or malformed.
    """
    if not isinstance(value, dict):
        raise Retryable("answered no block")
    try:
        return BlockStamp(
            number=quantity(value.get("number")),
            hash=block_hash(value.get("hash")),
            parent_hash=block_hash(value.get("parentHash")),
            timestamp=datetime.fromtimestamp(quantity(value.get("timestamp")), tz=UTC),
        )
    except (OverflowError, ValueError, OSError):
        raise Retryable("answered a block with an impossible timestamp") from None


def uint(answer: bytes, word: int = 0) -> int:
    """Read an unsigned ABI word.

    Raises:
        Retryable: it is not there, which is no zero.
    """
    return int.from_bytes(_word(answer, word), "big")


def sint(answer: bytes, word: int = 0) -> int:
    """Read a signed ABI word.

    Raises:
        Retryable: it is not there.
    """
    return int.from_bytes(_word(answer, word), "big", signed=True)


def _word(answer: bytes, word: int) -> bytes:
    end = word * WORD + WORD
    if len(answer) < end:
        raise Retryable(f"answered {len(answer)} bytes where word {word + 1} was asked for")
    return answer[end - WORD : end]


@lru_cache(maxsize=65536)
def _checksummed(raw: bytes) -> Address:
    return Address(str(to_checksum_address(raw)))


def address(answer: bytes, word: int = 0) -> Address:
    """Read an ABI word as a checksummed address.

    Raises:
        Retryable: it is not there.
    """
    return _checksummed(_word(answer, word)[12:])


def encode_address(value: Address) -> bytes:
    """Write an address as an ABI word."""
    return bytes.fromhex(value[2:]).rjust(WORD, b"\0")


def encode_uint(value: int) -> bytes:
    """Write an unsigned ABI word."""
    return value.to_bytes(WORD, "big")


def encode_int(value: int) -> bytes:
    """Write a signed ABI word."""
    return value.to_bytes(WORD, "big", signed=True)


def text(answer: bytes) -> str:
    """Read an ABI string, or the ``bytes32`` that some old tokens answer instead; only printable characters."""
    raw = answer.rstrip(b"\0") if len(answer) < 2 * WORD else answer[2 * WORD :][: uint(answer, 1)]
    return "".join(char for char in raw[:MAX_TEXT].decode(errors="replace") if char.isprintable())
