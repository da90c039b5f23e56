"""Venues without a folder: what their documented answers come to through ccxt, and who is refused for it, and why.

A test here that turns red because ccxt has learnt something means that a reason for refusing has gone.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import ccxt.async_support as ccxt
import pytest

from bot.clock import ManualClock
from bot.core.errors import ConfigError
from bot.core.types import Symbol
from bot.exchange import translate
from bot.exchange.connection import hosts_in
from bot.exchange.errors import Unbelievable
from bot.venues.connect import connect
from bot.venues.generic import Other, facts_of
from tests.exchange.loopback import Certificate, Reply, Server
from tests.exchange.scene import ETH, START, config
from tests.recorded.files import Certainty, named, recordings

D = Decimal
REFUSED = ("okx", "bybit")


def body(venue: str, name: str) -> Any:  # noqa: ANN401 - JSON
    return named(venue, name).body


def rows(venue: str, name: str) -> list[Any]:
    found = body(venue, name)
    listed: list[Any] = found["data"] if "data" in found else found["result"]["list"]
    return listed


async def made(venue: str) -> Any:  # noqa: ANN401 - a ccxt object has no useful types
    """Return a ccxt object that knows the recorded market."""
    api = getattr(ccxt, venue)({"number": str})
    if venue == "okx":
        api.set_markets([api.parse_market(rows(venue, "instruments")[0])])
        return api

    async def answered(_: object = None) -> object:
        return body(venue, "instruments")

    api.publicGetV5MarketInstrumentsInfo = answered
    api.set_markets(await api.fetch_future_markets({"category": "linear"}))
    return api


@pytest.fixture
async def okx() -> Any:  # noqa: ANN401 - the same
    api = await made("okx")
    yield api
    await api.close()


@pytest.fixture
async def bybit() -> Any:  # noqa: ANN401 - the same
    api = await made("bybit")
    yield api
    await api.close()


async def test_the_markets_are_read_with_their_contract_sizes(okx: Any, bybit: Any) -> None:  # noqa: ANN401 - the same
    for api, size in ((okx, D("0.1")), (bybit, D(1))):
        market = api.market(ETH)
        assert D(market["contractSize"]) == size
        translate.check_kind(market, Symbol(ETH), "USDT")


async def test_okx_s_positions_come_in_base_units(okx: Any) -> None:  # noqa: ANN401 - the same
    position = translate.position(okx.parse_position(rows("okx", "position")[0]), D(20), isolated=False)
    assert (position.size, position.margin) == (D("-0.5"), D(75))


async def test_okx_s_tiers_count_contracts(okx: Any) -> None:  # noqa: ANN401 - the same
    table = okx.parse_market_leverage_tiers(rows("okx", "position_tiers"), okx.market(ETH))
    first = translate.tiers(table, ETH)[0]
    assert first.notional_cap == 5500, "5,500 contracts of 0.1 ETH are 1.65 million USD at 3,000, and read as 5,500 USD"


async def test_okx_s_mark_price_is_in_none_of_the_answers_that_are_read(okx: Any) -> None:  # noqa: ANN401 - the same
    rate = okx.parse_funding_rate(rows("okx", "funding_rate")[0], okx.market(ETH))
    ticker = okx.parse_ticker(rows("okx", "ticker")[0], okx.market(ETH))
    with pytest.raises(Unbelievable, match="no answer carries 'markPrice'"):
        translate.mark([rate, ticker], ETH, START)


async def test_bybit_s_trades_carry_no_realised_profit(bybit: Any) -> None:  # noqa: ANN401 - the same
    trade = bybit.parse_trade(rows("bybit", "executions")[0], bybit.market(ETH))
    with pytest.raises(Unbelievable, match="no realised profit"):
        Other(facts_of("bybit", "USDT")).realised(trade)


async def test_bybit_s_isolated_positions_carry_no_margin(bybit: Any) -> None:  # noqa: ANN401 - the same
    row = bybit.parse_position(rows("bybit", "position")[0])
    assert translate.position(row, D(20), isolated=False).size == D("-0.5")
    with pytest.raises(Unbelievable, match="positionMargin"):
        translate.position(row, D(20), isolated=True)


async def test_bybit_s_positions_are_read_for_one_symbol_alone(bybit: Any) -> None:  # noqa: ANN401 - the same
    with pytest.raises(ccxt.ArgumentsRequired):
        await bybit.fetch_positions([ETH, "BTC/USDT:USDT"])


async def test_bybit_s_unified_balance_is_not_what_is_free(bybit: Any) -> None:  # noqa: ANN401 - the same
    money = bybit.parse_balance(body("bybit", "wallet_balance"))["USDT"]
    assert (D(money["total"]), D(money["free"])) == (D("18070.43"), D("805.99"))
    assert body("bybit", "wallet_balance")["result"]["list"][0]["totalAvailableBalance"] == "17887.72"


@pytest.mark.parametrize("kind", REFUSED)
async def test_they_are_refused_by_name_before_anything_is_asked(kind: str) -> None:
    server = Server(Certificate(), lambda _: Reply({}, status=500))
    await server.start()
    exchange = await connect(replace(config("binance", server), kind=kind), ManualClock(START))
    with pytest.raises(ConfigError, match=r"can't be used: its (margin tiers|trades)") as refused:
        await exchange.check([ETH])
    assert refused.value.key == "kind"
    assert server.seen == []
    await exchange.close()
    await server.stop()


@pytest.mark.parametrize("kind", ["gate", "kucoinfutures"])
async def test_those_of_which_nothing_was_shown_are_left_to_the_probe(kind: str) -> None:
    assert facts_of(kind, "USDT").refused == ""


@pytest.mark.parametrize(
    ("kind", "host"),
    [("gate", "api.gateio.ws"), ("kucoinfutures", "api-futures.kucoin.com"), ("bybit", "api.bybit.com")],
)
async def test_one_connects_whether_or_not_ccxt_has_a_name_for_its_host(kind: str, host: str) -> None:
    exchange = await connect(
        replace(config("binance", Server(Certificate(), lambda _: Reply({}))), kind=kind), ManualClock(START)
    )
    assert host in set(hosts_in(exchange.link.api))
    await exchange.close()


@pytest.mark.parametrize("venue", REFUSED)
def test_each_answer_names_its_source_and_none_is_inferred(venue: str) -> None:
    found = recordings(venue)
    assert len(found) >= 4
    assert all(len(one.source) > 20 and one.certainty is not Certainty.INFERRED for one in found)
