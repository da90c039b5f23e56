"""Losses: a quick move is no loss of the liquidity alone, a withdrawal is none of the hedge, a day begins at nought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.policy import LossPolicy
from bot.core.risk import loss_limits
from bot.core.risk.loss_limits import breaches, is_funding_over, spent
from bot.core.run_state import Trigger
from bot.core.snapshot import Snapshot
from bot.core.state import Money
from tests.core.risks import CAREFUL
from tests.core.scenes import NOW, chain, snapshot, venue

FUNDS = Decimal(10_000)


def having(results: Mapping[str, int]) -> Money:
    fields: dict[str, Any] = {name: Decimal(amount) for name, amount in results.items()}
    return Money(**fields)


def moment(equity: int, ledger: Sequence[LedgerEntry] | None, days: int = 0) -> Snapshot:
    view = venue()
    view = replace(view, balance=replace(view.balance, equity=Decimal(equity)))
    view = replace(view, ledger=None if ledger is None else tuple(ledger))
    return replace(snapshot(chain(), view), observed_at=NOW + timedelta(days=days))


def after(money: Money, seen: Snapshot) -> Money:
    return loss_limits.update_money(money, seen, ({}, {}), {})


def verdicts(money: Money, seen: Snapshot, liquidity: int) -> list[str]:
    lost = replace(money, liquidity_day=Decimal(liquidity), liquidity_life=Decimal(liquidity))
    return [item.trigger for item in loss_limits.breaches(lost, FUNDS, CAREFUL.loss, loss_limits.unbooked(money, seen))]


def test_what_the_hedge_won_since_its_ledger_was_read_counts_against_the_liquiditys_loss() -> None:
    money = after(Money(), moment(10_000, []))
    seen = moment(15_000, None)
    money = after(money, seen)
    assert verdicts(money, seen, liquidity=-5_000) == []
    assert verdicts(money, moment(10_000, None), liquidity=-5_000) != []


def test_money_that_was_withdrawn_is_no_loss_before_its_ledger_is_read_nor_after() -> None:
    money = after(Money(), moment(10_000, []))
    gone = moment(4_000, None)
    money = after(money, gone)
    assert verdicts(money, gone, liquidity=0) == []
    booked = moment(4_000, [LedgerEntry(7, LedgerKind.DEPOSIT, None, Decimal(-6_000), NOW)])
    money = after(money, booked)
    assert verdicts(money, booked, liquidity=0) == []
    assert (money.hedge_day, money.hedge_life) == (Decimal(0), Decimal(0))


def test_a_loss_of_the_hedge_counts_once_its_ledger_is_read() -> None:
    money = after(Money(), moment(10_000, []))
    seen = moment(1_000, [])
    assert verdicts(after(money, seen), seen, liquidity=0) != []


def test_a_day_does_not_begin_with_what_the_last_one_left_unbooked() -> None:
    money = after(Money(), moment(10_000, []))
    money = after(money, moment(7_000, None))
    money = after(money, moment(7_000, None, days=1))
    money = after(money, moment(7_000, [], days=1))
    assert (money.hedge_day, money.hedge_life) == (Decimal(0), Decimal(-3_000))


LIMITS = LossPolicy(*(Decimal(part) for part in ("0.1", "0.4", "0.05", "0.2", "0.01", "0.005", "0.5")))
"""1,000 and 4,000 USD for the hedge, a day and in all; 500 and 2,000 for both; 100 of funding, 50 of fees a day."""


@pytest.mark.parametrize(
    ("lost", "trigger"),
    [
        ({"hedge_day": -1000, "liquidity_day": 1000}, None),
        ({"hedge_day": -1001, "liquidity_day": 1001}, Trigger.LIMIT),
        ({"hedge_life": -4000, "liquidity_life": 4000}, None),
        ({"hedge_life": -4001, "liquidity_life": 4001}, Trigger.HALT),
        ({"liquidity_day": -500}, None),
        ({"liquidity_day": -501}, Trigger.LIMIT),
        ({"liquidity_life": -2000}, None),
        ({"liquidity_life": -2001}, Trigger.HALT),
        ({"hedge_day": -900, "liquidity_day": 399}, Trigger.LIMIT),
    ],
)
def test_each_limit_is_passed_where_it_says_and_asks_for_what_it_says(
    lost: dict[str, int], trigger: Trigger | None
) -> None:
    money = having(lost)
    assert [item.trigger for item in breaches(money, FUNDS, LIMITS)] == ([trigger] if trigger else [])


def test_what_is_not_booked_yet_can_only_spare_a_limit() -> None:
    money = Money(liquidity_day=Decimal(-501))
    assert breaches(money, FUNDS, LIMITS, fresh=Decimal(2)) == ()
    assert len(breaches(money, FUNDS, LIMITS, fresh=Decimal(-2))) == 1
    assert breaches(money, Decimal(0), LIMITS) == ()


@pytest.mark.parametrize(
    ("paid", "count"),
    [
        ({"funding_day": -100}, 0),
        ({"funding_day": -101}, 1),
        ({"fees_day": -50}, 0),
        ({"fees_day": -51}, 1),
        ({"funding_day": 500, "fees_day": 500}, 0),
        ({"funding_day": -101, "fees_day": -51}, 2),
    ],
)
def test_funding_and_fees_beyond_the_day_s_limit_stop_spending(paid: dict[str, int], count: int) -> None:
    money = having(paid)
    assert len(spent(money, FUNDS, LIMITS)) == count
    assert is_funding_over(money, FUNDS, LIMITS) is (paid.get("funding_day", 0) < -100)


KINDS: dict[str, tuple[str, int]] = {
    "loss:hedge_life": ("hedge_life", -5000),
    "loss:total_life": ("liquidity_life", -9000),
    "loss:hedge_day": ("hedge_day", -1500),
    "loss:total_day": ("liquidity_day", -4000),
    "spending:funding_day": ("funding_day", -150),
    "spending:cost_day": ("fees_day", -60),
}
"""What passes each limit alone; a loss of the hedge passes that of both together as well."""


def standing(money: Money) -> dict[str, str]:
    found = loss_limits.alarms(spent(money, FUNDS, LIMITS), breaches(money, FUNDS, LIMITS))
    assert len({alarm.key for alarm in found}) == len(found)
    return {alarm.key: alarm.message for alarm in found}


@given(st.sets(st.sampled_from(sorted(KINDS))))
def test_an_alarm_keeps_its_key_and_its_words_whichever_other_limits_are_passed(keys: set[str]) -> None:
    together = standing(having(dict(KINDS[key] for key in keys)))
    assert keys <= together.keys()
    for key in keys - {"loss:total_life", "loss:total_day"}:  # those two count the hedge's loss as well
        assert together[key] == standing(having(dict([KINDS[key]])))[key]


def test_a_lifetime_breach_does_not_take_over_the_alarm_of_the_day_that_stands() -> None:
    today = standing(having({"hedge_day": -1500}))
    both = standing(having({"hedge_day": -1500, "hedge_life": -5000}))
    assert {key: both[key] for key in today} == today
    assert set(both) - set(today) == {"loss:hedge_life", "loss:total_life"}
