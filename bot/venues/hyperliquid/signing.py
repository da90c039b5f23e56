"""What is signed for an action: the hash of its bytes, as an EIP-712 ``Agent`` of the venue's own domain.

Source: the documentation (Signing, Nonces and API wallets), and the published vectors that its SDK is tested with.
"""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

_DOMAIN: Final = keccak(
    keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak(text="Exchange")
    + keccak(text="1")
    + (1337).to_bytes(32)
    + bytes(32)
)
_AGENT: Final = keccak(text="Agent(string source,bytes32 connectionId)")


def action_hash(packed: bytes, nonce: int, vault: str, expires: int | None) -> bytes:
    """Return an action's hash.

    Args:
        packed: the action in MessagePack, its keys in the order in which they are sent.
        nonce: milliseconds.
        vault: the sub-account or vault that it is done for, ``0x`` and 40 digits; empty: the signer's own account.
        expires: after which time the venue must not do it any more, milliseconds.
    """
    owner = b"\x01" + bytes.fromhex(vault.removeprefix("0x")) if vault else b"\x00"
    end = b"" if expires is None else b"\x00" + expires.to_bytes(8)
    return keccak(packed + nonce.to_bytes(8) + owner + end)


def digest(connection: bytes, *, testnet: bool) -> bytes:
    """Return what is signed for an action's hash, 32 bytes."""
    agent = keccak(_AGENT + keccak(text="b" if testnet else "a") + connection)
    return keccak(b"\x19\x01" + _DOMAIN + agent)
