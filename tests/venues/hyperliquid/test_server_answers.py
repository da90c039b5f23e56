"""The venue server's answers beside the recorded ones: the same fields of the same types, difference for difference."""

from __future__ import annotations

import json
from typing import Any, Final

from bot.paper.servers.hyperliquid.streams import Stream
from tests.paper.servers.test_hyperliquid_wire import KEYS, ORDER, PLACE, Client
from tests.recorded.files import Certainty, Recording, dated, recordings
from tests.recorded.shapes import differences, shape_of

Answers = dict[str, list[object]]
CLOID: Final = "0x" + "ab" * 16
NOT_SERVED: Final = {"vaultDetails", "waitingForTrigger"}
"""Accounts here lead no vaults, and brackets are not served."""


def lived() -> Answers:
    """Live a life at the server that asks for everything that the adapter asks for."""
    one, found = Client(), Answers()

    def ask(kind: str, **more: object) -> Any:  # noqa: ANN401 - parsed JSON
        status, body = one.post("/info", {"type": kind, **more})
        assert status == 200, body
        found.setdefault(kind, []).append(body)
        return body

    def act(action: dict[str, object], name: str) -> None:
        one.clock.move(seconds=1)
        one.venue.move()
        _, body = one.post("/exchange", one.body(action))
        found.setdefault(name, []).append(body)

    user = {"user": KEYS.key}
    for kind in ("exchangeStatus", "meta", "metaAndAssetCtxs", "perpDexs"):
        ask(kind)
    ask("l2Book", coin="ETH")
    act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 5}, "default")
    act({**PLACE, "orders": [{**ORDER, "c": CLOID}]}, "filled")
    act({**PLACE, "orders": [{**ORDER, "p": "2010", "t": {"limit": {"tif": "Alo"}}}]}, "resting")
    trigger = {"trigger": {"isMarket": True, "triggerPx": "2100", "tpsl": "sl"}}
    stop = {**ORDER, "b": True, "r": True, "p": "2310", "t": trigger, "c": f"{CLOID[:-1]}c"}
    act({**PLACE, "orders": [stop]}, "resting")
    act({**PLACE, "orders": [{**ORDER, "s": "0.004"}]}, "error")
    act({"type": "cancel", "cancels": [{"a": 0, "o": 99}]}, "error")
    one.clock.move(hours=1)
    one.venue.move()
    for kind in (
        *("clearinghouseState", "spotClearinghouseState", "frontendOpenOrders", "historicalOrders", "userFees"),
        *("userRole", "userAbstraction", "extraAgents", "userRateLimit", "userFillsByTime", "userFunding"),
        "userNonFundingLedgerUpdates",
    ):
        ask(kind, **user, startTime=0)
    ask("activeAssetData", **user, coin="ETH")
    for oid in (CLOID, 2, 3, "0x" + "0" * 32):
        ask("orderStatus", **user, oid=oid)
    act({"type": "cancel", "cancels": [{"a": 0, "o": 2}]}, "cancelled")
    _, body = one.post("/exchange", replace_signer(one).body(PLACE))
    found["err"] = [body]
    return found


def replace_signer(one: Client) -> Client:
    """Return a client whose key is nobody's agent."""
    return Client(clock=one.clock, secret="11" * 32)


def kind_of(one: Recording) -> str:
    """Return what a recording answers: a question's type, or what an action came to."""
    if one.path == "/info":
        return str(one.query["type"])
    body: Any = one.body
    if body["status"] == "err":
        return "err"
    statuses = body["response"].get("data", {}).get("statuses", ["default"])
    (status,) = statuses
    if status == "success":
        return "cancelled"
    return status if isinstance(status, str) else next(iter(status))


def true() -> dict[str, list[Recording]]:
    """Return what somebody showed, by what it answers."""
    found: dict[str, list[Recording]] = {}
    for one in recordings("hyperliquid"):
        if one.certainty is not Certainty.INFERRED and one.method == "POST":
            found.setdefault(kind_of(one), []).append(one)
    return found


def test_the_servers_answers_have_the_fields_and_types_of_the_venue() -> None:
    shown, known = lived(), true()
    assert set(known) - set(shown) - NOT_SERVED == set(), "a recording that the life does not ask for"
    assert set(shown) <= set(known), "a call without a recording"
    found = {
        f"{kind} {what}"
        for kind in sorted(set(shown) & set(known))
        for what in differences(shape_of(dated(one.body, 0) for one in known[kind]), shape_of(shown[kind]))
    }
    assert sorted(found) == [], "\n".join(sorted(found))


def test_the_servers_streams_have_the_fields_and_types_of_the_venue() -> None:
    one = Client()
    stream = Stream(one.venue)
    for kind in ("allMids", "orderUpdates", "clearinghouseState"):
        asked = {"type": kind, "user": KEYS.key}
        stream.heard(json.dumps({"method": "subscribe", "subscription": asked}))
    told = [json.loads(text) for text in stream.news()]
    assert one.act({**PLACE, "orders": [{**ORDER, "c": CLOID}]})["type"] == "order"
    one.clock.move(seconds=2)
    one.venue.move()
    told += [json.loads(text) for text in stream.news()]
    assert one.desk.records.trades
    shown: Answers = {}
    for event in told:
        shown.setdefault(event["channel"], []).append(event)
    for recorded in (item for item in recordings("hyperliquid") if item.method == "STREAM"):
        shape = shape_of([dated(recorded.body, 0)])
        found = differences(shape, shape_of(shown[recorded.path]))
        assert [what for what in found if ".mids." not in what] == []
