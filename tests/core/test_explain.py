"""Words for a decision: every code has its sentence, and they read as one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.core.decision import Band, BandBasis, Remark, RemarkCode
from bot.core.explain import band_words, explain, remark_words
from bot.core.policy import FixedWidth
from tests.core.scenes import BTC, ETH, chain, decide_simply, hedge, lp, policy, v2, venue

D = Decimal


@pytest.mark.parametrize("code", list(RemarkCode))
def test_every_code_has_a_sentence(code: RemarkCode) -> None:
    head = Remark(RemarkCode.UNDER_HEDGED, D(1))
    assert len(remark_words((head, Remark(code, D(2), "ETH/USDT:USDT", "paper", "because")), D(8))) > 10


def test_trades_follow_what_they_are_for() -> None:
    remarks = (
        Remark(RemarkCode.OVER_HEDGED, D("1.50")),
        Remark(RemarkCode.BUYS, D("1.2"), "ETH/USDT:USDT", "paper"),
        Remark(RemarkCode.TOO_SMALL, D("0.001"), where="other"),
        Remark(RemarkCode.RELIEVES, D(2), why="margin ladder"),
    )
    assert remark_words(remarks, D(8)) == (
        "over-hedged by 1.50000 to trade: buys 1.2 ETH/USDT:USDT on paper; 0.001 on other is below the smallest order; "
        "closes 2 (25.0% of the liquidity's exposure): margin ladder"
    )


def test_a_decision_is_explained_for_every_underlying() -> None:
    said = explain(decide_simply(chain([v2("a", 20_000)]), venue({ETH: "-5"}), policy(FixedWidth(D("0.1")))))
    assert said[ETH].note == "within the band"
    assert str(said[ETH].band).startswith("fixed width 10%, costs 5 bp: beyond 10.000% of the target trade back to")
    assert said[BTC].band == "nothing to hedge: the short is closed"


def test_what_has_no_hedge_is_shown() -> None:
    said = explain(
        decide_simply(chain([v2("a", 20_000), v2("b", 9, (BTC, ETH))]), None, policy(hedges={ETH: hedge(ETH)}))
    )
    assert (said[BTC].note, said[BTC].band) == ("no hedge is configured: shown, not hedged", None)


def test_a_range_that_is_left_has_the_floor_as_its_band() -> None:
    said = explain(decide_simply(chain([lp("a", ("5", "0"), slopes=(D(0), D(0)))]), venue({ETH: "-5"})))
    assert str(said[ETH].band).startswith("out of range, the exposure stands still: floor width 2%")


def test_a_band_of_an_older_journal_says_at_least_nothing_wrong() -> None:
    assert band_words(Band(D(1), D(1), D(0), D(0), BandBasis.BUDGET, D("0.005")), D(0)).startswith(
        "tracking budget 0.5"
    )
