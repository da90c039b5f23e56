"""Which heads are believed: never a lower one, unless the hashes say that the chain was reorganised."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chain.head_tracker import SLACK, TOLD_AT_ONCE, TOLD_EVERY, Ahead, Backward, HeadTrack, Misnumbered, Reorg
from bot.clock import ManualClock
from bot.core.snapshot import BlockStamp
from bot.core.types import BlockHash, ChainName

START = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 60.0


def block(number: int, fork: int = 0, fork_at: int = 0) -> BlockStamp:
    """Return a block of a chain whose branch ``fork`` left the main one at ``fork_at``."""

    def digest(at: int) -> BlockHash:
        return BlockHash(f"0x{(fork if at >= fork_at else 0):032x}{at:032x}")

    return BlockStamp(number, digest(number), digest(number - 1), START)


class Told:
    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.reorgs: list[Reorg] = []
        self.track = HeadTrack(ChainName("local"), self.clock, PATIENCE, self.reorgs.append)

    def accept(self, *stamps: BlockStamp) -> None:
        for stamp in stamps:
            self.track.accept(stamp)


@pytest.fixture
def told() -> Told:
    return Told()


def test_heads_in_order_and_with_gaps_are_believed(told: Told) -> None:
    told.accept(block(5), block(6), block(9), block(9), block(10))
    assert told.track.last == block(10)
    assert told.track.reorgs == 0


@pytest.mark.parametrize("number", [9, 8, 7, 6, 2])
def test_a_lower_head_of_the_same_branch_is_refused(told: Told, number: int) -> None:
    told.accept(block(5), block(6), block(9), block(10))
    with pytest.raises(Backward, match=f"from block 10 to {number}"):
        told.accept(block(number))
    assert told.track.last == block(10)


@pytest.mark.parametrize(
    ("new", "from_number"),
    [(block(10, 1, 10), 10), (block(11, 1, 10), 10), (block(9, 1, 9), 9), (block(11, 1, 8), 10), (block(10, 1, 8), 9)],
)
def test_a_hash_that_differs_proves_a_reorganisation(told: Told, new: BlockStamp, from_number: int) -> None:
    told.accept(*(block(number) for number in range(5, 11)))
    told.accept(new)
    assert told.track.last == new
    assert told.reorgs == [Reorg(ChainName("local"), block(10), new, from_number)]


@pytest.mark.parametrize("lie", [2, 9, 11, 30])
@pytest.mark.parametrize("number", [6, 9, 10, 11])
def test_a_number_that_does_not_fit_to_the_hashes_is_refused(told: Told, number: int, lie: int) -> None:
    if number == lie:
        return
    told.accept(*(block(seen) for seen in (5, 6, 9, 10)))
    with pytest.raises(Misnumbered):
        told.accept(replace(block(number), number=lie))
    assert told.track.last == block(10)


def test_a_first_head_under_a_wrong_number_stops_the_bot_for_no_longer_than_its_patience(told: Told) -> None:
    told.accept(replace(block(9), number=40))
    with pytest.raises(Misnumbered):
        told.accept(block(10))
    told.clock.advance(PATIENCE + 1)
    told.accept(block(10), block(11))
    assert told.track.last == block(11)


def test_what_is_remembered_of_heads_with_gaps_is_bounded(told: Told) -> None:
    def take(numbers: range) -> int:
        told.accept(*(block(number) for number in numbers))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = take(range(0, 8_000, 8))
        assert take(range(8_000, 160_000, 8)) - before < 50_000
    finally:
        tracemalloc.stop()


def test_after_a_reorganisation_the_old_branch_is_another_one(told: Told) -> None:
    told.accept(*(block(number) for number in range(5, 11)))
    told.accept(block(10, 1, 9), block(11, 1, 9))
    assert told.track.reorgs == 1
    with pytest.raises(Backward):
        told.accept(block(8))
    told.accept(block(12, 1, 9))
    assert told.track.reorgs == 1


def test_a_height_that_nobody_confirms_is_given_up(told: Told) -> None:
    told.accept(block(10**9))
    with pytest.raises(Backward):
        told.accept(block(10))
    told.clock.advance(PATIENCE + 1)
    told.accept(block(11))
    assert told.track.last == block(11)
    assert told.track.reorgs == 1
    told.accept(block(12))
    with pytest.raises(Backward):
        told.accept(block(10))


@pytest.mark.parametrize("number", [2**40, 2**62, 10 + SLACK + 1, 10**6])
def test_a_head_that_leaps_ahead_is_refused(told: Told, number: int) -> None:
    told.accept(block(10))
    with pytest.raises(Ahead, match=f"from block 10 to {number}"):
        told.accept(block(number))
    told.accept(block(11))
    assert told.track.last == block(11)


@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_a_leap_is_as_long_as_the_time_that_passed(told: Told, seconds: int) -> None:
    told.accept(block(10))
    told.clock.advance(seconds)
    with pytest.raises(Ahead):
        told.accept(block(11 + SLACK + 100 * seconds))
    told.accept(block(10 + 100 * seconds))


def test_a_leap_may_be_as_long_as_the_chains_own_time_that_passed(told: Told) -> None:
    told.accept(block(10))
    later = replace(block(5_000), timestamp=START + timedelta(seconds=100))
    told.accept(later)
    assert told.track.last == later


def test_reorganisations_without_end_are_counted_and_told_now_and_then(told: Told) -> None:
    told.accept(block(10))
    for number in range(1_000):
        told.accept(block(10, fork=number + 1, fork_at=10))
    assert told.track.reorgs == 1_000
    assert len(told.reorgs) == TOLD_AT_ONCE
    told.clock.advance(TOLD_EVERY)
    told.accept(block(10, fork=5_000, fork_at=10))
    assert len(told.reorgs) == TOLD_AT_ONCE + 1
    assert told.reorgs[-1].untold == 1_000 - TOLD_AT_ONCE


@given(st.lists(st.integers(1, 60), min_size=1, max_size=200))
def test_on_one_branch_the_height_never_falls(numbers: list[int]) -> None:
    told = Told()
    highest = 0
    for number in numbers:
        try:
            told.accept(block(number))
        except Backward:
            assert number < highest
        highest = max(highest, number)
        assert told.track.last is not None
        assert told.track.last.number == highest
    assert told.track.reorgs == 0
