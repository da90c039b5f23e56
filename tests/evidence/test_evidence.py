"""The published results, in the short: each within the tolerance that was stated beforehand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.evidence import fees, hedging_error, lvr, predictable_loss, style
from tests.evidence.tables import Table


@pytest.mark.parametrize("table", [lvr.table, fees.table, hedging_error.table, predictable_loss.table])
def test_a_published_result_is_reproduced(table: Callable[[bool], Table]) -> None:
    found = table(True)
    assert found.holds, found.text()


def test_days_are_paired() -> None:
    # hand-reckoned: mean 2, deviation of one 1, so 1/sqrt(3) of the mean
    found = style.paired([1.0, 2.0, 3.0])
    assert (found.days, found.mean) == (3, 2.0)
    assert found.t == pytest.approx(2 * 3**0.5)
    assert found.share == pytest.approx(2 * 365 / 100_000)
