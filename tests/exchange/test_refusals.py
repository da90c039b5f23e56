"""Codes that no waiting mends: a write is rejected by them, a start ends with what to do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.errors import ConfigError
from bot.core.orders import Rejected
from bot.core.types import ClientOrderId
from tests.exchange.loopback import Reply
from tests.exchange.scene import ETH, Scene, intent

KEY_PATHS = {"binance": "/sapi/v1/account/apiRestrictions", "bitget": "/api/v2/spot/account/info"}
PLACE = {"binance": "/fapi/v1/order", "bitget": "/api/v2/mix/order/place-order"}
REJECTED = {
    "binance": ("-2023", "-4087", "-4088", "-4140", "-4400", "-4401", "-4402", "-4403"),
    "bitget": ("40085", "40099", "43011"),
}
UNIFIED = "You are in Unified Account mode, and the Classic Account API is not supported at this time"


def answer(venue: str, code: str, message: str, status: int = 400) -> Reply:
    body = {"code": int(code), "msg": message} if venue == "binance" else {"code": code, "msg": message, "data": None}
    return Reply(body, status=status)


RESTRICTED = ("0", 451, "Service unavailable from a restricted location", "does not serve this location")
AT_THE_START = {
    "binance": (
        RESTRICTED,
        ("-2015", 401, "Invalid API-key, IP, or permissions for action.", "does not accept the key"),
        ("-2014", 401, "API-key format invalid.", "does not accept the key, which has not the form of one"),
        ("-1022", 400, "Signature for this request is not valid.", "the secret is another key's"),
        ("-1011", 400, "This IP cannot access this route.", "allow it for the key"),
        ("-2017", 400, "API Keys are locked on this account.", "unlock them"),
        ("-4109", 400, "Inactive account.", "transfer any amount"),
    ),
    "bitget": (
        RESTRICTED,
        ("40085", 400, UNIFIED, "a unified one; set kind = .bitget-uta."),
        ("40099", 400, "exchange environment is incorrect", "of another environment"),
        ("40006", 400, "Invalid ACCESS_KEY", "does not accept the key"),
        ("40018", 400, "Invalid IP", "allow it for the key"),
        ("40038", 400, "The current ip is not in the apikey ip whitelist", "allow it for the key"),
        ("40014", 400, "Incorrect permissions, need contract order write permissions", "read and trade permissions"),
        ("40012", 400, "apikey/password is incorrect", "passphrase belong together"),
        ("40103", 400, "based on your IP address", "does not serve this location"),
        ("40035", 400, "complete KYC first", "identified first"),
        ("40024", 400, "Account has been frozen", "ask its support"),
    ),
}


async def test_what_only_a_person_can_mend_ends_the_start_with_what_to_do(scene: Scene) -> None:
    venue = scene.exchange.link.config.kind
    for code, status, message, says in AT_THE_START[venue]:
        reply = answer(venue, code, message, status)
        scene.server.faults["GET", KEY_PATHS[venue]] = lambda _, reply=reply: reply  # type: ignore[misc] # bound now
        with pytest.raises(ConfigError, match=says):
            await scene.exchange.check([ETH])
    assert scene.server.writes == []


async def test_a_write_that_no_repetition_mends_is_rejected(scene: Scene) -> None:
    await scene.ready()
    venue = scene.exchange.link.config.kind
    for number, code in enumerate(REJECTED[venue], 1):
        scene.server.faults["POST", PLACE[venue]] = lambda _, code=code: answer(venue, code, "no")  # type: ignore[misc] # bound now
        outcome = await scene.exchange.place(intent(quantity=Decimal("-0.5"), price=Decimal(2990), number=number))
        assert isinstance(outcome, Rejected), code
        assert (outcome.code, outcome.client_id) == (code, ClientOrderId(f"bot-1-{number}"))
