"""What the Hyperliquid server takes as signed, and what it makes of bodies that nobody should send."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.types import Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.servers.desk import Desk
from bot.paper.servers.hyperliquid.auth import MAIN_HOST, TEST_HOST, address_of
from bot.paper.servers.hyperliquid.packing import packed
from bot.paper.servers.hyperliquid.routes import ACTIONS, INFO
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.venue import Dialect, Incoming, Venue
from bot.paper.servers.wire import millis
from tests.paper.engine.scene import START
from tests.paper.exchange_scene import TestClock
from tests.paper.servers.flavours import rules_of
from tests.paper.servers.scene import Prices

D = Decimal
ETH, BTC = Symbol("ETH/USDC:USDC"), Symbol("BTC/USDC:USDC")
KEYS = SERVERS["hyperliquid"].issue("alice")
ORDER = {"a": 0, "b": False, "p": "1990", "s": "1", "r": False, "t": {"limit": {"tif": "Ioc"}}}
PLACE = {"type": "order", "orders": [ORDER], "grouping": "na"}
NOBODY = "does not exist."


@dataclass
class Client:
    """A customer who signs with eth-account and msgpack, at a venue that answers at once."""

    clock: TestClock = field(default_factory=TestClock)
    dialect: Dialect = field(default_factory=SERVERS["hyperliquid"].dialect)
    secret: str = KEYS.secret

    def __post_init__(self) -> None:
        rules = rules_of("hyperliquid")
        self.desk = Desk(KEYS, PaperEngine.open(rules, START, D(10_000)))
        self.venue = Venue(rules, [self.desk], Prices({ETH: D(2000), BTC: D(40_000)}), self.clock)
        self.venue.move()

    def body(self, action: object, *, source: str = "a", nonce: int | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        at = millis(self.clock.now()) if nonce is None else nonce
        vault, expires = more.get("vaultAddress"), more.get("expiresAfter")
        owner = b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault[2:])
        end = b"" if expires is None else b"\x00" + expires.to_bytes(8)
        connection = keccak(msgpack.packb(action) + at.to_bytes(8) + owner + end)
        domain = {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": "0x" + "0" * 40}
        types = {"Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]}
        message = encode_typed_data(domain, types, {"source": source, "connectionId": connection})
        made = Account.sign_message(message, self.secret)
        signature = {"r": f"{made.r:#x}", "s": f"{made.s:#x}", "v": made.v}
        return {"action": action, "nonce": at, "signature": signature, **more}

    def post(self, path: str, body: object, host: str = MAIN_HOST) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.dialect.answer(self.venue, Incoming("POST", path, "", {"host": host}, raw, self.clock.now()))
        is_json = answer.content_type == "application/json"
        return answer.status, json.loads(answer.body) if is_json else answer.body.decode()

    def act(self, action: object, **how: Any) -> Any:  # noqa: ANN401
        """Send an action; return the answer, or the text that refuses it."""
        status, body = self.post("/exchange", self.body(action, **how))
        assert status == 200
        return body["response"]


def test_an_action_of_the_agent_is_done() -> None:
    one = Client()
    (status,) = one.act(PLACE)["data"]["statuses"]
    assert status == {"filled": {"totalSz": "1", "avgPx": "1999.8", "oid": 1}}


@pytest.mark.parametrize(
    "change", [{"nonce": 1}, {"signature": "v"}, {"expiresAfter": 2**41}, {"vaultAddress": "0x" + "5a" * 20}]
)
def test_what_was_changed_after_it_was_signed_is_nobody_s(change: dict[str, Any]) -> None:
    one = Client()
    body = one.body(PLACE)
    if change == {"signature": "v"}:
        change = {"signature": {**body["signature"], "v": 55 - body["signature"]["v"]}}
    _, answer = one.post("/exchange", {**body, **change})
    assert answer["response"].endswith(NOBODY)
    order = {**PLACE, "orders": [{**ORDER, "s": "2"}]}
    _, answer = one.post("/exchange", {**body, "action": order})
    assert answer["response"].endswith(NOBODY)
    _, answer = one.post("/exchange", {**body, "action": dict(reversed(PLACE.items()))})
    assert answer["response"].endswith(NOBODY)
    assert one.desk.size(ETH) == 0


def test_each_network_has_its_own_signatures() -> None:
    one = Client()
    for number, (host, source, is_taken) in enumerate(
        [(MAIN_HOST, "b", False), (TEST_HOST, "a", False), (TEST_HOST, "b", True), ("127.0.0.1:8443", "b", True)]
    ):
        body = one.body(PLACE, source=source, nonce=millis(START) + number)
        _, answer = one.post("/exchange", body, host)
        assert (answer["status"] == "ok") is is_taken


def test_a_nonce_is_used_once_and_within_its_window() -> None:
    one = Client()
    now = millis(one.clock.now())
    assert one.act(PLACE, nonce=now)["type"] == "order"
    assert one.act(PLACE, nonce=now) == f"Invalid nonce: duplicate nonce {now}"
    for wrong in (now - 2 * 86_400_000 - 1, now + 86_400_000 + 1):
        assert one.act(PLACE, nonce=wrong).startswith(f"Invalid nonce: {wrong}")
    assert one.desk.size(ETH) == -1


def test_the_hundred_highest_nonces_are_kept() -> None:
    one = Client()
    now, cancel = millis(one.clock.now()), {"type": "cancel", "cancels": [{"a": 0, "o": 9}]}
    for number in range(100):
        assert one.act(cancel, nonce=now + number)["type"] == "cancel"
    assert one.act(cancel, nonce=now - 1).startswith("Invalid nonce")
    assert one.act(cancel, nonce=now + 100)["type"] == "cancel"
    assert one.act(cancel, nonce=now).startswith("Invalid nonce")


def test_an_action_that_comes_late_is_not_done() -> None:
    one = Client()
    now = millis(one.clock.now())
    assert one.act(PLACE, expiresAfter=now - 1) == f"Action expired at {now - 1}"
    assert one.act(PLACE, expiresAfter=now + 1)["type"] == "order"


def test_who_an_address_is() -> None:
    one = Client()

    def asked(kind: str, user: str) -> Any:  # noqa: ANN401
        return one.post("/info", {"type": kind, "user": user})[1]

    agent = address_of(KEYS.secret)
    assert asked("userRole", KEYS.key.upper().replace("0X", "0x")) == {"role": "user"}
    assert asked("userRole", agent) == {"role": "agent", "data": {"user": KEYS.key}}
    assert asked("userRole", "0x" + "1" * 40) == {"role": "missing"}
    assert asked("clearinghouseState", agent)["marginSummary"]["accountValue"] == "0.0"
    assert asked("clearinghouseState", KEYS.key)["marginSummary"]["accountValue"] == "10000.0"


def test_a_batch_is_answered_order_by_order() -> None:
    one = Client()
    orders = [ORDER, {**ORDER, "a": 9}, {**ORDER, "p": "1990.123"}, {**ORDER, "s": "0.0001"}, {**ORDER, "s": "0"}]
    statuses = one.act({**PLACE, "orders": orders})["data"]["statuses"]
    assert [status.get("error", "") for status in statuses] == [
        "",
        "Invalid asset. asset=9",
        "Price must be divisible by tick size. asset=0",
        "Order has invalid size. asset=0",
        "Order has zero size. asset=0",
    ]


@pytest.mark.parametrize("price", ["1990", "1990.1", "123456", "0.00001"])
@pytest.mark.parametrize("is_buy", [True, False])
def test_prices_have_five_digits_or_are_whole(price: str, *, is_buy: bool) -> None:
    (status,) = Client().act({**PLACE, "orders": [{**ORDER, "p": price, "b": is_buy}]})["data"]["statuses"]
    assert ("tick size" in str(status)) is (price == "0.00001")  # more decimals than a size of three leaves


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(string.printable, max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ORDER, "type", "oid", "x"]), inner),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([*INFO, "nothing"]),
    st.dictionaries(st.sampled_from(["user", "coin", "oid", "req", "startTime"]), BODIES),
)
def test_whatever_is_asked_is_answered(kind: str, more: dict[str, object]) -> None:
    status, _ = Client().post("/info", {"type": kind, **more})
    assert status in {200, 422}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([*ACTIONS, "nothing"]),
    st.dictionaries(
        st.sampled_from(["orders", "cancels", "asset", "leverage", "ntli", "order", "modifies", "isCross", "grouping"]),
        BODIES,
    ),
)
def test_whatever_is_signed_is_answered(kind: str, more: dict[str, object]) -> None:
    one = Client()
    try:
        body = one.body({"type": kind, **more})
    except (OverflowError, ValueError):
        return
    status, _ = one.post("/exchange", body)
    assert status in {200, 422}


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"[" * 20_000, b'{"type": {}}', b'{"action": 1}', b"\xff"])
@pytest.mark.parametrize("path", ["/info", "/exchange", "/nowhere"])
def test_a_body_that_is_none_is_refused(path: str, raw: bytes) -> None:
    status, said = Client().post(path, raw)
    assert status == 422
    assert said.startswith("Failed to deserialize the JSON body into the target type")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=300),
        lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    )
)
def test_actions_are_packed_as_msgpack_does(value: object) -> None:
    assert packed(value) == msgpack.packb(value)


def test_an_expired_window_of_time_frees_nothing() -> None:
    one = Client()
    body = one.body(PLACE)
    assert one.post("/exchange", body)[1]["status"] == "ok"
    one.clock.move(hours=1)
    assert one.post("/exchange", body)[1]["status"] == "err"
