"""What leaves as an action, whose signature proves it, and what becomes of an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from eth_account import Account as Signer
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from pydantic import SecretStr

from bot.core.orders import (
    Accepted,
    OrderKind,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    RejectReason,
    TimeInForce,
    Unknown,
)
from bot.exchange.fields import milliseconds_of
from bot.venues.hyperliquid import Account
from tests.exchange.loopback import Certificate, Reply, Seen
from tests.exchange.scene import START
from tests.recorded.files import named
from tests.venues.hyperliquid.scene import ETH, FILLED, KEY, REST, STOP, USER, D, Played, intent, played

SUB = "0x" + "5a" * 20
AGENT = str(named("hyperliquid", "user_role_agent").query["user"])
POST_ONLY = TimeInForce.POST_ONLY


def signer_of(seen: Seen, source: str = "a") -> str:
    """Return who signed an action, by the EIP-712 of eth-account and the MessagePack of msgpack."""
    body: Any = seen.params
    vault = body.get("vaultAddress")
    owner = b"\x01" + bytes.fromhex(vault[2:]) if vault else b"\x00"
    end = b"\x00" + body["expiresAfter"].to_bytes(8)
    connection = keccak(msgpack.packb(body["action"]) + body["nonce"].to_bytes(8) + owner + end)
    domain = {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": "0x" + "0" * 40}
    types = {"Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]}
    message = encode_typed_data(domain, types, {"source": source, "connectionId": connection})
    parts = body["signature"]
    signature = (parts["v"], int(parts["r"], 16), int(parts["s"], 16))
    return str(Signer.recover_message(message, vrs=signature)).lower()


async def placed(venue: Played, *names: str, **how: Any) -> tuple[Outcome, Any]:  # noqa: ANN401
    """Place an order that is answered by a recording; return the outcome and the action."""
    await venue.exchange.check([ETH])
    venue.show(*names)
    outcome = await venue.exchange.place(intent(**how))
    (seen,) = venue.writes
    assert signer_of(seen) == AGENT
    return outcome, seen.params["action"]


async def test_an_immediate_order_is_sent_as_documented(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        outcome, action = await placed(venue, "order_filled", quantity="-0.50004", price="2990.04")
        order = {"a": 1, "b": False, "p": "2990.1", "s": "0.5", "r": False, "t": {"limit": {"tif": "Ioc"}}, "c": FILLED}
        assert action == {"type": "order", "orders": [order], "grouping": "na"}
        assert list(action) == ["type", "orders", "grouping"]
        assert isinstance(outcome, Accepted)
        report = outcome.report
        assert (report.status, report.filled, report.average_price) == (OrderStatus.FILLED, D("-0.5"), D("2999.94"))
        (sent,) = venue.writes
        assert set(sent.params) == {"action", "nonce", "signature", "expiresAfter"}
        assert sent.params["nonce"] == milliseconds_of(START)
        assert sent.params["expiresAfter"] == milliseconds_of(START) + 5000


async def test_a_part_that_filled_ends_an_immediate_order(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        outcome, _ = await placed(venue, "order_filled", quantity="-0.7", price="2990")
        assert isinstance(outcome, Accepted)
        assert (outcome.report.status, outcome.report.filled) == (OrderStatus.CANCELLED, D("-0.5"))


async def test_a_post_only_order_rests(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        outcome, action = await placed(venue, "order_resting", quantity="-0.5", price="3100.2", tif=POST_ONLY)
        assert action["orders"][0]["t"] == {"limit": {"tif": "Alo"}}
        assert isinstance(outcome, Accepted)
        assert (outcome.report.status, outcome.report.venue_order_id) == (OrderStatus.OPEN, "91490942")


@pytest.mark.parametrize(
    ("quantity", "trigger", "sent", "bound"),
    [("1.5", "3900.07", "3900", "4290"), ("-1.5", "2500.02", "2500.1", "2250.1"), ("1.5", "12345.6", "12345", "13580")],
)
async def test_a_stop_is_bounded_well_beyond_its_trigger(
    certificate: Certificate, quantity: str, trigger: str, sent: str, bound: str
) -> None:
    async with played(certificate) as venue:
        how = {"kind": OrderKind.STOP_MARKET, "reduce_only": True, "client_id": STOP}
        outcome, action = await placed(venue, "order_resting", quantity=quantity, trigger=trigger, **how)
        (order,) = action["orders"]
        assert order["t"] == {"trigger": {"isMarket": True, "triggerPx": sent, "tpsl": "sl"}}
        assert (order["r"], order["p"]) == (True, bound)
        assert isinstance(outcome, Accepted)
        assert (outcome.report.kind, outcome.report.status) == (OrderKind.STOP_MARKET, OrderStatus.OPEN)


async def test_a_market_order_is_bounded_by_the_mark(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        venue.clock.advance(61)
        venue.server.faults["POST", "/info"] = lambda _: Reply(status=500)
        held_back = await venue.exchange.place(intent("0.5", kind=OrderKind.MARKET, reduce_only=True))
        assert isinstance(held_back, Rejected)
        assert (held_back.reason, venue.writes) == (RejectReason.NOT_SENT, [])
        venue.server.faults.clear()
        _, action = await placed(venue, "order_filled", quantity="0.5", kind=OrderKind.MARKET, reduce_only=True)
        assert (action["orders"][0]["p"], action["orders"][0]["t"]) == ("3150.1", {"limit": {"tif": "Ioc"}})


async def test_a_cancellation_names_the_client_id(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        venue.show("cancel_success", "order_status_scheduled_cancel", "user_fills_none")
        outcome = await venue.exchange.cancel(REST, ETH)
        (seen,) = venue.writes
        assert seen.params["action"] == {"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": REST}]}
        assert signer_of(seen) == AGENT
        assert isinstance(outcome, Unknown)
        gone = await venue.exchange.lookup(REST, ETH)
        assert isinstance(gone, OrderReport)
        assert gone.status is OrderStatus.CANCELLED


async def test_a_cancellation_that_finds_nothing_is_asked_once(certificate: Certificate) -> None:
    async with played(certificate, "cancel_error") as venue:
        await venue.exchange.check([ETH])
        assert isinstance(await venue.exchange.cancel(REST, ETH), Rejected)
        assert len(venue.writes) == 1


async def test_margin_mode_and_leverage_are_set_together_before_an_add(certificate: Certificate) -> None:
    async with played(certificate, margin_mode="isolated") as venue:
        await venue.exchange.check([ETH])
        venue.show("default")
        isolated = named("hyperliquid", "active_asset_data_eth")
        assert isinstance(isolated.body, dict)
        told = {**isolated.body, "leverage": {"type": "isolated", "value": 20, "rawUsd": "0.0"}}

        def act(seen: Seen) -> Reply:
            venue.shown.insert(0, replace(isolated, body=told))
            name = "default" if seen.params["action"]["type"] == "updateLeverage" else "order_filled"  # type: ignore[index]
            return named("hyperliquid", name).reply(0)

        venue.server.faults["POST", "/exchange"] = act
        assert isinstance(await venue.exchange.place(intent("-0.5", "2990")), Accepted)
        first, second = (one.params["action"] for one in venue.writes)
        assert first == {"type": "updateLeverage", "asset": 1, "isCross": False, "leverage": 20}
        assert second["type"] == "order"  # type: ignore[index]


async def test_margin_is_added_to_the_cent(certificate: Certificate) -> None:
    async with played(certificate, "default", margin_mode="isolated") as venue:
        await venue.exchange.check([ETH])
        assert await venue.exchange.add_margin(ETH, D("12.709")) is None
        (seen,) = venue.writes
        assert seen.params["action"] == {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": 12_700_000}


async def test_an_action_for_a_sub_account_carries_and_signs_it(certificate: Certificate) -> None:
    async with played(
        certificate, account=Account(account_address=USER, agent_key=SecretStr(KEY), trade_for=SUB)
    ) as venue:
        sub = named("hyperliquid", "user_role_sub_account")
        venue.shown.insert(0, replace(sub, query={**sub.query, "user": SUB}))
        await placed(venue, "order_filled", quantity="-0.5", price="2990")
        assert venue.writes[0].params["vaultAddress"] == SUB


async def test_the_testnet_is_signed_for_as_such(certificate: Certificate) -> None:
    async with played(certificate, "order_filled", demo=True) as venue:
        await venue.exchange.check([ETH])
        await venue.exchange.place(intent("-0.5", "2990"))
        (seen,) = venue.writes
        assert (signer_of(seen, "b"), seen.headers["Host"]) == (AGENT, "api.hyperliquid-testnet.xyz")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Insufficient margin to place order. asset=1", RejectReason.INSUFFICIENT_MARGIN),
        ("Order must have minimum value of $10. asset=1", RejectReason.BELOW_MIN_NOTIONAL),
        ("Reduce only order would increase position. asset=1", RejectReason.REDUCE_ONLY),
        ("Post only order would have immediately matched, bbo was 3650.1@3650.2. asset=1", RejectReason.WOULD_TAKE),
        ("Invalid TP/SL price. asset=1", RejectReason.WOULD_TRIGGER),
        ("Price must be divisible by tick size. asset=1", RejectReason.BAD_TICK),
        ("Order could not immediately match against any resting orders. asset=1", RejectReason.PRICE_OUT_OF_BAND),
        ("Something that nobody ever explained", None),
        ("Order may have been placed", None),
    ],
)
async def test_a_refusal_is_believed_by_its_text_alone(
    certificate: Certificate, text: str, reason: RejectReason | None
) -> None:
    async with played(certificate, "order_error") as venue:
        error = named("hyperliquid", "order_error")
        told = {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": text}]}}}
        venue.shown.insert(0, replace(error, body=told))
        outcome, _ = await placed(venue, quantity="-0.5", price="2990")
        assert outcome.reason is reason if isinstance(outcome, Rejected) else reason is None
        assert isinstance(outcome, Rejected | Unknown)


@pytest.mark.parametrize(
    ("name", "reason"), [("err_wallet", RejectReason.OTHER), ("err_budget", RejectReason.TOO_MANY_ORDERS)]
)
async def test_an_action_that_is_refused_whole_changed_nothing(
    certificate: Certificate, name: str, reason: RejectReason
) -> None:
    async with played(certificate) as venue:
        outcome, _ = await placed(venue, name, quantity="-0.5", price="2990")
        assert isinstance(outcome, Rejected)
        assert outcome.reason is reason


UNDECODED = b"Failed to deserialize the JSON body into the target type: orders[0].c: invalid length"


@pytest.mark.parametrize(
    ("reply", "is_rejected"),
    [
        (Reply(raw=UNDECODED, content_type="text/plain", status=422), True),
        (Reply(raw=UNDECODED, content_type="text/plain", status=500), False),
        (Reply({"status": "err", "response": "Invalid nonce: duplicate nonce 1748779200000"}), False),
        (Reply({"status": "err", "response": "Action expired"}), False),
        (Reply({}), False),
        (Reply(None), False),
        (Reply(raw=b"<html>busy</html>", content_type="text/html", status=502), False),
        (Reply({"status": "err", "response": "Insufficient margin to place order."}, status=503), False),
        (Reply(drop=True), False),
    ],
)
async def test_what_proves_nothing_is_unknown(certificate: Certificate, reply: Reply, *, is_rejected: bool) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        venue.server.faults["POST", "/exchange"] = lambda _: reply
        outcome = await venue.exchange.place(intent("-0.5", "2990"))
        assert isinstance(outcome, Rejected if is_rejected else Unknown), outcome
        assert len(venue.writes) == 1


async def test_no_secret_is_said(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        venue.server.faults["POST", "/exchange"] = lambda _: Reply({"status": "err", "response": f"bad key {KEY}"})
        outcome = await venue.exchange.place(intent("-0.5", "2990"))
        assert KEY not in repr(outcome)
        assert KEY not in repr(venue.exchange.link.config)
