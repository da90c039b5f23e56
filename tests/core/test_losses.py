"""Losses: a quick move is no loss of the liquidity alone, a withdrawal is none of the hedge, a day begins at nought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.core import losses
from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.snapshot import Snapshot
from bot.core.state import Money
from tests.core.risks import CAREFUL
from tests.core.scenes import NOW, chain, snapshot, venue

FUNDS = Decimal(10_000)


def moment(equity: int, ledger: Sequence[LedgerEntry] | None, days: int = 0) -> Snapshot:
    view = venue()
    view = replace(view, balance=replace(view.balance, equity=Decimal(equity)))
    view = replace(view, ledger=None if ledger is None else tuple(ledger))
    return replace(snapshot(chain(), view), taken_at=NOW + timedelta(days=days))


def after(money: Money, seen: Snapshot) -> Money:
    return losses.follow(money, seen, ({}, {}), {})


def verdicts(money: Money, seen: Snapshot, liquidity: int) -> list[str]:
    lost = replace(money, liquidity_day=Decimal(liquidity), liquidity_life=Decimal(liquidity))
    return [item.trigger for item in losses.breaches(lost, FUNDS, CAREFUL.loss, losses.unbooked(money, seen))]


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
