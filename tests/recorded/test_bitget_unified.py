"""Bitget's unified account as it answers: what is refused at the start, what counts, and what an odd answer spoils."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.errors import ConfigError
from bot.core.orders import Accepted, LedgerKind, Rejected, Unknown
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
        ("assets_none", "the Bitget account holds no USDT; transfer some to it"),
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
    await venue.exchange.check([ETH, BTC])
    venue.show("assets_none", "positions_none")
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
