"""The margin ladder: when a step is reached and left, what it asks for, and how often money is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.decision import AddMargin, PositionRisk, Severity, Transfer
from bot.core.risk.liquidation import position_risks
from bot.core.risk.margin_ladder import bare_alarm, climb, reduction, rung_of, top_up
from bot.core.snapshot import PerpPosition, VenueView
from bot.core.state import MarketWatch, Rung, TopUp, VenueWatch
from tests.core.risk.test_margin import TABLE
from tests.core.risks import CAREFUL
from tests.core.scenes import ETH, MARKS, NOW, PAPER, quote, symbol, venue

D = Decimal
LADDER = CAREFUL.ladder
PERP = symbol(ETH)


def position_risk(distance: str, ratio: str = "0.01", size: str = "-10") -> PositionRisk:
    mark = D(2000)
    liquidation = mark * (1 + D(distance))
    return PositionRisk(
        PAPER, PERP, ETH, D(size), mark, liquidation, None, liquidation, liquidation, D(distance), D(ratio)
    )


@pytest.mark.parametrize(
    ("distance", "ratio", "rung"),
    [
        ("0.30", "0.01", Rung.CALM),
        ("0.25", "0.01", Rung.ALERT),
        ("0.20", "0.01", Rung.TOP_UP),
        ("0.12", "0.01", Rung.REDUCE),
        ("0.08", "0.01", Rung.FREEZE),
        ("0.90", "0.40", Rung.ALERT),
        ("0.90", "0.65", Rung.REDUCE),
        ("0.90", "0.80", Rung.FREEZE),
    ],
)
def test_a_step_is_reached_by_distance_or_by_ratio(distance: str, ratio: str, rung: Rung) -> None:
    assert rung_of(position_risk(distance, ratio), LADDER, Rung.CALM) is rung


@pytest.mark.parametrize(
    ("distance", "before", "rung"),
    [
        ("0.13", Rung.REDUCE, Rung.REDUCE),  # 0.12 and a fifth of it is 0.144
        ("0.15", Rung.REDUCE, Rung.TOP_UP),
        ("0.29", Rung.ALERT, Rung.ALERT),
        ("0.31", Rung.ALERT, Rung.CALM),
        ("0.11", Rung.ALERT, Rung.REDUCE),
    ],
)
def test_a_step_is_left_only_past_it_and_climbed_at_once(distance: str, before: Rung, rung: Rung) -> None:
    assert rung_of(position_risk(distance), LADDER, before) is rung


@pytest.mark.parametrize(
    ("distance", "bare_for", "share"),
    [
        ("0.30", None, "0"),
        ("0.20", None, "0"),
        ("0.12", None, "0.25"),
        ("0.05", None, "0.25"),
        ("0.25", 60, "0.25"),
        ("0.25", 59, "0"),
        ("0.26", 3600, "0"),
        ("0.12", 1, "0.25"),
    ],
)
def test_the_upper_steps_and_a_short_near_liquidation_that_stays_bare_are_reduced(
    distance: str, bare_for: int | None, share: str
) -> None:
    since = None if bare_for is None else NOW - timedelta(seconds=bare_for)
    watch = MarketWatch(D(-10), D(-10), D(-10), bare_since=since)
    found = climb(position_risk(distance), CAREFUL, watch, NOW)
    assert found.reduce == D(share)
    if found.reduce:
        assert reduction(found, D("0.3")) == D("2.7")  # a quarter of 10, in whole lots, rounded up
        assert reduction(replace(found, position_risk=position_risk(distance, size="-0.2")), D("0.3")) == 0


@pytest.mark.parametrize(("step_ago", "share"), [(59, "0"), (60, "0.25"), (None, "0.25")])
def test_the_steps_for_want_of_a_stop_are_spread_over_time(step_ago: int | None, share: str) -> None:
    last = None if step_ago is None else NOW - timedelta(seconds=step_ago)
    bare = MarketWatch(D(-10), D(-10), D(-10), bare_since=NOW - timedelta(minutes=10), bare_step_at=last)
    assert climb(position_risk("0.2"), CAREFUL, bare, NOW).reduce == D(share)


@pytest.mark.parametrize(
    ("distance", "seconds", "severity", "words"),
    [
        ("0.2", 0, Severity.WARNING, "nothing is added"),
        ("0.2", 59, Severity.WARNING, "nothing is added"),
        ("0.2", 60, Severity.CRITICAL, "reduced step by step"),
        ("0.9", 60, Severity.CRITICAL, "it is kept"),
    ],
)
def test_a_missing_stop_is_told_at_once_and_loudly_after_the_grace(
    distance: str, seconds: int, severity: Severity, words: str
) -> None:
    alarm = bare_alarm(position_risk(distance), timedelta(seconds=seconds), CAREFUL.stop)
    assert (alarm.key, alarm.severity) == (f"bare:{PAPER}:{PERP}", severity)
    assert words in alarm.message


def account(margin: str, *, isolated: bool, reserve: str = "0") -> VenueView:
    shown = quote(ETH)
    shown = replace(shown, market=replace(shown.market, tiers=TABLE))
    held = PerpPosition(
        PERP, D(-10), MARKS[ETH], D(0), None, D(margin) if isolated else D(0), D(10), is_isolated=isolated
    )
    view = replace(venue({ETH: "-10"}, quotes=[shown], cash=D(margin)), positions={PERP: held})
    return replace(view, balance=replace(view.balance, available=D(5_000), reserve=D(reserve)))


def asked(view: VenueView, watch: VenueWatch) -> tuple[AddMargin | Transfer, ...]:
    climbs = tuple(climb(one, CAREFUL, None, NOW) for one in position_risks(view))
    return top_up(view, climbs, watch, LADDER, NOW).actions


def test_money_is_asked_for_once_per_spacing_and_within_the_day_s_cap() -> None:
    thin = account("3600", isolated=True)
    (first,) = asked(thin, VenueWatch())
    assert isinstance(first, AddMargin)
    assert 0 < first.amount <= 5_000
    just_now = VenueWatch(top_ups=(TopUp(NOW - LADDER.spacing / 2, D(1)),))
    assert asked(thin, just_now) == ()
    long_ago = VenueWatch(top_ups=(TopUp(NOW - 2 * LADDER.spacing, LADDER.daily_top_up - D(7)),))
    (last,) = asked(thin, long_ago)
    assert last.amount == 7
    yesterday = VenueWatch(top_ups=(TopUp(NOW - timedelta(days=1, seconds=1), LADDER.daily_top_up),))
    assert asked(thin, yesterday) == (first,)


def test_a_cross_account_gets_money_from_the_other_wallets_alone() -> None:
    assert asked(account("3600", isolated=False), VenueWatch()) == ()
    (transfer,) = asked(account("3600", isolated=False, reserve="100"), VenueWatch())
    assert isinstance(transfer, Transfer)
    assert transfer.amount == 100
