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
NOWHERE: Final = Address("0x000000000000000000000000000000000000dEaD")
"""Where a contract is named that nothing asks."""
_RLP_TEXT: Final = b"\x80"
_RLP_LIST: Final = 0xC0
MUCH_GAS: Final = 100_000_000
"""Gas for what deploys or crosses many ticks."""


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


def created_by(sender: Address, nonce: int = 0) -> Address:
    """Return the address of the contract that an account creates with a nonce: keccak(rlp(sender, nonce))."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8)
    if len(number) != 1 or number >= _RLP_TEXT:
        number = bytes([_RLP_TEXT[0] + len(number)]) + number
    body = bytes([_RLP_TEXT[0] + 20]) + bytes.fromhex(sender[2:]) + number
    return address_of("0x" + keccak(bytes([_RLP_LIST + len(body)]) + body)[12:].hex())


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
