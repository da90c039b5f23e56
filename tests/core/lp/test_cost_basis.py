"""Entry amounts follow the liquidity."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, EntrySource

amount = st.integers(1, 10**30)


def entry(amount0: int, amount1: int, liquidity: int) -> Entry:
    return Entry.single(amount0, amount1, liquidity=liquidity, source=EntrySource.FIRST_SIGHT, block=7)


@given(amount, amount, amount)
def test_the_same_liquidity_changes_nothing(amount0: int, amount1: int, liquidity: int) -> None:
    before = entry(amount0, amount1, liquidity)
    assert follow_liquidity(before, liquidity, (1, 2)) == before


def test_a_withdrawal_takes_its_share_of_the_deposit() -> None:
    assert follow_liquidity(entry(1000, 600, 50), 10, (777, 777)) == entry(200, 120, 10)


def test_the_root_of_the_deposits_is_shared_and_summed_as_they_are() -> None:
    before = entry(400, 100, 50)
    assert before.root == 200
    assert follow_liquidity(before, 10, (0, 0)).root == 40
    # a quarter of what the 200 hold now is old; the rest is worth sqrt(1600 x 900) x 3/4
    assert follow_liquidity(before, 200, (1600, 900)).root == 200 + 900


def test_an_addition_brings_its_share_of_the_present_principal() -> None:
    # 40 of the 50 now are new, and the 50 hold 250 and 500.
    after = follow_liquidity(entry(1000, 600, 10), 50, (250, 500))
    assert (after.amount0, after.amount1, after.liquidity) == (1200, 1000, 50)
