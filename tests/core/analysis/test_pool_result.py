"""Does this pool pay, hedged? The arithmetic of the answer, and what it says where something is not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.analysis.pool_result import PoolResult

D = Decimal
ONE = PoolResult(
    value=D(100_000),
    years=D("0.5"),
    fees=D(5_000),
    lvr=D(3_000),
    cost=D(500),
    opening=D(30),
    funding=(D(-800), D(2_600)),
)


def test_fees_pay_for_the_loss_and_the_hedge_at_both_ends_of_funding() -> None:
    assert ONE.break_even == (D(4_300), D(900))
    assert ONE.net == (D(700), D(4_100))
    rows = {row[0]: row[1:] for row in ONE.rows()}
    assert rows["net, low to high"] == ("+700.00 to +4,100.00", "+1.40% to +8.20%")


@pytest.mark.parametrize(
    ("fees", "verdict"), [(D(5_000), "yes"), (D(4_000), "only if funding is good"), (D(900), "no"), (None, "unknown")]
)
def test_the_answer_is_yes_only_where_it_pays_at_the_low_end(fees: D | None, verdict: str) -> None:
    assert replace(ONE, fees=fees).verdict == verdict


def test_what_is_not_known_is_said_and_never_counted_as_nothing() -> None:
    unknown = replace(ONE, lvr=None)
    assert (unknown.net, unknown.break_even, unknown.verdict) == (None, None, "unknown")
    assert [row[1] for row in unknown.rows()].count("unknown") == 4
    assert unknown.as_data()["net_usd"] is None
