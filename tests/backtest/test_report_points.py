"""What a sweep goes through: what is read, what is refused, and the order of a grid."""

from decimal import Decimal

import pytest

from bot.backtest.report_points import Axis, Span, axes_of, axis_of, ends, grid
from bot.core.errors import ConfigError


def test_a_grid_has_every_combination_once_the_last_setting_first() -> None:
    axes = axes_of(["a.b=1,2", "c=x, y ,z"], searches=False)
    points = [tuple(point.values()) for point in grid(axes)]
    assert points == [("1", "x"), ("1", "y"), ("1", "z"), ("2", "x"), ("2", "y"), ("2", "z")]


@pytest.mark.parametrize(
    ("text", "low", "high", "unit", "whole"),
    [("k=10..300", 10, 300, "", True), ("k=0.1%..2%", "0.1", 2, "%", False), ("k=5s..60s", 5, 60, "s", True)],
)
def test_a_range_keeps_its_unit(text: str, low: int | str, high: int, unit: str, *, whole: bool) -> None:
    assert axis_of(text) == Axis("k", span=(span := Span(Decimal(low), Decimal(high), unit)))
    assert span.is_whole is whole
    assert span.text(float(span.high)) == f"{high}{unit}"


@pytest.mark.parametrize("text", ["k", "=1", "k=", "k=1,1", "k=3..1", "k=1%..2", "k=a..b", "k=1..2,3"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        axis_of(text)


def test_a_range_needs_a_search_and_a_setting_is_given_once() -> None:
    with pytest.raises(ConfigError, match="--optuna"):
        axes_of(["k=1..2"], searches=False)
    with pytest.raises(ConfigError, match="twice"):
        axes_of(["k=1", "k=2"], searches=True)
    with pytest.raises(ConfigError, match="needs a setting"):
        axes_of([], searches=True)


def test_every_value_and_both_ends_are_tried_before_a_search() -> None:
    axes = axes_of(["a=1..9", "b=x,y,z"], searches=True)
    tried = list(ends(axes))
    assert {point["a"] for point in tried} == {"1", "9"}
    assert {point["b"] for point in tried} == {"x", "y", "z"}
