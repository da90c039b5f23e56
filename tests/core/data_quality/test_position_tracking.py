"""Positions that move without an order of ours: noticed, told, and waited for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.data_quality.position_tracking import expect, follow_markets
from bot.core.decision import Approved, Severity
from bot.core.hedge.markets import Flight
from bot.core.state import MarketWatch
from bot.core.types import MarketKey
from tests.core.scenes import BTC, ETH, NOW, PAPER, pending, symbol, venue

D = Decimal
KEY = (PAPER, symbol(ETH))
SETTLE = timedelta(minutes=1)


def seen(position: str, before: MarketWatch, fired: tuple[MarketKey, ...] = ()) -> tuple[MarketWatch, list[Severity]]:
    watches = {KEY: before, (PAPER, symbol(BTC)): MarketWatch(D(0), D(0), D(0))}
    after, alarms = follow_markets(watches, [venue({ETH: position})], {}, fired, NOW, SETTLE)
    return after[KEY], [alarm.severity for alarm in alarms]


@pytest.mark.parametrize("position", ["-2", "-2.5", "-3"])
def test_what_our_orders_explain_is_no_jump(position: str) -> None:
    after, alarms = seen(position, MarketWatch(D(-2), D(-3), D(-2)))
    assert (after.position, after.unsettled, alarms) == (D(position), None, [])


@pytest.mark.parametrize("position", ["-1.9", "0", "-3.1", "1"])
def test_a_jump_is_told_and_nothing_is_added_until_it_has_settled(position: str) -> None:
    after, alarms = seen(position, MarketWatch(D(-2), D(-3), D(-2)))
    assert after.unsettled == NOW + SETTLE
    assert alarms == [Severity.CRITICAL]
    _, still = seen(position, after)
    assert still == [Severity.WARNING]


@pytest.mark.parametrize(("low", "says"), [("-2", "from -2 to -1"), ("-3", "from -3..-2 to -1")])
def test_a_jump_says_what_was_held(low: str, says: str) -> None:
    watches = {KEY: MarketWatch(D(-2), D(low), D(-2)), (PAPER, symbol(BTC)): MarketWatch(D(0), D(0), D(0))}
    _, (alarm,) = follow_markets(watches, [venue({ETH: "-1"})], {}, (), NOW, SETTLE)
    assert f"went {says}:" in alarm.message


def test_a_short_that_its_stop_closed_is_told_as_that() -> None:
    _, alarms = seen("0", MarketWatch(D(-2), D(-2), D(-2)), (KEY,))
    assert alarms == [Severity.WARNING]


def test_orders_widen_what_is_expected() -> None:
    watches = {KEY: MarketWatch(D(-2), D(-2), D(-2))}
    sale, purchase = (Approved(pending(ETH, quantity).intent.request) for quantity in ("-1", "0.5"))
    wide = expect(watches, [sale, purchase])[KEY]
    assert (wide.low, wide.high) == (D(-3), D("-1.5"))
    flights = {(PAPER, symbol(ETH)): Flight(selling=D(-4))}
    after, _ = follow_markets(watches, [venue({ETH: "-2"})], flights, (), NOW, SETTLE)
    assert (after[KEY].low, after[KEY].high) == (D(-6), D(-2))
