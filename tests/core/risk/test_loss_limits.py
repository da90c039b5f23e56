"""Losses: a quick move is no loss of the liquidity alone, a withdrawal is none of the hedge, a day begins at nought."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.booked import Gains
from bot.core.decide import decide
from bot.core.inputs import CycleInputs
from bot.core.orders import LedgerEntry, LedgerKind, SetAside
from bot.core.pnl.ledger import Book, book_cycle
from bot.core.policy import LossPolicy
from bot.core.risk import loss_limits
from bot.core.risk.loss_limits import Results, breaches, is_funding_over, results_of, spent
from bot.core.run_state import Trigger
from bot.core.snapshot import Snapshot
from bot.core.state import Accepted
from tests.core.risk.losing import FUNDS, after, entry, found, having, moment, verdicts
from tests.core.scenes import ETH, PAPER, chain, policy, snapshot, state, symbol, v2, venue


def test_what_the_hedge_won_since_its_ledger_was_read_counts_against_the_liquiditys_loss() -> None:
    book = after(Book(), moment(10_000, []))
    assert verdicts(book, moment(15_000, None), liquidity=-5_000) == []
    assert verdicts(book, moment(10_000, None), liquidity=-5_000) != []


def test_money_that_was_withdrawn_is_no_loss_before_its_ledger_is_read_nor_after() -> None:
    book = after(Book(), moment(10_000, []))
    gone = moment(4_000, None, cash=4_000)
    assert verdicts(book, gone, liquidity=0) == []
    book = after(book, gone)
    booked = moment(4_000, [entry(-6_000)], cash=4_000)
    assert verdicts(book, booked, liquidity=0) == []
    book = after(book, booked)
    assert verdicts(book, booked, liquidity=0) == []
    assert found(book, moment(4_000, [], cash=4_000)).life.hedge == 0


def test_a_loss_of_the_hedge_counts_in_the_cycle_that_reads_its_ledger_and_from_then_on() -> None:
    book, seen = after(Book(), moment(10_000, [])), moment(1_000, [])
    assert verdicts(book, seen, liquidity=0) != []
    assert verdicts(after(book, seen), moment(1_000, None), liquidity=0) != []


def test_a_loss_that_our_trades_do_not_explain_yet_counts_all_the_same() -> None:
    """Positions moved, and the trades are still to come: the attribution waits, the limit does not."""
    book, moved = after(Book(), moment(10_000, [])), moment(1_000, [])
    short = {symbol(ETH): replace(moved.known_venues[0].positions[symbol(ETH)], size=Decimal(-3))}
    view = replace(moved.known_venues[0], positions={**moved.known_venues[0].positions, **short})
    seen = replace(moved, venues=(view,))
    book = after(book, seen)
    assert book.accounts[PAPER].waits is not None
    assert book.total.total == 0
    later = replace(seen, venues=(replace(view, ledger=None),))
    assert found(book, later).life.hedge == -9_000


def test_a_day_does_not_begin_with_what_the_last_one_left_unbooked() -> None:
    book = after(Book(), moment(10_000, []))
    book = after(book, moment(7_000, None))
    assert found(book, moment(7_000, None, days=1)).today.hedge == 0
    book = after(book, moment(7_000, None, days=1))
    results = found(book, moment(6_900, [], days=1))
    assert (results.today.hedge, results.life.hedge) == (Decimal(-100), Decimal(-3_100))
    book = after(book, moment(6_900, [], days=1))
    results = found(book, moment(6_900, None, days=1))
    assert (results.today.hedge, results.life.hedge) == (Decimal(-100), Decimal(-3_100))


def test_who_lets_the_bot_go_accepts_what_was_lost_so_far() -> None:
    lost = having({"hedge_day": -1500, "hedge_life": -5000, "fees_day": -60})
    accepted = Accepted(lost.day, lost.today, lost.life)
    more = replace(
        lost, today=lost.today.plus(Gains(hedge=Decimal(-10))), life=lost.life.plus(Gains(hedge=Decimal(-10)))
    )
    assert more.without(accepted) == having({"hedge_day": -10, "hedge_life": -10})
    next_day = replace(more, day="2026-01-03", today=Gains())
    assert next_day.without(accepted).today == Gains()


def test_a_moved_position_is_valued_at_once_and_one_that_was_added_to_is_no_gain() -> None:
    seen = snapshot(chain([v2("a", 20_000)]), venue({ETH: -5}))
    decision = decide(seen, CycleInputs(), state(), policy())
    booked = book_cycle(Book(), seen, decision, {}).booked()
    prices = {**decision.prices, ETH: Decimal(1900)}
    held = decision.state.held
    assert results_of(booked, seen, held, prices).life.liquidity == -5 * 100
    more = {key: replace(item, liquidity=item.liquidity + 1) for key, item in held.items()}
    assert results_of(booked, seen, more, prices).life.liquidity == 0


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
    assert [item.trigger for item in breaches(having(lost), FUNDS, LIMITS)] == ([trigger] if trigger else [])


def test_what_is_not_booked_yet_can_only_spare_a_limit() -> None:
    results = having({"liquidity_day": -501})
    assert breaches(replace(results, unread=Decimal(2)), FUNDS, LIMITS) == ()
    assert len(breaches(replace(results, unread=Decimal(-2)), FUNDS, LIMITS)) == 1
    assert breaches(results, Decimal(0), LIMITS) == ()


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
    today = having(paid).today
    assert len(spent(Results("", today, today), FUNDS, LIMITS)) == count
    assert is_funding_over(today, FUNDS, LIMITS) is (paid.get("funding_day", 0) < -100)


KINDS: dict[str, tuple[str, int]] = {
    "loss:hedge_life": ("hedge_life", -5000),
    "loss:total_life": ("liquidity_life", -9000),
    "loss:hedge_day": ("hedge_day", -1500),
    "loss:total_day": ("liquidity_day", -4000),
    "spending:funding_day": ("funding_day", -150),
    "spending:cost_day": ("fees_day", -60),
}
"""What passes each limit alone; a loss of the hedge passes that of both together as well."""


def standing(results: Results) -> dict[str, str]:
    told = loss_limits.alarms(spent(results, FUNDS, LIMITS), breaches(results, FUNDS, LIMITS))
    assert len({alarm.key for alarm in told}) == len(told)
    return {alarm.key: alarm.message for alarm in told}


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


def reasons(book: Book, seen: Snapshot) -> list[str]:
    return [item.kind for item in spent(found(book, seen), FUNDS, LIMITS)]


def test_a_withdrawal_that_the_ledger_has_not_yet_halts_nothing_and_holds_adds_until_it_is_told() -> None:
    """The cash is gone at once; the ledger is read, and says nothing of it for two readings."""
    book = after(Book(), moment(10_000, []))
    for seconds in (15, 30):
        gone = moment(5_000, [], cash=5_000, seconds=seconds)
        assert verdicts(book, gone, liquidity=0) == []
        assert reasons(book, gone) == ["unread"]
        book = after(book, gone)
        assert verdicts(book, moment(5_000, None, cash=5_000, seconds=seconds + 5), liquidity=0) == []
    told = moment(5_000, [entry(-5_000, seconds=14)], cash=5_000, seconds=45)
    assert (verdicts(book, told, liquidity=0), reasons(book, told)) == ([], [])
    book = after(book, told)
    assert found(book, moment(5_000, [], cash=5_000, seconds=60)).life.hedge == 0


def test_a_loss_that_the_ledger_tells_late_holds_adds_first_and_halts_when_it_is_told() -> None:
    book = after(Book(), moment(10_000, []))
    gone = moment(1_000, [], cash=1_000, seconds=15)
    assert (verdicts(book, gone, liquidity=0), reasons(book, gone)) == ([], ["unread"])
    book = after(book, gone)
    told = moment(1_000, [entry(-9_000, LedgerKind.REALISED, "REALIZED_PNL:1", 14)], cash=1_000, seconds=30)
    assert Trigger.HALT in verdicts(book, told, liquidity=0)
    assert found(after(book, told), moment(1_000, None, cash=1_000, seconds=35)).life.hedge == -9_000


def test_cash_that_no_ledger_explains_for_minutes_counts_as_lost() -> None:
    book = after(Book(), moment(10_000, []))
    for seconds in range(15, 330, 15):
        gone = moment(1_000, [], cash=1_000, seconds=seconds)
        is_over = seconds > 315
        assert (verdicts(book, gone, liquidity=0) != []) is is_over
        book = after(book, gone)
    assert found(book, moment(1_000, None, cash=1_000, seconds=335)).life.hedge == -9_000


FUNDING_ID, TRANSFER_ID = "FUNDING_FEE:8571240153016800001", "TRANSFER:168932239201"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([entry(-50, LedgerKind.FUNDING, FUNDING_ID)], entry(-5_000, name=TRANSFER_ID, seconds=20)),
        ([entry(-100, name="TRANSFER:900000000000")], entry(-5_000, name="TRANSFER:100000000000", seconds=20)),
        ([entry(-100, name="INTERNAL_TRANSFER:7")], entry(-5_000, name="TRANSFER:7", seconds=20)),
        ([entry(-100, name="TRANSFER:8", seconds=10)], entry(-5_000, name="TRANSFER:7", seconds=5)),
        ([entry(-100, name="TRANSFER:8", seconds=10)], entry(-5_000, name="TRANSFER:9", seconds=10)),
    ],
    ids=["series of another type", "a smaller number", "the same number", "an earlier time", "the same time"],
)
def test_a_withdrawal_is_told_whatever_its_number_and_time_are(first: list[LedgerEntry], then: LedgerEntry) -> None:
    cash = 10_000 + int(first[0].amount)
    book = after(Book(), moment(10_000, []))
    book = after(book, moment(cash, first, cash=cash, seconds=15))
    told = moment(cash - 5_000, [*first, then], cash=cash - 5_000, seconds=30)
    assert verdicts(book, told, liquidity=0) == []
    before = found(book, moment(cash, [], cash=cash, seconds=20)).life.hedge
    assert found(after(book, told), told).life.hedge == before


def test_what_is_read_again_counts_once_for_as_long_as_it_is_read_again() -> None:
    book, ledger = after(Book(), moment(10_000, [])), [entry(-100, name="TRANSFER:1")]
    for seconds in range(15, 600, 15):
        book = after(book, moment(9_900, ledger, cash=9_900, seconds=seconds))
    assert found(book, moment(9_900, ledger, cash=9_900, seconds=600)).life.hedge == 0
    (account,) = book.accounts.values()
    assert account.seen is not None
    assert len(account.seen) == 1
    (account,) = after(book, moment(9_900, [], cash=9_900, days=1)).accounts.values()
    assert account.seen == {}


def test_what_moved_before_the_first_reading_is_in_it_though_it_is_told_later() -> None:
    book = after(Book(), moment(10_000, []))
    late = moment(10_000, [entry(-5_000, seconds=-30)], seconds=15)
    assert found(book, late).life.hedge == 0
    assert found(after(book, late), moment(10_000, [], seconds=30)).life.hedge == 0


def test_a_ledger_that_stays_unread_is_told_and_what_it_may_hide_holds_adds() -> None:
    book = after(Book(), moment(10_000, []))
    keys = []
    for seconds in (60, 119, 121, 300):
        seen = moment(9_900, None, cash=9_900, seconds=seconds)
        keys.append([alarm.key for alarm in loss_limits.unread_ledgers(book.booked(), seen)])
        assert reasons(book, seen) == []
        book = after(book, seen)
    assert keys == [[], [], [f"ledger:{PAPER}"], [f"ledger:{PAPER}"]]
    assert reasons(book, moment(8_000, None, cash=8_000, seconds=310)) == ["unread"]
    read = moment(8_000, [entry(-2_000, seconds=305)], cash=8_000, seconds=320)
    assert loss_limits.unread_ledgers(book.booked(), read) == ()
    assert (verdicts(book, read, liquidity=0), reasons(book, read)) == ([], [])


def test_what_is_set_aside_is_counted_and_told_once_and_again_the_next_day() -> None:
    def showing(*names: str, days: int = 0, seconds: int = 0) -> Snapshot:
        seen = moment(10_000, [], days, seconds=seconds)
        aside = [SetAside(name, "TRANSFER of BNB", "no money of this account", seen.observed_at) for name in names]
        return replace(seen, venues=(replace(seen.known_venues[0], aside=tuple(aside)),))

    book = after(Book(), showing("a"))
    assert book.disputes == ()
    book = after(book, showing("a", "b", seconds=15))
    book = after(book, showing("a", "b", "c", seconds=30))
    (dispute,) = book.disputes
    assert (dispute.key, "2 movements" in dispute.message) == (f"aside:{PAPER}:TRANSFER of BNB", True)
    assert after(book, showing(days=1)).disputes == ()
