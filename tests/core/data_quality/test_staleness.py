"""What the decision does not believe, and what it does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.core.data_quality.pool_prices import watch_pools
from bot.core.data_quality.staleness import DataIssue
from bot.core.decide import decide
from bot.core.snapshot import ChainView
from bot.core.types import ChainName, PoolKey, Underlying
from tests.core.scenes import (
    BTC,
    CHAIN,
    ETH,
    GUARDS,
    MARKS,
    NO_INPUTS,
    NOW,
    USD,
    chain,
    decide_simply,
    line,
    lp,
    policy,
    pool_id,
    pool_price,
    quantities,
    quote,
    snapshot,
    v2,
    venue,
)

OLD = NOW - timedelta(seconds=61)


def doubted(view: ChainView, marks: Mapping[Underlying, Decimal]) -> dict[PoolKey, DataIssue]:
    """Return what is not believed of pools that were never seen before; the limit is 5%."""
    return watch_pools({}, [view], marks, GUARDS)[1]


@pytest.mark.parametrize(("price", "is_doubted"), [("2099", False), ("2101", True), ("1901", False), ("1899", True)])
def test_a_pool_is_doubted_beyond_the_limit_on_either_side(price: str, is_doubted: bool) -> None:  # noqa: FBT001 - a parameter
    doubts = doubted(chain(pools=[pool_price(price)]), MARKS)
    assert ((CHAIN, pool_id("pool")) in doubts) is is_doubted


def test_a_pool_of_two_volatile_legs_is_held_against_both_marks() -> None:
    fair, off = pool_price(25, (BTC, ETH)), pool_price(27, (BTC, ETH), pool="off")
    (doubt,) = doubted(chain(pools=[fair, off]), MARKS).values()
    assert doubt.underlyings == (BTC, ETH)


def test_a_pool_of_one_underlying_is_held_against_par() -> None:
    assert doubted(chain(pools=[pool_price("0.9", (ETH, ETH))]), {})
    assert not doubted(chain(pools=[pool_price("1.01", (USD, USD))]), {})


def test_without_a_mark_there_is_nothing_to_doubt() -> None:
    assert not doubted(chain(pools=[pool_price(5)]), {})


def test_a_pool_that_the_view_does_not_list_is_judged_by_its_own_curve() -> None:
    # raw token1 (6 decimals) per raw token0 (18 decimals) of 1 is 10^12 USD per ETH
    assert doubted(chain([lp("a", (1, 2000))], pools=[]), MARKS)


def test_a_manipulated_pool_moves_nothing_and_raises_an_alarm() -> None:
    before = decide_simply(chain([v2("a", 20_000)]), venue({ETH: -5}))
    skewed = chain([v2("a", 60_000)], block=101, pools=[pool_price(600, pool="ETHUSD")])
    decision = decide(snapshot(skewed, venue({ETH: -5})), NO_INPUTS, before.state, policy())
    assert line(decision, ETH).exposure == 5
    assert decision.approved == ()
    assert [alarm.key for alarm in decision.alarms] == ["pool:local:0xETHUSD"]


def test_a_manipulated_pool_stops_adds_of_its_underlyings_only() -> None:
    positions = [v2("a", 20_000), v2("b", 20_000, (BTC, USD))]
    believed = decide_simply(chain(positions)).state
    pools = [pool_price(600, pool="ETHUSD"), pool_price(50_000, (BTC, USD), pool="BTCUSD")]
    decision = decide(snapshot(chain(positions, block=101, pools=pools)), NO_INPUTS, believed, policy())
    assert list(quantities(decision)) == [BTC]
    assert [refused.guard for refused in decision.refused] == ["pool price"]


@pytest.mark.parametrize("at", [OLD, NOW + timedelta(seconds=61), NOW + timedelta(hours=1), NOW + timedelta(days=400)])
def test_a_block_of_another_time_stops_adds_but_no_reductions(at: datetime) -> None:
    decision = decide_simply(chain([v2("a", 20_000), v2("b", 20_000, (BTC, USD))], at=at), venue({BTC: "-1"}))
    assert quantities(decision)[BTC] > 0
    assert [(item.order.underlying, item.guard) for item in decision.refused] == [(ETH, "stale snapshot")]


def test_a_block_that_is_a_little_ahead_of_the_clock_stops_nothing() -> None:
    assert not decide_simply(chain([v2("a", 20_000)], at=NOW + timedelta(seconds=12))).refused


def test_a_chain_that_was_not_read_stops_adds_of_what_it_holds() -> None:
    held = decide_simply(chain([v2("a", 20_000)])).state
    other = chain([v2("b", 20_000, (BTC, USD))], name=ChainName("other"))
    decision = decide(snapshot(other), NO_INPUTS, held, policy())
    assert line(decision, ETH).exposure == 5
    assert list(quantities(decision)) == [BTC]
    assert "stale:local" in {alarm.key for alarm in decision.alarms}


def test_an_old_account_or_an_old_book_stops_adds() -> None:
    old_account = decide_simply(chain([v2("a", 20_000)]), venue(at=OLD))
    assert [item.guard for item in old_account.refused] == ["stale snapshot"]
    shown = quote(ETH)
    old_book = replace(shown, book=replace(shown.book, as_of=OLD))
    decision = decide_simply(chain([v2("a", 20_000)]), venue(quotes=[old_book, quote(BTC)]))
    assert [item.guard for item in decision.refused] == ["stale snapshot"]
