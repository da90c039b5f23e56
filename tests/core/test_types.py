"""The identifiers' own rules."""

from decimal import Decimal

import pytest

from bot.core.types import Side, side_of


def test_the_side_is_the_sign() -> None:
    assert side_of(Decimal("0.001")) is Side.BUY
    assert side_of(Decimal(-3)) is Side.SELL


def test_nothing_has_no_side() -> None:
    with pytest.raises(ValueError, match="zero has no side"):
        side_of(Decimal(0))
