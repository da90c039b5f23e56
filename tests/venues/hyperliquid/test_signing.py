"""Hashes and signatures against those that the venue's own SDK publishes with its tests."""

from __future__ import annotations

import msgpack  # type: ignore[import-untyped]
from eth_keys.datatypes import PrivateKey

from bot.venues.hyperliquid import signing

KEY = PrivateKey(bytes.fromhex("0123456789" * 6 + "0123"))
DUMMY = {"type": "dummy", "num": 100000000000}


def signed(action: object, nonce: int, vault: str = "", *, testnet: bool = False) -> tuple[str, str, int]:
    digest = signing.digest(signing.action_hash(msgpack.packb(action), nonce, vault, None), testnet=testnet)
    made = KEY.sign_msg_hash(digest)
    return f"{made.r:#x}", f"{made.s:#x}", made.v + 27


def test_the_hash_of_an_order_of_the_main_network() -> None:
    order = {"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False, "t": {"limit": {"tif": "Ioc"}}}
    action = {"type": "order", "orders": [order], "grouping": "na"}
    found = signing.action_hash(msgpack.packb(action), 1677777606040, "", None)
    assert found.hex() == "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"


def test_a_signature_of_the_main_network() -> None:
    assert signed(DUMMY, 0) == (
        "0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298",
        "0x755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8",
        27,
    )


def test_a_signature_of_the_testnet_is_another() -> None:
    assert signed(DUMMY, 0, testnet=True)[0] != signed(DUMMY, 0)[0]


def test_vault_and_last_time_are_signed() -> None:
    packed = msgpack.packb(DUMMY)
    hashes = {
        signing.action_hash(packed, 0, "", None),
        signing.action_hash(packed, 0, "0x" + "5a" * 20, None),
        signing.action_hash(packed, 0, "", 0),
        signing.action_hash(packed, 1, "", None),
    }
    assert len(hashes) == 4
