"""Calls and transactions as plain values: encoded here, sent by the chain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.grammar import TupleType, parse
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bot.core.types import Address

MAX_UINT128: Final = 2**128 - 1
MAX_UINT256: Final = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Tx:
    """A transaction to be mined. ``to`` None creates a contract; ``value`` in wei.

    ``gas`` is a limit, not an estimate: estimates fail for what depends on transactions earlier in the same block.
    """

    sender: Address
    to: Address | None
    data: bytes
    value: int = 0
    gas: int = 10_000_000


def calldata(signature: str, *args: object) -> bytes:
    """Encode a call, such as ``calldata("transfer(address,uint256)", to, 5)``; structs as nested tuples."""
    selector, types = _signature(signature)
    return selector + encode(types, args)


def arguments(types: str, *args: object) -> bytes:
    """Encode constructor arguments, such as ``arguments("(address,uint8)", to, 6)``."""
    return encode(_types(types), args)


def decoded(types: str, data: bytes) -> tuple[Any, ...]:
    """Decode a call's answer, such as ``decoded("(uint256,uint256)", data)``."""
    return decode(_types(types), data)


def address_of(text: str) -> Address:
    """Return an address (hexadecimal, any case) with its checksum."""
    return Address(to_checksum_address(text))


def created_by(sender: Address) -> Address:
    """Return the address of the first contract that an account creates: keccak(rlp(sender, 0))."""
    return address_of("0x" + keccak(b"\xd6\x94" + bytes.fromhex(sender[2:]) + b"\x80")[12:].hex())


def mapping_slot(key: int, slot: int) -> int:
    """Return the storage slot of ``mapping[key]`` where the mapping itself is at ``slot`` (Solidity's layout)."""
    return int.from_bytes(keccak((key % 2**256).to_bytes(32) + slot.to_bytes(32)))


@cache
def _signature(signature: str) -> tuple[bytes, tuple[str, ...]]:
    return keccak(text=signature)[:4], _types(signature[signature.index("(") :])


@cache
def _types(types: str) -> tuple[str, ...]:
    if types == "()":  # which eth_abi's grammar does not know
        return ()
    parsed = parse(types)
    if not isinstance(parsed, TupleType):
        raise TypeError(f"{types} is no list of types in brackets")
    return tuple(component.to_type_str() for component in parsed.components)
