"""Entry amounts follow the liquidity."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.entry import follow
from bot.core.snapshot import Entry, EntrySource

amount = st.integers(1, 10**30)


def entry(amount0: int, amount1: int, liquidity: int) -> Entry:
    return Entry(amount0, amount1, liquidity=liquidity, source=EntrySource.FIRST_SIGHT, block=7)


@given(amount, amount, amount)
def test_the_same_liquidity_changes_nothing(amount0: int, amount1: int, liquidity: int) -> None:
    before = entry(amount0, amount1, liquidity)
    assert follow(before, liquidity, (1, 2)) == before


def test_a_withdrawal_takes_its_share_of_the_deposit() -> None:
    assert follow(entry(1000, 600, 50), 10, (777, 777)) == entry(200, 120, 10)


def test_an_addition_brings_its_share_of_the_present_principal() -> None:
    # 40 of the 50 now are new, and the 50 hold 250 and 500.
    assert follow(entry(1000, 600, 10), 50, (250, 500)) == entry(1200, 1000, 50)
