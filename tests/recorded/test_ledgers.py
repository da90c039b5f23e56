"""Ledgers and trades as the venues give them: other assets, every kind of movement, rows that nobody can read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from bot.core.orders import LedgerEntry, LedgerKind, Statement
from bot.core.types import ZERO
from bot.exchange.fields import milliseconds_of
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH
from tests.recorded.files import VENUES, Recording, dated, named
from tests.recorded.scene import BTC, Played, played

D = Decimal
K = LedgerKind
FILES: Final = {"binance": "income", "bitget": "bills", "bitget-uta": "records"}
DEPOSIT: Final = {"binance": "TRANSFER", "bitget": "trans_from_exchange", "bitget-uta": "TRANSFER_IN"}
INTERNAL: Final = {"bitget": "append_margin reduce_margin", "bitget-uta": "INCREASE_MARGIN REDUCE_MARGIN"}
PRICES: Final = {
    "binance": "/fapi/v1/premiumIndex",
    "bitget": "/api/v2/spot/market/tickers",
    "bitget-uta": "/api/v3/market/tickers",
}
CLOSED: Final = {"bitget": "close_short", "bitget-uta": "CLOSE_SHORT"}


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


def binance(venue: Played) -> bool:
    return venue.venue == "binance"


async def statement(venue: Played, *rows: Mapping[str, Any]) -> Statement:
    """Read the ledger; as it was recorded, or with these rows, the recorded ones' fields filled in."""
    if rows:
        recorded = named(venue.venue, FILES[venue.venue])
        venue.shown.insert(0, replaced(recorded, rows))
        if venue.venue == "bitget-uta":
            venue.shown.insert(1, named(venue.venue, "records_none"))  # of the other category
    return await venue.exchange.ledger(venue.clock.now() - timedelta(hours=1))


def replaced(recorded: Recording, rows: tuple[Mapping[str, Any], ...]) -> Recording:
    body: Any = recorded.body
    key = "list" if recorded.venue == "bitget-uta" else "bills"
    usual = body[0] if recorded.venue == "binance" else body["data"][key][0]
    full = [{**usual, **row} for row in rows]
    return replace(recorded, body=full if recorded.venue == "binance" else {**body, "data": {key: full}})


def moved(venue: Played, name: str, amount: str = "2.5", number: int = 1, asset: str = "USDT") -> Mapping[str, Any]:
    """Return a row of a kind."""
    if binance(venue):
        return {"incomeType": name, "income": amount, "tranId": str(number), "asset": asset, "symbol": ""}
    if venue.venue == "bitget-uta":
        return {"type": name, "amount": amount, "fee": "0", "id": str(number), "coin": asset, "symbol": ""}
    return {"businessType": name, "amount": amount, "fee": "0", "billId": str(number), "coin": asset, "symbol": ""}


def told(entries: tuple[LedgerEntry, ...]) -> list[tuple[LedgerKind, Decimal]]:
    return [(entry.kind, entry.amount) for entry in entries]


async def test_the_recorded_ledger_is_booked_and_what_is_no_money_of_the_account_is_set_aside(venue: Played) -> None:
    found = await statement(venue)
    paid_in_bnb = [(K.FEE, D("-0.00024612") * 600), (K.DEPOSIT, D("0.00024612") * 600)] if binance(venue) else []
    assert told(found.entries) == [
        (K.DEPOSIT, D(100)),
        (K.FUNDING, D("-0.5")),
        *sorted([(K.REALISED, D("1.5")), (K.FEE, D("-0.7499975"))], reverse=not binance(venue)),
        *paid_in_bnb,
    ]
    coin = "BNB" if binance(venue) else "BGB"
    assert [(item.what, item.why) for item in found.aside] == [
        (f"{DEPOSIT[venue.venue]} of {coin}", f"{coin} is no money of this account")
    ]
    assert len({entry.key for entry in found.entries}) == len(found.entries)


async def test_a_trade_s_fee_in_another_asset_counts_at_its_price(venue: Played) -> None:
    fees = [fill.fee for fill in await venue.exchange.fills(venue.clock.now() - timedelta(hours=1))]
    assert fees == [D("0.7499975"), D("0.00024612") * 600 if binance(venue) else D("0.0171") * 5]


async def test_a_fee_in_an_asset_without_a_price_counts_as_the_market_s_own_fee(venue: Played) -> None:
    path = PRICES[venue.venue]
    body = {"code": -1121, "msg": "Invalid symbol."} if binance(venue) else {"code": "40034", "msg": "not exist"}
    venue.server.faults["GET", path] = lambda _: Reply(body, status=400)
    fees = [fill.fee for fill in await venue.exchange.fills(venue.clock.now() - timedelta(hours=1))]
    rate = D("0.0005") if binance(venue) else D("0.0006")
    assert fees == [D("0.7499975"), rate * D("0.1") * D("2999.99")]
    if binance(venue):  # and the ledger's row of it is set aside
        found = await statement(venue)
        assert {item.what for item in found.aside} == {"TRANSFER of BNB", "COMMISSION of BNB"}


FILLS: Final = {
    "binance": ("user_trades", "/fapi/v1/userTrades"),
    "bitget": ("fills", "/api/v2/mix/order/fills"),
    "bitget-uta": ("fills", "/api/v3/trade/fills"),
}
TIMES: Final = {"binance": "time", "bitget": "cTime", "bitget-uta": "createdTime"}


def show_fills(venue: Played, *odd: object) -> None:
    """Answer the recorded trades, and odd rows behind them."""
    name, path = FILLS[venue.venue]
    body: Any = deepcopy(named(venue.venue, name).body)
    rows = body if binance(venue) else body["data"]["list" if venue.venue == "bitget-uta" else "fillList"]
    for change in odd:
        rows.append({**rows[0], **change} if isinstance(change, dict) else change)
    venue.server.faults["GET", path] = lambda seen: (
        Reply(dated(body, milliseconds_of(venue.clock.true())))
        if seen.params.get("symbol", "ETHUSDT") == "ETHUSDT"
        else venue.answer(seen)
    )


async def test_a_trade_that_cannot_be_read_is_told_and_spoils_no_other(venue: Played) -> None:
    since = venue.clock.now() - timedelta(hours=1)
    whole = await venue.exchange.fills(since)
    key = {"binance": "id", "bitget": "tradeId", "bitget-uta": "execId"}[venue.venue]
    amount = {"binance": "qty", "bitget": "baseVolume", "bitget-uta": "execQty"}[venue.venue]
    odd: tuple[object, ...] = (
        {key: "901", amount: "9" * 60},
        {key: "902", TIMES[venue.venue]: None},
        {key: None},
        None,
        "x",
        [],
    )
    stranger = {"symbol": "XYZUSDT", key: None}
    show_fills(venue, *odd, stranger)
    assert await venue.exchange.fills(since) == whole
    told = [item for item in (await statement(venue)).aside if item.what == "trades that can't be read"]
    assert len(told) == len(odd), "each once, and nobody else's"
    assert {item.at for item in told} == {venue.clock.now()}


async def test_a_trade_that_could_not_be_read_is_asked_for_until_it_can_be(venue: Played) -> None:
    """Later ones have moved on what is asked for; the venue may have mended it meanwhile."""
    whole = await venue.exchange.fills(venue.clock.now() - timedelta(hours=1))
    show_fills(venue, {TIMES[venue.venue]: "soon"})
    await venue.exchange.fills(venue.clock.now() - timedelta(hours=1))
    venue.clock.advance(3600)
    await venue.exchange.fills(venue.clock.now())
    assert len((await venue.exchange.ledger(venue.clock.now())).aside) > 0
    venue.server.faults.clear()
    assert set(await venue.exchange.fills(venue.clock.now())) >= {
        replace(fill, at=fill.at + timedelta(hours=1)) for fill in whole
    }, "from before what was asked for"
    told = (await venue.exchange.ledger(venue.clock.now())).aside
    assert "trades that can't be read" not in {item.what for item in told}


DEPOSITS: Final = {
    "binance": "TRANSFER INTERNAL_TRANSFER CROSS_COLLATERAL_TRANSFER COIN_SWAP_DEPOSIT COIN_SWAP_WITHDRAW "
    "WELCOME_BONUS CONTEST_REWARD AUTO_EXCHANGE STRATEGY_UMFUTURES_TRANSFER BFUSD_REWARD OPTIONS_PREMIUM_FEE "
    "OPTIONS_SETTLE_PROFIT",
    "bitget": "trans_to_exchange trans_from_exchange trans_to_cross trans_from_cross trans_to_isolated "
    "trans_from_isolated cash_gift_issue cash_gift_recycle bonus_issue bonus_recycle bonus_expired",
    "bitget-uta": "TRANSFER_IN TRANSFER_OUT RESERVE_TRANSFER_IN RESERVE_TRANSFER_OUT PAPTRADING_USER_IN",
}
RESULTS: Final = {
    "binance": {
        K.FEE: "COMMISSION COMMISSION_REBATE API_REBATE REFERRAL_KICKBACK FEE_RETURN POSITION_LIMIT_INCREASE_FEE",
        K.FUNDING: "FUNDING_FEE",
        K.REALISED: "REALIZED_PNL DELIVERED_SETTELMENT",
        K.LIQUIDATION_FEE: "INSURANCE_CLEAR",
    },
    "bitget": {
        K.FUNDING: "contract_settle_fee",
        K.REALISED: "open_long close_long open_short close_short buy sell force_close_long force_close_short force_buy "
        "force_sell burst_long_loss_query burst_short_loss_query burst_buy burst_sell delivery_long delivery_short "
        "offset_long offset_short adl_long adl_short",
    },
    "bitget-uta": {
        K.FUNDING: "CONTRACT_MAIN_SETTLE_FEE_USER_IN CONTRACT_MAIN_SETTLE_FEE_USER_OUT",
        K.REALISED: "OPEN_LONG OPEN_SHORT CLOSE_LONG CLOSE_SHORT BUY_DEAL SELL_DEAL FORCE_CLOSE_LONG FORCE_CLOSE_SHORT "
        "BURST_CLOSE_LONG BURST_CLOSE_SHORT OFFSET_REDUCE_CLOSE_LONG OFFSET_REDUCE_CLOSE_SHORT FORCE_BUY_SSM "
        "FORCE_SELL_SSM BURST_BUY_SSM BURST_SELL_SSM",
    },
}
"""The kinds of the documentations (Get Income History; Get Account Bill), and what each is."""


async def test_every_documented_kind_of_movement_is_booked_as_what_it_is(venue: Played) -> None:
    kinds = dict.fromkeys(DEPOSITS[venue.venue].split(), K.DEPOSIT)
    kinds |= {name: kind for kind, names in RESULTS[venue.venue].items() for name in names.split()}
    rows = [moved(venue, name, number=number) for number, name in enumerate(kinds, 1)]
    found = await statement(venue, *rows)
    assert found.aside == ()
    assert {entry.number: entry.kind for entry in found.entries} == dict(enumerate(kinds.values(), 1))
    assert {entry.amount for entry in found.entries} == {D("2.5")}


@pytest.mark.parametrize("asset", ["BNB", "BGB", "BFUSD", "BTC"])
async def test_money_of_other_sorts_that_is_moved_is_no_result_and_is_told(venue: Played, asset: str) -> None:
    name = DEPOSIT[venue.venue]
    found = await statement(venue, moved(venue, name, asset=asset), moved(venue, name, number=2))
    assert told(found.entries) == [(K.DEPOSIT, D("2.5"))]
    assert [item.what for item in found.aside] == [f"{name} of {asset}"]


@pytest.mark.parametrize(
    "odd",
    [
        {"income": "", "amount": ""},
        {"income": None, "amount": None},
        {"time": None, "cTime": None, "ts": None},
        {"incomeType": "", "businessType": None, "type": ""},
        {"asset": None, "coin": ""},
        {"tranId": None, "billId": "", "id": None},
        {"income": "NaN", "amount": "much"},
    ],
    ids=str,
)
async def test_a_row_that_can_t_be_read_spoils_itself_alone(venue: Played, odd: Mapping[str, Any]) -> None:
    name = DEPOSIT[venue.venue]
    rows = [moved(venue, name), {**moved(venue, name, number=2), **odd}, moved(venue, name, number=3)]
    found = await statement(venue, *rows)
    assert [entry.number for entry in found.entries] == [1, 3]
    assert [item.what for item in found.aside] == ["rows that can't be read"]
    again = await statement(venue, *rows)
    assert [item.key for item in again.aside] == [item.key for item in found.aside]


@pytest.mark.parametrize("name", ["SOMETHING_NEW", "user_points_2031"])
async def test_a_kind_that_nobody_knows_is_set_aside_by_its_name(venue: Played, name: str) -> None:
    found = await statement(venue, moved(venue, name))
    assert (found.entries, [item.what for item in found.aside]) == ((), [f"{name} of USDT"])


async def test_margin_that_only_changes_its_place_is_no_movement(venue: Played) -> None:
    if binance(venue):
        return  # its income history does not have it
    found = await statement(venue, *(moved(venue, name) for name in INTERNAL[venue.venue].split()))
    assert found == Statement()


async def test_rows_of_one_number_are_told_apart_by_their_kind(venue: Played) -> None:
    """As Binance's profit and commission of a trade; Bitget's fee is a part of its bill."""
    if binance(venue):
        names = ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "TRANSFER")
        rows = [moved(venue, name, number=77) for name in names]
        wanted = 4
    else:
        rows, wanted = [{**moved(venue, CLOSED[venue.venue], number=77), "fee": "-0.1"}], 2
    found = await statement(venue, *rows)
    assert len({entry.key for entry in found.entries}) == wanted
    assert sum((entry.amount for entry in found.entries), ZERO) == (10 if binance(venue) else D("2.4"))
