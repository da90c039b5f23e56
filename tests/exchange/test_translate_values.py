"""Numbers, times and missing fields in the dictionaries that ccxt gives."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.exchange.errors import Unbelievable
from bot.exchange.fields import milliseconds_of, moment, number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**6), max_value=10**6))
def test_numbers_pass_digit_for_digit_as_text_and_as_float(value: Decimal) -> None:
    assert number({"x": str(value)}, "x", "row") == value
    if abs(value) < 1000:  # fifteen significant digits: a float's own decimals
        assert number({"x": float(value)}, "x", "row") == value


@pytest.mark.parametrize(
    "bad", [None, "", "NaN", "Infinity", float("nan"), float("inf"), True, [], "1,5", "1e99", "-1e-99", 2**256]
)
def test_no_number_is_made_of_nothing(bad: object) -> None:
    with pytest.raises(Unbelievable):
        number({"x": bad}, "x", "row")


@pytest.mark.parametrize("bad", [0, -1, 253_402_300_800_000, 10**20, "1e30", None, True])
def test_no_time_is_made_of_what_is_none(bad: object) -> None:
    with pytest.raises(Unbelievable):
        moment({"at": bad}, "at", "row")


@given(st.integers(1, 4 * 10**12))
def test_times_pass_to_the_millisecond(at: int) -> None:
    assert milliseconds_of(moment({"at": at}, "at", "")) == at
