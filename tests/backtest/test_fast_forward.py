"""When a replay may leave rows out, and that nothing changes if it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.backtest.fast_forward import is_at_rest
from bot.core.inputs import CycleInputs, Dispute, Hold
from bot.core.run_state import BotState, RunState
from bot.core.state import MarketWatch, Rung, State
from bot.core.types import Symbol, Underlying, VenueId
from tests.backtest.scenes import generated, needs_data, plan_of
from tests.backtest.skipping import differences, market, position, recorded
from tests.core.scenes import NO_INPUTS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAPER_ETH = VenueId("paper"), Symbol("ETH")
SHORT = MarketWatch(Decimal(-2), Decimal(-2), Decimal(-2))
RESTING = replace(State.fresh(NOW), markets={PAPER_ETH: SHORT}, order_times=(NOW,))
DISPUTE = Dispute("key", VenueId("paper"), None, "an order that is not this bot's", Hold.ADDS)


def test_a_hedge_in_place_under_its_stop_is_at_rest() -> None:
    assert is_at_rest(NO_INPUTS, RESTING)
    assert is_at_rest(NO_INPUTS, replace(RESTING, markets={PAPER_ETH: replace(SHORT, rung=Rung.ALERT)}))


@pytest.mark.parametrize(
    "change",
    [
        {"bot": BotState(RunState.PAUSED, "by hand", NOW)},
        {"outside": {Underlying("ETH"): NOW}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_waits_in_the_state_is_not(change: dict[str, Any]) -> None:
    assert not is_at_rest(NO_INPUTS, replace(RESTING, **change))


@pytest.mark.parametrize("inputs", [CycleInputs(fired={PAPER_ETH: NOW}), CycleInputs(disputes=(DISPUTE,))])
def test_nor_is_what_the_journal_or_the_account_check_waits_for(inputs: CycleInputs) -> None:
    assert not is_at_rest(inputs, RESTING)


@pytest.mark.parametrize(
    "change",
    [
        {"low": Decimal(-3)},
        {"high": Decimal(-1)},
        {"position": Decimal(-1)},
        {"bare_since": NOW},
        {"unsettled": NOW + timedelta(minutes=1)},
        {"rung": Rung.TOP_UP},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nor_is_a_market_that_is_not_as_expected(change: dict[str, Any]) -> None:
    assert not is_at_rest(NO_INPUTS, replace(RESTING, markets={PAPER_ETH: replace(SHORT, **change)}))


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_a_replay_is_the_same_whether_rows_are_left_out_or_not(seed: int) -> None:
    name, plan = market(seed)
    found, skipping, stepping = differences(plan)
    assert not found, name
    assert skipping.tally.steps < stepping.tally.steps


@pytest.mark.parametrize("width", ["0.5%", "1%"])
def test_narrow_ranges_that_the_price_enters_and_leaves_are_too(width: str) -> None:
    found, skipping, _ = differences(plan_of(generated([position(width)], {"volatility": 2})))
    assert not found
    assert len(skipping.journal.orders) > 10


@needs_data
def test_a_recorded_day_is_too() -> None:
    found, _, _ = differences(recorded("0.5%"))
    assert not found
