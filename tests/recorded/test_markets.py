"""Markets that stop trading, one at a time: nothing is opened there, what closes goes on, and so does all else."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import Retryable
from bot.core.inputs import Hold
from bot.core.orders import Accepted, OrderKind, Rejected, RejectReason
from bot.core.reconciliation.orders import disputes
from bot.core.snapshot import VenueView
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, ME, intent
from tests.recorded.files import VENUES, dated, named
from tests.recorded.scene import BTC, Played, played

D = Decimal
LISTS = {
    "binance": ("exchange_info", "/fapi/v1/exchangeInfo"),
    "bitget": ("contracts", "/api/v2/mix/market/contracts"),
    "bitget-uta": ("instruments", "/api/v3/market/instruments"),
}
RECORDED = {
    "binance": ("exchange_info_settling", "SETTLING"),
    "bitget": ("contracts_limit_open", "limit_open"),
    "bitget-uta": ("instruments_restricted", "limit_open"),
}
TIERS = {
    "binance": ("leverage_bracket", "/fapi/v1/leverageBracket"),
    "bitget": ("tiers_btc", "/api/v2/mix/market/query-position-lever"),
    "bitget-uta": ("tiers_btc", "/api/v3/market/position-tier"),
}
STATUSES = {
    "binance": ("PENDING_TRADING", "PRE_DELIVERING", "DELIVERING", "DELIVERED", "PRE_SETTLE", "SETTLING", "CLOSE"),
    "bitget": ("listed", "maintain", "limit_open", "restrictedAPI", "off"),
    "bitget-uta": ("listed", "limit_close", "limit_open", "restrictedAPI", "offline"),
}
Row = dict[str, Any]


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        yield made


def rows_of(body: dict[str, list[Row]]) -> list[Row]:
    return body["symbols"] if "symbols" in body else body["data"]


def change(venue: Played, edit: Callable[[list[Row]], None]) -> None:
    """Let the list of markets be another one from now on."""
    name, path = LISTS[venue.venue]
    body: Any = copy.deepcopy(named(venue.venue, name).body)
    edit(rows_of(body))
    venue.server.faults["GET", path] = lambda _: Reply(dated(body, int(venue.clock.true().timestamp() * 1000)))


def of(rows: list[Row], name: str) -> Row:
    return next(row for row in rows if row["symbol"] == name)


def status_key(venue: Played) -> str:
    return "symbolStatus" if venue.venue == "bitget" else "status"


async def later(venue: Played) -> VenueView:
    """Look again after the rules were read again."""
    venue.clock.advance(7 * 3600)
    return await venue.observed()


def held(view: VenueView) -> set[tuple[str | None, Hold]]:
    return {(one.symbol, one.hold) for one in disputes(view, ME, ()) if one.hold is not Hold.NOTHING}


async def test_a_market_that_stops_trading_is_shut_alone(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    name, word = RECORDED[venue.venue]
    venue.show(name)
    view = await later(venue)
    assert word in view.shut[BTC]
    assert set(view.shut) == {BTC}
    assert (set(view.quotes), set(view.positions), view.unread) == ({ETH, BTC}, {ETH, BTC}, ())
    assert held(view) == {(BTC, Hold.ADDS)}
    (told,) = [one for one in disputes(view, ME, ()) if one.symbol == BTC]
    assert (told.key, told.is_critical) == (f"shut:{venue.venue}:{BTC}", True)


async def test_the_start_does_not_depend_on_it(venue: Played) -> None:
    """A daemon that is started again while it holds a short there must take care of it."""
    name, _ = RECORDED[venue.venue]
    venue.show(name)
    markets = await venue.exchange.check([ETH, BTC])
    assert set(markets) == {ETH, BTC}
    assert set((await venue.observed()).shut) == {BTC}


async def test_nothing_is_sold_there_while_what_closes_and_protects_is_sent(venue: Played) -> None:
    change(venue, lambda rows: of(rows, "ETHUSDT").update({status_key(venue): STATUSES[venue.venue][-2]}))
    await venue.exchange.check([ETH, BTC])
    outcome = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, venue.server.writes) == (RejectReason.NOT_SENT, [])
    await venue.exchange.place(intent(quantity=D("0.5"), price=D(3010), reduce_only=True))
    number = 2 if venue.venue == "binance" else 4
    stop = intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D(3900), reduce_only=True, number=number)
    assert isinstance(await venue.exchange.place(stop), Accepted)
    assert len(venue.server.writes) == 2


async def test_every_documented_status_but_the_open_one_shuts_a_market(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    for status in STATUSES[venue.venue]:
        change(venue, lambda rows, status=status: of(rows, "BTCUSDT").update({status_key(venue): status}))  # type: ignore[misc] # bound now
        assert status in (await later(venue)).shut[BTC]
    venue.server.faults.clear()
    assert (await later(venue)).shut == {}, "it came back"


async def test_a_market_that_vanishes_while_it_is_held_keeps_its_last_rules(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    change(venue, lambda rows: rows.remove(of(rows, "ETHUSDT")))
    view = await later(venue)
    assert view.shut == {ETH: "is not listed any more"}
    assert (view.positions[ETH].size, set(view.quotes)) == (D("-1.5"), {ETH, BTC})
    before = len(venue.server.writes)
    await venue.exchange.place(intent(quantity=D("0.5"), price=D(3010), reduce_only=True))
    assert len(venue.server.writes) == before + 1, "the venue says whether it can still be closed"


async def test_a_market_whose_end_is_announced_is_shut_a_day_before(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    key = "deliveryDate" if venue.venue == "binance" else "limitOpenTime"
    for ahead, is_shut in ((timedelta(days=3), False), (timedelta(hours=20), True)):
        at = int((venue.clock.true() + timedelta(hours=7) + ahead).timestamp() * 1000)
        value: object = at if venue.venue == "binance" else str(at)
        change(venue, lambda rows, value=value: of(rows, "BTCUSDT").update({key: value}))  # type: ignore[misc] # bound now
        assert (BTC in (await later(venue)).shut) is is_shut


async def test_an_odd_market_that_is_not_used_is_nobody_s_business(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    odd = {"symbol": "ODDUSDT", status_key(venue): "NEW_WORD", "baseAsset": None, "filters": 7, "baseCoin": None}
    change(venue, lambda rows: rows.extend([{**of(rows, "BTCUSDT"), **odd}, {"symbol": "X"}]))
    view = await later(venue)
    assert (view.shut, held(view)) == ({}, set())


ODD: tuple[object, ...] = (None, "", "x", [], {}, -1, True, "9" * 40, 10**40, 10**9, "1e400", "NaN", [None])
"""What any field may hold; as many decimals as the large ones say are never written out."""


async def test_no_field_of_a_market_that_is_not_used_spoils_another_s(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    body: Any = copy.deepcopy(named(venue.venue, LISTS[venue.venue][0]).body)
    model = {**of(rows_of(body), "BTCUSDT"), "baseCoin": "ODD", "baseAsset": "ODD"}
    odd = [{**model, "symbol": "ODDUSDT", key: value} for key in sorted(model) for value in ODD]
    odd += [{**{one: model[one] for one in model if one != key}, "symbol": "ODDUSDT"} for key in model]
    later_ones = [
        {**model, "symbol": "ODDUSDT_251226", "symbolType": "delivery", "type": "delivery", "deliveryTime": ""}
    ]
    change(venue, lambda rows: rows.extend([*odd, *ODD, *later_ones]))  # type: ignore[list-item] # some are no rows
    view = await later(venue)
    assert (held(view), view.unread) == (set(), ())
    assert {symbol: view.quotes[symbol].market.tick for symbol in (ETH, BTC)} == {ETH: D("0.01"), BTC: D("0.1")}


@pytest.mark.parametrize("key", ["decimals", "base"])
async def test_a_market_in_use_whose_row_turns_odd_keeps_its_rules_and_holds_adds_there_alone(
    venue: Played, key: str
) -> None:
    await venue.exchange.check([ETH, BTC])
    decimals = "pricePlace" if venue.venue == "bitget" else "pricePrecision"
    spoiled = {decimals: "9" * 40} if key == "decimals" else {"baseCoin": 7.5, "baseAsset": 7.5, "symbolType": []}
    change(venue, lambda rows: of(rows, "BTCUSDT").update(spoiled))
    view = await later(venue)
    assert view.quotes[BTC].market.tick == D("0.1"), "the rules of before"
    assert held(view) == {(BTC, Hold.ADDS)}
    assert not view.shut or key == "base"


async def test_a_market_whose_row_is_odd_at_the_start_is_waited_for(venue: Played) -> None:
    decimals = "pricePlace" if venue.venue == "bitget" else "pricePrecision"
    change(venue, lambda rows: of(rows, "BTCUSDT").update({decimals: "9" * 40}))
    with pytest.raises(Retryable, match="BTCUSDT"):
        await venue.exchange.check([ETH, BTC])


async def test_another_contract_that_comes_to_the_same_name_is_not_taken_for_it(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    change(venue, lambda rows: rows.append({**of(rows, "BTCUSDT"), "symbol": "BTCUSDT2"}))
    view = await later(venue)
    assert view.shut == {BTC: "is not listed any more"}
    assert set(view.quotes) == {ETH, BTC}


async def test_a_list_that_cannot_be_read_leaves_the_last_rules_and_holds_only_adds(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.server.faults["GET", LISTS[venue.venue][1]] = lambda _: Reply({"code": "00000", "msg": "", "data": {}})
    view = await later(venue)
    assert (set(view.quotes), held(view)) == ({ETH, BTC}, {(None, Hold.ADDS)})
    venue.server.faults.clear()
    venue.clock.advance(31)
    assert held(await venue.observed()) == set(), "it is tried again"


async def test_rules_of_one_market_that_cannot_be_read_hold_adds_on_it_alone(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    path = "/fapi/v1/commissionRate" if venue.venue == "binance" else TIERS[venue.venue][1]
    whole = venue.answer
    venue.server.faults["GET", path] = lambda seen: (
        whole(seen) if seen.params["symbol"] == "ETHUSDT" else Reply({"code": -1000, "msg": "no"}, status=400)
    )
    view = await later(venue)
    assert held(view) == {(BTC, Hold.ADDS)}
    assert view.quotes[BTC].market.tick == D("0.1"), "the rules of before"


@pytest.mark.parametrize("venue", ["binance"], indirect=True)
async def test_no_row_of_another_market_spoils_tiers_and_intervals_that_are_listed_for_all(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    for name, path in (TIERS["binance"], ("funding_info", "/fapi/v1/fundingInfo")):
        body: Any = copy.deepcopy(named("binance", name).body)
        odd = [{**body[0], "symbol": "ODDUSDT", key: value} for key in body[0] for value in ODD]
        whole = [*odd, *ODD, *body, *odd]
        venue.server.faults["GET", path] = lambda _, whole=whole: Reply(whole)  # type: ignore[misc] # bound now
    view = await later(venue)
    assert (held(view), view.unread, set(view.quotes)) == (set(), (), {ETH, BTC})


def lowered(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        yield {**row, "brackets": [{**one, "initialLeverage": 10} for one in row.get("brackets", ())]}


async def test_a_leverage_that_is_lowered_below_the_configured_one_shuts_that_market(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    name, path = TIERS[venue.venue]
    body: Any = copy.deepcopy(named(venue.venue, name).body)
    if venue.venue == "binance":
        body = [row if row["symbol"] == "ETHUSDT" else next(lowered([row])) for row in body]
    else:
        body["data"] = [{**row, "leverage": "10"} for row in body["data"]]
    whole = venue.answer
    venue.server.faults["GET", path] = lambda seen: (
        whole(seen) if seen.params.get("symbol") == "ETHUSDT" else Reply(dated(body, 1))
    )
    assert "leverage of 10" in (await later(venue)).shut[BTC]


async def test_a_setting_of_the_account_that_changes_holds_adds_and_blinds_nobody(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    name, path, key, value = {
        "binance": ("api_restrictions", "/sapi/v1/account/apiRestrictions", "ipRestrict", False),
        "bitget": ("key_info", "/api/v2/spot/account/info", "authorities", ["coow", "wwow"]),
        "bitget-uta": ("info", "/api/v3/account/info", "permissions", ["uta_trade", "uta_mgt", "withdraw"]),
    }[venue.venue]
    body: Any = copy.deepcopy(named(venue.venue, name).body)
    (body if venue.venue == "binance" else body["data"])[key] = value
    venue.server.faults["GET", path] = lambda _: Reply(dated(body, 1))
    view = await later(venue)
    assert (set(view.quotes), held(view)) == ({ETH, BTC}, {(None, Hold.ADDS)})
