"""Durations, fractions and numbers mean what they say, whichever way they are written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.setting_types.fields import (
    format_duration,
    parse_address,
    parse_duration,
    parse_fraction,
    parse_integer,
    parse_number,
)

MICROSECOND = timedelta(microseconds=1)
spans = st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=366))
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=9)


@given(spans)
def test_a_written_duration_reads_back(span: timedelta) -> None:
    assert parse_duration(format_duration(span)) == span


@given(st.integers(1, 300), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_the_parts_of_a_duration_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    assert parse_duration(text) == timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@given(st.integers(1, 31_000_000))
def test_a_plain_number_is_seconds_in_every_spelling(seconds: int) -> None:
    for written in (seconds, float(seconds), Decimal(seconds), str(seconds), f"{seconds}s", f" {seconds * 1000}ms "):
        assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "s",
        "5 m",
        "5x",
        "-1s",
        "0",
        0,
        -5,
        "0s",
        "1e999999",
        "367d",
        "9" * 400,
        "nan",
        True,
        None,
        [],
        "1h-5m",
        "\u0665s",
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(wrong: object) -> None:
    with pytest.raises(ValueError, match='write "30s"'):
        parse_duration(wrong)


def test_a_duration_below_the_clocks_grain_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a microsecond"):
        parse_duration("0.0001ms")


@given(numbers)
def test_a_percentage_is_a_hundredth(number: Decimal) -> None:
    assert parse_fraction(f"{number}%") * 100 == number
    assert parse_fraction(str(number)) == number == parse_fraction(number)


def test_half_a_percent_is_the_same_both_ways() -> None:
    assert parse_fraction("0.5%") == parse_fraction(0.005) == parse_fraction("0.005") == Decimal("0.005")


@given(st.floats(-1e30, 1e30, allow_subnormal=False).filter(lambda number: not 0 < abs(number) < 1e-30))
def test_a_float_is_read_as_it_is_written(number: float) -> None:
    assert parse_number(number) == Decimal(repr(number))


@pytest.mark.parametrize("wrong", [True, None, "", "x", "1%%", "nan", "-inf", float("nan"), float("inf"), [], {}])
def test_what_is_no_number_is_refused(wrong: object) -> None:
    for parse in (parse_number, parse_fraction, parse_integer):
        with pytest.raises(ValueError, match="must be a"):
            parse(wrong)


# the mixed-case examples of EIP-55 itself
@pytest.mark.parametrize(
    "right",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_a_checksum_is_verified_and_the_right_one_shown(right: str) -> None:
    assert parse_address(right) == right
    swapped = "0x" + right[2:].swapcase()
    for wrong, fault in ((right.lower(), "has no"), ("0x" + right[2:].upper(), "has no"), (swapped, "has a wrong")):
        with pytest.raises(ValueError, match=f"{fault} EIP-55 checksum; .* write {right}$"):
            parse_address(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x" + "g" * 40, 5, None, b"0x"]
)
def test_what_is_no_address_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="is no address"):
        parse_address(wrong)
