"""What must hold before anything leaves: the right host, key, account and clock; and no secret anywhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.errors import ConfigError, DnbotError, Retryable
from bot.core.orders import Accepted, Rejected, RejectReason
from bot.core.types import ClientOrderId, Symbol
from bot.exchange.errors import NotSent
from bot.exchange.preflight import probe
from bot.exchange.redact import Redactor
from bot.venues.connect import connect
from tests.exchange.conftest import scene_of
from tests.exchange.fake_binance import BINANCE_SYMBOLS
from tests.exchange.fake_bitget import CONTRACTS
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, KEY, PASSPHRASE, SECRET, Scene, config, intent

pytestmark = pytest.mark.slow

D = Decimal


@pytest.fixture(params=["binance", "bitget"])
async def demo(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Scene]:
    made = await scene_of(request.param, certificate, demo=True)
    yield made
    await made.exchange.close()
    await made.server.stop()


def is_binance(scene: Scene) -> bool:
    return scene.exchange.link.config.kind == "binance"


async def refused(scene: Scene, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        await scene.exchange.check([ETH])
    assert scene.server.writes == []


async def test_a_key_that_may_withdraw_is_refused(scene: Scene) -> None:
    scene.fake.may_withdraw = True
    await refused(scene, "may withdraw")


async def test_hedge_mode_is_refused(scene: Scene) -> None:
    scene.fake.hedge = True
    await refused(scene, "one-way mode")


async def test_money_in_the_wrong_asset_is_refused(scene: Scene) -> None:
    scene.fake.wallet, scene.fake.wrong_asset = "0", "12.5"
    await refused(scene, "no USDT")


async def test_leverage_above_the_first_tier_is_refused(scene: Scene) -> None:
    scene.fake.max_leverage = "15"
    await refused(scene, "leverage 20 is above")


async def test_a_wrong_key_is_refused(scene: Scene) -> None:
    reply = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    other = {"code": "40006", "msg": "Invalid ACCESS_KEY", "data": None}
    for path in ("/sapi/v1/account/apiRestrictions", "/api/v2/spot/account/info"):
        answer = Reply(reply, status=401) if is_binance(scene) else Reply(other, status=400)
        scene.server.faults["GET", path] = lambda _seen, answer=answer: answer  # type: ignore[misc] # bound now
    await refused(scene, "does not accept the key")


@pytest.mark.parametrize("symbol", ["ETH/USD:ETH", "ETHH/USDT:USDT", "ETH/USDT"])
async def test_an_unknown_symbol_is_refused_and_a_near_one_named(scene: Scene, symbol: str) -> None:
    scene.exchange.link.config = replace(scene.exchange.link.config, symbols=(Symbol(symbol),))
    with pytest.raises(ConfigError, match="has no market"):
        await scene.exchange.check([Symbol(symbol)])
    assert scene.server.writes == []


async def test_an_order_before_the_checks_is_not_sent(scene: Scene) -> None:
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3000)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    assert scene.server.seen == []


async def test_less_than_a_lot_is_not_sent(scene: Scene) -> None:
    await scene.ready()
    outcome = await scene.exchange.place(intent(quantity=D("-0.0009"), price=D(3000)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT


async def test_a_client_id_that_a_venue_would_not_take_is_not_sent(scene: Scene) -> None:
    await scene.ready()
    for bad in ("", "a" * 37, "bot.1", "bot 1"):
        outcome = await scene.exchange.place(
            replace(intent(quantity=D(-1), price=D(3000)), client_id=ClientOrderId(bad))
        )
        assert isinstance(outcome, Rejected)
        assert outcome.reason is RejectReason.NOT_SENT
    assert scene.server.writes == []


async def test_the_rules_are_read_again_after_a_filter_error_and_a_delisting_is_no_crash(scene: Scene) -> None:
    await scene.ready()
    binance = is_binance(scene)
    order = "/fapi/v1/order" if binance else "/api/v2/mix/order/place-order"
    body = {"code": -4014, "msg": "tick"} if binance else {"code": "45115", "msg": "tick", "data": None}
    scene.server.faults["POST", order] = lambda _seen: Reply(body, status=400)
    await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3000)))
    markets = "/fapi/v1/exchangeInfo" if binance else "/api/v2/mix/market/contracts"
    without = (
        {"symbols": BINANCE_SYMBOLS[1:]} if binance else {"code": "00000", "msg": "success", "data": CONTRACTS[1:]}
    )
    scene.server.faults["GET", markets] = lambda _seen: Reply(without)
    view = await scene.exchange.observe()
    assert (view.shut, view.unread) == ({ETH: "is not listed any more"}, ())
    scene.server.faults.clear()
    scene.clock.advance(6 * 3600)
    assert (await scene.exchange.observe()).shut == {}


@pytest.mark.parametrize("off", [timedelta(milliseconds=-501), timedelta(milliseconds=501), timedelta(hours=1)])
async def test_no_write_leaves_with_a_clock_that_is_off(scene: Scene, off: timedelta) -> None:
    await scene.ready()
    scene.fake.clock = lambda: scene.clock.now() + off
    scene.clock.advance(3601)
    await scene.exchange.link.sync_clock()
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3000)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    assert "500 ms" in outcome.message
    assert scene.server.writes == []


async def test_a_small_offset_is_made_up_for_in_the_time_stamps(scene: Scene) -> None:
    scene.fake.clock = lambda: scene.clock.now() + timedelta(milliseconds=400)
    await scene.ready()
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Accepted)
    write = scene.one_write()
    stamp = write.params["timestamp"] if is_binance(scene) else write.headers["ACCESS-TIMESTAMP"]
    assert int(str(stamp)) == scene.fake.now()
    if is_binance(scene):
        assert write.params["recvWindow"] == "5000"


async def test_a_complaint_about_the_clock_stops_writes_until_it_is_measured_again(scene: Scene) -> None:
    await scene.ready()
    path = "/fapi/v1/order" if is_binance(scene) else "/api/v2/mix/order/place-order"
    body = {"code": -1021, "msg": "ahead"} if is_binance(scene) else {"code": "40008", "msg": "expired", "data": None}
    scene.server.faults["POST", path] = lambda _seen: Reply(body, status=400)
    first = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(first, Rejected)
    scene.server.faults.clear()
    second = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990), number=2))
    assert isinstance(second, Rejected)
    assert second.reason is RejectReason.NOT_SENT
    await scene.exchange.observe()
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990), number=3)), Accepted)


async def test_the_clock_is_measured_again_after_an_hour(scene: Scene) -> None:
    await scene.ready()
    told = [one for one in scene.server.seen if one.path.endswith("/time")]
    await scene.exchange.observe()
    assert len([one for one in scene.server.seen if one.path.endswith("/time")]) == len(told)
    scene.clock.advance(3600)
    await scene.exchange.observe()
    assert len([one for one in scene.server.seen if one.path.endswith("/time")]) == len(told) + 1


async def test_demo_orders_go_to_the_demo_system(demo: Scene) -> None:
    await demo.ready()
    assert isinstance(await demo.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Accepted)
    if is_binance(demo):
        assert {one.headers["Host"] for one in demo.server.seen} == {"demo-fapi.binance.com"}
    else:
        assert demo.one_write().headers["PAPTRADING"] == "1"


async def test_live_orders_carry_no_demo_header(scene: Scene) -> None:
    await scene.ready()
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Accepted)
    assert all("PAPTRADING" not in one.headers for one in scene.server.seen)
    assert {one.headers["Host"] for one in scene.server.writes} <= {"fapi.binance.com", "api.bitget.com"}


async def test_what_is_configured_as_demo_never_reaches_the_live_system(demo: Scene) -> None:
    """Somebody switches the ccxt object back behind our back."""
    await demo.ready()
    demo.exchange.link.api.enable_demo_trading(False)
    before = len(demo.server.writes)
    outcome = await demo.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    assert len(demo.server.writes) == before


async def test_no_secret_is_ever_written(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoted = [KEY, SECRET, PASSPHRASE, "xPLANTED"]
    words: list[str] = []
    await scene.ready()
    await scene.exchange.observe()
    echo = Reply(f"{KEY} {SECRET} {PASSPHRASE} signature=deadbeef".encode().decode(), status=400)
    for fault in (Reply(drop=True), echo, Reply(raw=f"<html>{SECRET}".encode(), status=502, content_type="text/html")):
        for method, path in {(one.method, one.path) for one in scene.server.seen}:
            scene.server.faults[method, path] = lambda _seen, fault=fault: fault  # type: ignore[misc] # bound now
        for path in ("/fapi/v1/order", "/api/v2/mix/order/place-order"):
            scene.server.faults["POST", path] = lambda _seen, fault=fault: fault  # type: ignore[misc] # bound now
        words.append(repr(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))))
        for call in (scene.exchange.observe, lambda: scene.exchange.lookup(intent(quantity=D(1)).client_id, ETH)):
            try:
                await call()
            except DnbotError as error:
                chain: BaseException | None = error
                while chain is not None:
                    words.append(f"{chain!r} {chain}")
                    chain = chain.__cause__ or chain.__context__
    words += [repr(scene.exchange.link.config), caplog.text]
    text = "\n".join(words)
    assert "Unknown" in text
    for secret in quoted:
        assert secret not in text
    assert "deadbeef" not in text


def test_redaction_knows_every_spelling_of_a_secret() -> None:
    redact = Redactor((SECRET,))
    for spelled in (SECRET, SECRET.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")):
        assert redact(f"GET https://x/?a={spelled}&signature=ab12CD&b=1") == "GET https://x/?a=***&signature=***&b=1"


def test_a_venue_that_lacks_a_capability_is_refused_by_name() -> None:
    needed = """fetchMarkets fetchTime fetchOrderBook fetchFundingRate fetchPositions fetchBalance fetchOrder
        fetchOpenOrders fetchMyTrades fetchLedger fetchTradingFee createOrder cancelOrder setLeverage
        createTriggerOrder fetchLeverageTiers"""
    whole = dict.fromkeys(needed.split(), True)
    probe(whole, "v")
    for missing in whole:
        with pytest.raises(ConfigError, match=missing):
            probe({**whole, missing: None}, "v")


async def test_a_venue_that_ccxt_does_not_know_is_refused(scene: Scene) -> None:
    with pytest.raises(ConfigError, match="ccxt knows no venue 'nosuch'"):
        await connect(config("nosuch", scene.server), scene.clock)


async def test_another_venue_is_probed_and_sends_to_its_own_hosts_only(scene: Scene) -> None:
    other = await connect(config("bybit", scene.server), scene.clock)
    with pytest.raises(NotSent, match=r"a request to https://elsewhere\.example was stopped; .*api\.bybit\.com"):
        await other.session.get("https://elsewhere.example/")
    with pytest.raises((Retryable, ConfigError)):
        await other.check([ETH])
    await other.close()


@pytest.mark.parametrize("reduce_only", [False, True])
async def test_a_request_leaves_soon_after_its_intent_or_never(scene: Scene, reduce_only: bool) -> None:  # noqa: FBT001
    """From when on a lost one can't be under way any more rests on it."""
    await scene.ready()
    before = len(scene.server.writes)
    late = scene.clock.now() - timedelta(seconds=10.1)
    order = intent(
        quantity=D("0.1") if reduce_only else D("-0.1"), price=D(3000), reduce_only=reduce_only, created_at=late
    )
    outcome = await scene.exchange.place(order)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, "within 10 s" in outcome.message) == (RejectReason.NOT_SENT, True)
    path = "/fapi/v1/order" if is_binance(scene) else "/api/v2/mix/order/place-order"
    assert path not in {seen.path for seen in scene.server.writes[before:]}
    assert isinstance(await scene.exchange.place(replace(order, created_at=scene.clock.now())), Accepted)
