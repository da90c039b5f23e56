"""Who signs an action: the hash of its bytes, the EIP-712 of the venue, the nonces that a signer has used.

Source: the documentation (Signing, Nonces and API wallets) and the vectors of the venue's own SDK.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Final

from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from bot.paper.servers.desk import Desk
from bot.paper.servers.hyperliquid import errors
from bot.paper.servers.hyperliquid.packing import packed
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import millis

MAIN_HOST: Final = "api.hyperliquid.xyz"
TEST_HOST: Final = "api.hyperliquid-testnet.xyz"
_KEPT: Final = 100
"""Documented: how many of a signer's highest nonces the venue keeps."""
_PAST, _AHEAD = timedelta(days=2), timedelta(days=1)
"""Documented: how far from its time a nonce may lie."""
_DOMAIN: Final = keccak(
    keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak(text="Exchange")
    + keccak(text="1")
    + (1337).to_bytes(32)
    + bytes(32)
)
_AGENT: Final = keccak(text="Agent(string source,bytes32 connectionId)")


@cache
def address_of(secret: str) -> str:
    """Return the address of a private key."""
    return PrivateKey(bytes.fromhex(secret)).public_key.to_address()


@dataclass(slots=True)
class Nonces:
    """The nonces of each signer, lowest first, as far as they are kept."""

    used: dict[str, list[int]] = field(default_factory=dict)

    def take(self, signer: str, nonce: int, now: int) -> None:
        """Use a nonce.

        Raises:
            VenueError: it was used, is too low, or too far from the time.
        """
        kept = self.used.setdefault(signer, [])
        if nonce in kept:
            raise errors.refused(f"Invalid nonce: duplicate nonce {nonce}")
        low, high = now - _PAST // timedelta(milliseconds=1), now + _AHEAD // timedelta(milliseconds=1)
        if not low < nonce < high or (len(kept) == _KEPT and nonce < kept[0]):
            raise errors.refused(f"Invalid nonce: {nonce} is not in the window of {now}")
        insort(kept, nonce)
        del kept[:-_KEPT]


def signed(desks: Mapping[str, Desk], incoming: Incoming, body: Mapping[str, object], nonces: Nonces) -> Desk:
    """Return the customer whose agent signed an action, and use up its nonce.

    Raises:
        VenueError: nobody's agent signed it, its nonce is spent, its last time has passed.
    """
    action, nonce, expires = body.get("action"), body.get("nonce"), body.get("expiresAfter")
    if not isinstance(action, dict) or not _is_moment(nonce) or not (expires is None or _is_moment(expires)):
        raise errors.unread("action, nonce or expiresAfter")
    vault = body.get("vaultAddress")
    if vault is not None and not isinstance(vault, str):
        raise errors.unread("vaultAddress")
    agents = {address_of(desk.credentials.secret): desk for desk in desks.values()}
    said = [_signer(body.get("signature"), action, nonce, vault, expires, source) for source in _sources(incoming)]  # type: ignore[arg-type] # checked above
    signer = next((one for one in said if one in agents), said[0])
    if signer not in agents:
        raise errors.no_signer(signer)
    now = millis(incoming.at)
    if isinstance(expires, int) and expires < now:
        raise errors.refused(f"Action expired at {expires}")
    nonces.take(signer, int(str(nonce)), now)
    if vault is not None:
        raise errors.refused(f"Vault not registered: {vault}")
    return agents[signer]


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _sources(incoming: Incoming) -> Sequence[str]:
    """Return which network an action may be signed for: the host's; either where the host is not the venue's."""
    host = incoming.headers.get("host", "").partition(":")[0]
    return {MAIN_HOST: "a", TEST_HOST: "b"}.get(host, "ab")


def _signer(signature: object, action: object, nonce: int, vault: str | None, expires: int | None, source: str) -> str:
    """Return who signed; wrong bytes are somebody else's signature."""
    parts = signature if isinstance(signature, dict) else {}
    try:
        owner = b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))
        end = b"" if expires is None else b"\x00" + expires.to_bytes(8)
        connection = keccak(packed(action) + nonce.to_bytes(8) + owner + end)
        digest = keccak(b"\x19\x01" + _DOMAIN + keccak(_AGENT + keccak(text=source) + connection))
        vrs = (int(parts["v"]) - 27, int(str(parts["r"]), 16), int(str(parts["s"]), 16))
        return Signature(vrs=vrs).recover_public_key_from_msg_hash(digest).to_address()
    except (KeyError, ValueError, TypeError, BadSignature, ValidationError) as error:
        raise errors.unread("signature") from error
