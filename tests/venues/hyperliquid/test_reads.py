"""What the adapter makes of the venue's own answers: each becomes the right value of the domain, or nothing at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import ConfigError, Retryable
from bot.core.orders import LedgerKind, NotFound, OrderKind, OrderReport, OrderStatus
from bot.core.types import ClientOrderId, Symbol
from bot.exchange.errors import Unbelievable
from tests.exchange.loopback import Certificate
from tests.exchange.scene import START
from tests.recorded.files import named
from tests.venues.hyperliquid.scene import BTC, ETH, FILLED, REST, STOP, D, played


async def test_the_rules_of_the_markets_are_read_and_nothing_is_written(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        markets = await venue.exchange.check([ETH, BTC])
        eth, btc = markets[ETH], markets[BTC]
        assert (eth.tick, eth.lot, eth.min_quantity, eth.min_notional) == (D("0.01"), D("0.0001"), D("0.0001"), D(10))
        assert (btc.tick, btc.lot, btc.underlying) == (D("0.1"), D("0.00001"), "BTC")
        assert [eth.tick_at(D(price)) for price in ("3000.1", "999.99", "12345", "123456")] == [
            D("0.1"),
            D("0.01"),
            D(1),
            D(1),
        ]
        assert (eth.maker_fee, eth.taker_fee) == (D("0.00015"), D("0.00045"))
        tiers = [
            (one.notional_floor, one.maintenance_rate, one.maintenance_amount, one.max_leverage) for one in eth.tiers
        ]
        rate = 1 / D(30)
        assert tiers == [(D(0), D("0.02"), D(0), D(25)), (D(10**8), rate, D(10**8) * (rate - D("0.02")), D(15))]
        assert venue.writes == []


async def test_neither_streams_nor_a_second_check_write_anything(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        await venue.exchange.check([ETH])
        await venue.exchange.observe()
        api: Any = venue.exchange.link.api
        written = await venue.exchange.link.write("initialize_client", urgent=False)  # where a write would be let out
        assert (written.wire, written.result) == (None, True)
        assert "approvedBuilderFee" not in api.options
        assert venue.writes == []


async def test_the_account_the_positions_and_the_prices_are_read(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        view = await venue.exchange.observe()
        eth = view.positions[ETH]
        assert (eth.size, eth.entry_price, eth.unrealised, eth.margin, eth.leverage, eth.is_isolated) == (
            D("-1.5"),
            D("3000.04"),
            D("-0.09"),
            D("225.0075"),
            D(20),
            False,
        )
        assert eth.liquidation_price == D("9412.123456789")
        assert view.positions[BTC].size == 0
        balance = view.balance
        assert (balance.wallet, balance.equity) == (D("10000.5"), D("10000.41"))
        assert (balance.available, balance.initial_margin, balance.maintenance_margin) == (
            D("9775.4025"),
            D("225.0075"),
            D("90.003"),
        )
        quote = view.quotes[ETH]
        assert (quote.mark.price, quote.mark.index, quote.mark.as_of) == (D("3000.1"), D(3000), START)
        assert (quote.book.bid, quote.book.bid_size, quote.book.ask) == (D(3000), D("4.5"), D("3000.1"))
        assert quote.funding is not None
        assert (quote.funding.rate, quote.funding.interval) == (D("0.0000125"), timedelta(hours=1))
        assert view.unread == ()


async def test_a_look_reads_all_markets_and_all_orders_once(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        venue.server.seen.clear()
        venue.clock.advance(6)
        await venue.exchange.observe()
        assert [venue.asked(kind) for kind in ("metaAndAssetCtxs", "frontendOpenOrders", "clearinghouseState")] == [
            1
        ] * 3


async def test_an_isolated_position_has_the_margin_that_it_was_given(certificate: Certificate) -> None:
    async with played(certificate, "clearinghouse_state_isolated", margin_mode="isolated") as venue:
        await venue.exchange.check([ETH, BTC])
        view = await venue.exchange.observe()
        held = view.positions[ETH]
        assert (held.is_isolated, held.margin, held.liquidation_price) == (True, D("1820.5"), None)
        assert view.balance.maintenance_margin == D("7500.25") * D("0.02")


async def test_a_list_that_lacks_a_position_proves_nothing(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        whole = named("hyperliquid", "clearinghouse_state")
        assert isinstance(whole.body, dict)
        venue.shown.insert(0, replace(whole, body={**whole.body, "assetPositions": []}))
        venue.clock.advance(1)
        with pytest.raises(Unbelievable, match=r"the account's total is 4500\.15"):
            await venue.exchange.observe()


async def test_an_address_that_was_not_proven_is_never_flat(certificate: Certificate) -> None:
    async with played(certificate, "clearinghouse_state_empty") as venue:
        with pytest.raises(Unbelievable, match="not proven"):
            await venue.exchange.dialect.account(venue.exchange.link, ())


@pytest.mark.parametrize("mode", ["unified", "portfolio"])
async def test_pooled_money_is_read_from_the_spot_account(certificate: Certificate, mode: str) -> None:
    async with played(certificate, f"user_abstraction_{mode}", "spot_clearinghouse_state") as venue:
        await venue.exchange.check([ETH, BTC])
        balance = (await venue.exchange.observe()).balance
        assert (balance.equity, balance.wallet) == (D("812.41"), D("812.5"))  # an open loss of 0.09 is taken off
        assert (balance.available, balance.initial_margin) == (D("702.21"), D("110.2"))


@pytest.mark.parametrize(
    ("mode", "said"), [("user_abstraction_unified", "balance mode was changed"), ("user_abstraction_dex", "not speak")]
)
async def test_a_balance_mode_that_was_changed_is_no_loss(certificate: Certificate, mode: str, said: str) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        venue.show("clearinghouse_state_empty", mode)
        venue.clock.advance(1)
        with pytest.raises(Unbelievable, match=said):
            await venue.exchange.observe()


async def test_the_working_orders_are_read(certificate: Certificate) -> None:
    async with played(certificate, "frontend_open_orders_hand_set") as venue:
        await venue.exchange.check([ETH, BTC])
        rest, stop, hand = (await venue.exchange.observe()).open_orders
        assert (rest.client_id, rest.kind, rest.remaining, rest.price, rest.reduce_only) == (
            REST,
            OrderKind.LIMIT,
            D("-0.5"),
            D(3100),
            False,
        )
        assert (stop.client_id, stop.kind, stop.remaining, stop.price, stop.trigger, stop.reduce_only) == (
            STOP,
            OrderKind.STOP_MARKET,
            D("1.5"),
            None,
            D(3900),
            True,
        )
        assert (hand.client_id, hand.closes_all, hand.remaining, hand.trigger) == (None, True, D("1.5"), D(2500))


async def test_what_an_ended_order_filled_is_told_by_its_fills(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        found = await venue.exchange.lookup(FILLED, ETH)
        assert isinstance(found, OrderReport)
        assert (found.status, found.quantity, found.filled) == (OrderStatus.FILLED, D("-0.5"), D("-0.5"))
        assert (found.average_price, found.fee) == (D("2999.94"), D("0.674986"))
        assert isinstance(await venue.exchange.lookup(FILLED, BTC), NotFound)
        assert isinstance(await venue.exchange.lookup(ClientOrderId("0x" + "0" * 32), ETH), NotFound)


async def test_a_filled_order_whose_fills_are_not_told_yet_is_asked_for_again(certificate: Certificate) -> None:
    async with played(certificate, "user_fills_none") as venue:
        await venue.exchange.check([ETH, BTC])
        status = named("hyperliquid", "order_status_filled")
        assert isinstance(status.body, dict)
        order = status.body["order"]
        fresh = replace(status, body={"status": "order", "order": {**order, "statusTimestamp": "@ms#"}})
        venue.shown.insert(0, fresh)
        with pytest.raises(Retryable, match=r"told so far come to 0 of 0\.5"):
            await venue.exchange.lookup(FILLED, ETH)


async def test_an_order_that_a_dead_mans_switch_cancelled_has_filled_nothing(certificate: Certificate) -> None:
    async with played(certificate, "order_status_scheduled_cancel", "user_fills_none") as venue:
        await venue.exchange.check([ETH, BTC])
        venue.clock.advance(120)
        found = await venue.exchange.lookup(REST, ETH)
        assert isinstance(found, OrderReport)
        assert (found.status, found.filled) == (OrderStatus.CANCELLED, D(0))


async def test_a_stop_is_found_as_one(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        found = await venue.exchange.lookup(STOP, ETH)
        assert isinstance(found, OrderReport)
        assert (found.kind, found.status, found.quantity, found.filled) == (
            OrderKind.STOP_MARKET,
            OrderStatus.OPEN,
            D("1.5"),
            D(0),
        )


async def test_the_ledger_is_read_from_fundings_fills_and_updates(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH, BTC])
        told = await venue.exchange.ledger(START - timedelta(days=1))
        by_kind: dict[LedgerKind, list[Decimal]] = {}
        for entry in told.entries:
            by_kind.setdefault(entry.kind, []).append(entry.amount)
        assert sorted(by_kind[LedgerKind.FUNDING]) == [D("-0.0075"), D("0.0562")]
        assert by_kind[LedgerKind.REALISED] == [D("12.5")]
        assert sorted(by_kind[LedgerKind.FEE]) == [D("-0.404986"), D("-0.27"), D("0.018")]
        assert sorted(by_kind[LedgerKind.DEPOSIT]) == [D(-70), D(-51), D(-6), D(10_000)]
        assert [item.what for item in told.aside] == ["cStakingTransfer of HYPE"]
        assert len({entry.key for entry in told.entries}) == len(told.entries)


async def test_a_budget_that_runs_out_holds_adds_back(certificate: Certificate) -> None:
    async with played(certificate, "user_rate_limit_low") as venue:
        await venue.exchange.check([ETH, BTC])
        (unread,) = (await venue.exchange.observe()).unread
        assert (unread.symbol, unread.what) == (None, "the address's budget of actions")
        assert unread.reason.startswith("336 left, and 500 are kept for reductions")


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("SOL/USDC:USDC", "has no market SOL/USDC:USDC"),
        ("HPOS/USDC:USDC", "takes isolated margin only"),
    ],
)
async def test_a_symbol_that_can_t_be_traded_is_told(certificate: Certificate, symbol: str, said: str) -> None:
    async with played(certificate, symbols=(Symbol(symbol),)) as venue:
        with pytest.raises(ConfigError) as error:
            await venue.exchange.check([Symbol(symbol)])
        assert said in str(error.value)


async def test_a_delisted_market_is_shut_and_no_other(certificate: Certificate) -> None:
    matic = Symbol("MATIC/USDC:USDC")
    async with played(certificate, symbols=(ETH, matic)) as venue:
        one = replace(named("hyperliquid", "active_asset_data_eth"), query={"type": "activeAssetData", "coin": "MATIC"})
        venue.shown.insert(0, one)
        await venue.exchange.check([ETH, matic])
        shut = {symbol: read.shut for symbol, read in venue.exchange.instruments.items()}
        assert shut == {ETH: "", matic: "is not open for trading"}


async def test_symbols_of_two_dexes_are_two_venues(certificate: Certificate) -> None:
    with pytest.raises(ConfigError, match="more than one dex"):
        async with played(certificate, symbols=(ETH, Symbol("XYZ-TSLA/USDC:USDC"))):
            pass


async def test_a_thousand_of_a_small_coin_is_one_contract_of_its_own_name(certificate: Certificate) -> None:
    pepe = Symbol("KPEPE/USDC:USDC")
    async with played(certificate, symbols=(pepe,)) as venue:
        venue.shown.insert(
            0,
            replace(named("hyperliquid", "active_asset_data_eth"), query={"type": "activeAssetData", "coin": "kPEPE"}),
        )
        venue.shown.insert(0, replace(named("hyperliquid", "l2_book_eth"), query={"type": "l2Book", "coin": "kPEPE"}))
        with pytest.raises(ConfigError, match="leverage 20 is above KPEPE/USDC:USDC's largest, 10"):
            await venue.exchange.check([pepe])
        assert venue.asked("activeAssetData") == 1
