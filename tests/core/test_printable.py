"""Foreign text: nothing in it steers a terminal or hides, and ordinary writing stays as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.printable import printable


def test_ordinary_names_stay() -> None:
    for name in ("WETH", "USD₮0", "Ξ ether", "ĀČ-1 (x)", "日本円"):
        assert printable(name) == name


def test_what_steers_or_hides_is_replaced() -> None:
    assert printable("a\x1b[31mb") == "a\ufffd[31mb"
    assert printable("a\u202eb\u200bc\x9bd\x07") == "a\ufffdb\ufffdc\ufffdd\ufffd"
    assert printable("two\nlines\tand\rmore") == "two lines and more"


@given(st.text())
def test_the_outcome_is_one_line_of_what_can_be_seen(text: str) -> None:
    found = printable(text)
    assert len(found) == len(text)
    assert len(found.splitlines()) <= 1
    assert "\x1b" not in found
    assert printable(found) == found
