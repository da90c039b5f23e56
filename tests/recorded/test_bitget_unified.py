"""Bitget's unified account as it answers: what is refused at the start, what counts, and what an odd answer spoils."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import ConfigError
from bot.core.orders import Accepted, LedgerKind, NotFound, OrderKind, OrderReport, OrderStatus, Rejected, Unknown
from bot.core.types import ClientOrderId
from bot.exchange.errors import Unbelievable
from tests.exchange.loopback import Certificate, Reply, Seen
from tests.exchange.scene import ETH, intent
from tests.recorded.files import dated, named
from tests.recorded.scene import BTC, Played, played

D = Decimal
VENUE = "bitget-uta"
V3 = "/api/v3"


@pytest.fixture
async def venue(certificate: Certificate) -> AsyncIterator[Played]:
    async with played(VENUE, certificate) as made:
        yield made


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("settings_classic", 'is a classic one; set kind = "bitget"'),
        ("settings_hybrid", "the Bitget account is hybrid, not unified"),
        ("settings_switching", "the Bitget account is switching, not unified"),
        ("settings_hedge", "the Bitget account is in hedge_mode; switch it to one-way mode"),
        ("settings_delta", "the Bitget account is in delta mode; switch it to basic or advanced mode"),
        ("settings_level_isolated", 'isolated margin only; set margin_mode = "isolated"'),
        ("info_withdraws", "the Bitget key may withdraw"),
        ("info_reads", "the Bitget key may not trade; give it unified account trade and management, read and write"),
        ("info_no_trade", "the Bitget key may not trade"),
        ("assets_borrowed", "the Bitget account has borrowed 1000 USDT; repay it"),
        ("assets_other", "the Bitget account holds ETH but no USDT; convert it to USDT"),
    ],
)
async def test_an_account_that_is_not_fit_is_refused_with_its_remedy(venue: Played, shown: str, words: str) -> None:
    venue.show(shown)
    with pytest.raises(ConfigError) as refused:
        await venue.exchange.check([ETH, BTC])
    assert words in str(refused.value)
    assert venue.server.writes == []


async def test_what_kind_of_account_it_is_is_asked_and_never_guessed(venue: Played) -> None:
    """One failed probe of its own would turn ccxt to the classic interface for good."""
    venue.server.faults["GET", f"{V3}/account/settings"] = lambda _: Reply("<html>", status=502)
    with pytest.raises(Exception, match=r"502|answer"):
        await venue.exchange.check([ETH, BTC])
    del venue.server.faults["GET", f"{V3}/account/settings"]
    await venue.exchange.check([ETH, BTC])
    await venue.exchange.observe()
    assert venue.exchange.link.api.options["uta"] is True
    paths = {one.path for one in venue.server.seen}
    assert {path for path in paths if not path.startswith(V3)} == {"/api/v2/public/time"}


async def test_a_classic_account_s_key_is_told_what_to_set(certificate: Certificate) -> None:
    async with played("bitget", certificate) as classic:
        classic.show("unified_account")
        with pytest.raises(ConfigError, match='is a unified one; set kind = "bitget-uta"'):
            await classic.exchange.check([ETH, BTC])


async def test_prices_and_quantities_move_in_the_venue_s_steps_and_not_in_its_decimals(venue: Played) -> None:
    venue.show("instruments_steps")
    markets = await venue.exchange.check([ETH, BTC])
    assert (markets[ETH].tick, markets[ETH].lot, markets[ETH].max_quantity) == (D("0.05"), D("0.005"), D(2000))
    await venue.exchange.place(intent(quantity=D("-0.507"), price=D("2990.01")))
    (order,) = venue.server.writes
    assert (order.params["price"], order.params["qty"]) == ("2990.05", "0.505")


async def test_only_usdt_counts_and_no_more_of_it_than_the_account_s_effective_equity(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("assets_haircut", "positions_none")
    balance = (await venue.observed()).balance
    assert (balance.wallet, balance.equity, balance.available) == (D(500), D(500), D(400))


async def test_a_flat_account_without_a_coin_is_empty_and_not_unreadable(venue: Played) -> None:
    venue.show("assets_none", "positions_none")
    await venue.exchange.check([ETH, BTC])
    view = await venue.observed()
    assert (view.balance.equity, view.positions[ETH].size) == (D(0), D(0))
    assert view.unread == ()


async def test_money_that_is_borrowed_later_holds_back_what_adds(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("assets_borrowed")
    (item,) = (await venue.observed()).unread
    assert (item.symbol, item.what) == (None, "the debt in USDT")


async def test_two_sides_of_a_symbol_are_no_position(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("position_none", "positions_hedge")
    view = await venue.observed()
    assert set(view.positions) == {BTC}
    assert {item.symbol for item in view.unread} == {None}


async def test_a_missing_list_is_not_flat(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    empty = {"code": "00000", "msg": "success", "requestTime": 1, "data": {"cursor": None}}
    venue.server.faults["GET", f"{V3}/position/current-position"] = lambda _: Reply(empty)
    with pytest.raises(Unbelievable):
        await venue.exchange.observe()


async def test_a_symbol_that_was_never_set_is_set_before_the_first_order(venue: Played) -> None:
    """Its absence says nothing of its leverage; leverage and margin mode are named together, as each has a default."""
    venue.show("settings_unlisted")
    await venue.exchange.check([ETH, BTC])
    refused = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(refused, Rejected)
    assert "is set to its default 20x instead of cross 20x" in refused.message
    (write,) = venue.server.writes
    assert write.path == f"{V3}/account/set-leverage"
    assert write.params == {
        "category": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "leverage": "20",
        "marginMode": "crossed",
    }
    del venue.shown[0]
    assert isinstance(await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Accepted)


async def test_a_stop_goes_to_the_strategy_orders_and_no_trigger_to_the_normal_ones(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    stop = intent(quantity=D("1.5"), kind=OrderKind.STOP_MARKET, trigger=D("3500.01"), reduce_only=True, number=4)
    outcome = await venue.exchange.place(stop)
    assert isinstance(outcome, Accepted)
    (write,) = venue.server.writes
    assert write.path == f"{V3}/trade/place-strategy-order"
    assert write.params == {
        "category": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "clientOid": "bot-1-4",
        "side": "buy",
        "posSide": "short",
        "reduceOnly": "yes",
        "qty": "1.5",
        "type": "tpsl",
        "tpslMode": "partial",
        "stopLoss": "3500.01",
        "slTriggerBy": "mark",
        "slOrderType": "market",
    }


async def test_every_order_names_its_margin_mode(venue: Played) -> None:
    """Left out, it would be crossed, whatever the symbol is set to."""
    await venue.exchange.check([ETH, BTC])
    await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    one = venue.exchange.instruments[ETH]
    venue.exchange.instruments = {**venue.exchange.instruments, ETH: replace(one, margin_mode="isolated")}
    await venue.exchange.place(intent(quantity=D("0.5"), price=D(3010), reduce_only=True))
    first, second = venue.server.writes
    assert (first.params["marginMode"], first.params["reduceOnly"]) == ("crossed", "no")
    assert (second.params["marginMode"], second.params["reduceOnly"]) == ("isolated", "yes")


async def test_an_order_that_replaced_another_is_found_by_its_client_id(venue: Played) -> None:
    venue.show("order_replaced")
    await venue.exchange.check([ETH, BTC])
    outcome = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Accepted)
    assert outcome.report.venue_order_id == "1375512090022222222"


async def test_an_immediate_order_that_filled_in_part_is_told_with_its_average_price(venue: Played) -> None:
    venue.show("order_info_cancelled")
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-5"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.average_price, found.fee) == (
        OrderStatus.CANCELLED,
        D("-0.1"),
        D(3650),
        D("0.219"),
    )


@pytest.mark.parametrize(("client_id", "shown"), [("bot-1-98", "order_info_null"), ("bot-1-99", "order_info_missing")])
async def test_both_ways_to_say_that_there_is_no_order_are_believed(venue: Played, client_id: str, shown: str) -> None:
    venue.show(shown)
    await venue.exchange.check([ETH, BTC])
    assert isinstance(await venue.exchange.lookup(ClientOrderId(client_id), ETH), NotFound)


async def test_a_stop_that_was_cancelled_is_found_among_those_that_ended(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-7"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.kind) == (OrderStatus.CANCELLED, D(0), OrderKind.STOP_MARKET)


@pytest.mark.parametrize("shown", ["sub_orders_none", None])
async def test_a_stop_that_fired_is_followed_through_the_order_history_where_its_orders_are_not_listed(
    venue: Played, shown: str | None
) -> None:
    path = f"{V3}/trade/strategy-sub-orders"
    if shown is None:
        gone = {"code": "40404", "msg": "Request URL NOT FOUND", "requestTime": 1, "data": None}
        venue.server.faults["GET", path] = lambda _: Reply(gone, status=404)
    else:
        venue.show(shown)
    await venue.exchange.check([ETH, BTC])
    found = await venue.exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.average_price) == (OrderStatus.FILLED, D("1.5"), D("3501.2"))


async def test_a_stop_that_fired_and_became_nobody_knows_what_is_not_told_as_something(venue: Played) -> None:
    venue.show("sub_orders_none")
    history = dated(named(VENUE, "order_history").body, 0)
    assert isinstance(history, dict)
    twins: Any = copy.deepcopy(history)
    twins["data"]["list"] = [{**twins["data"]["list"][0], "orderId": number} for number in ("1", "2")]
    await venue.exchange.check([ETH, BTC])
    found: list[list[object]] = [[], twins["data"]["list"]]
    for rows in found:
        reply = Reply({**twins, "data": {"list": rows, "cursor": None}})
        venue.server.faults["GET", f"{V3}/trade/history-orders"] = lambda _, reply=reply: reply  # type: ignore[misc]
        with pytest.raises(Unbelievable, match="bot-1-2"):
            await venue.exchange.lookup(ClientOrderId("bot-1-2"), ETH)


async def test_no_waiting_stops_may_be_null_if_it_is_said_twice(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("strategies_null")
    view = await venue.observed()
    assert (view.open_orders, [order.client_id for order in view.strangers]) == ((), ["bot-1-3"])
    path = f"{V3}/trade/unfilled-strategy-orders"
    first = iter([True] * 4)
    null, stop = (
        dated(named(VENUE, name).body, venue.exchange.link.venue_ms()) for name in ("strategies_null", "strategies")
    )

    def once(seen: Seen) -> Reply:
        return Reply(null if next(first, False) or seen.params["type"] == "trigger" else stop)

    venue.server.faults["GET", path] = once
    await venue.exchange.observe()


async def test_stops_and_take_profits_set_by_hand_only_close(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("strategies_by_hand")
    view = await venue.observed()
    by_hand = next(order for order in view.strangers if order.venue_order_id == "1375512090022222227")
    assert (by_hand.remaining, by_hand.can_open, by_hand.trigger) == (D("1.5"), False, D(3600))


async def test_a_trigger_order_whose_side_nobody_tells_spoils_its_symbol_alone(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("strategies_trigger")
    view = await venue.observed()
    (item,) = view.unread
    assert (item.symbol, "whose side is not told" in item.reason) == (ETH, True)
    assert [order.client_id for order in view.open_orders] == ["bot-1-4"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "25202", Rejected),
        (400, "40762", Rejected),
        (400, "25206", Rejected),
        (400, "40010", Unknown),
        (200, "40725", Unknown),
        (400, "45001", Unknown),
        (400, "25001", Unknown),
        (400, "25000", Unknown),
        (200, "99999", Unknown),
    ],
)
async def test_only_a_listed_code_proves_that_nothing_was_placed(
    venue: Played, status: int, code: str, kind: type
) -> None:
    await venue.exchange.check([ETH, BTC])
    body = {"code": code, "msg": "words", "requestTime": 1, "data": None}
    venue.server.faults["POST", f"{V3}/trade/place-order"] = lambda _: Reply(body, status=status)
    outcome = await venue.exchange.place(intent(quantity=D("-0.5"), price=D(2990), number=9))
    assert isinstance(outcome, kind)
    assert len(venue.server.writes) == 1


async def test_the_trades_of_other_symbols_are_left_out(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    fills = await venue.exchange.fills(venue.clock.now() - timedelta(hours=1))
    assert {(fill.symbol, fill.client_id) for fill in fills} == {(ETH, "bot-1-1")}
    assert [fill.realised for fill in fills] == [D("1.5"), 0]


async def test_forced_closing_interest_and_what_is_new_in_the_records(venue: Played) -> None:
    await venue.exchange.check([ETH, BTC])
    venue.show("records_new", "records_none")
    found = await venue.exchange.ledger(venue.clock.now() - timedelta(hours=1))
    assert [(entry.kind, entry.amount) for entry in found.entries] == [
        (LedgerKind.REALISED, D(-20)),
        (LedgerKind.LIQUIDATION_FEE, D("-1.25")),
    ]
    assert sorted(item.what for item in found.aside) == ["AIRDROP_IN of USDT", "INTEREST_SETTLEMENT_OUT of USDT"]
