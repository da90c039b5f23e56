"""The next trade's prices: there decide() itself, asked on the moved world, finds the drift at the band's edge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.analysis.shock import settled, shocked
from bot.core.decide import decide
from bot.core.decision import Hedge
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.types import Underlying
from bot.core.view.cycle import view_of
from bot.core.view.next_trade import NextTrade, next_trade
from tests.core.scenes import BTC, ETH, NO_INPUTS, policy
from tests.telemetry.web.scenes import UNKNOWN, record
from tests.tools.market import play


def hedge_of(item: CycleRecord, underlying: Underlying) -> Hedge:
    return next(one for one in item.decision.hedges if one.underlying == underlying)


def drift_at(item: CycleRecord, underlying: Underlying, price: Decimal) -> Decimal:
    """Return the drift that decide() finds once one price has moved and nothing was traded on the way.

    It is that from the target as it leans now, not from where it would lean then.
    """
    before = hedge_of(item, underlying)
    assert before.mark is not None
    shocks = {underlying: price / before.mark - 1}
    moved = decide(shocked(item.snapshot, shocks), NO_INPUTS, settled(item.decision.state, shocks), policy())
    found = next(one for one in moved.hedges if one.underlying == underlying)
    assert found.drift is not None
    return found.drift + found.lean - before.lean


@pytest.mark.parametrize("underlying", [ETH, BTC])
def test_at_the_prices_found_the_drift_is_the_bands_edge(underlying: Underlying) -> None:
    calm = [item for item, fills in play(40) if item.cycle > 5 and not fills]
    for item in calm[::8]:
        hedge = hedge_of(item, underlying)
        assert hedge.band is not None
        assert hedge.mark is not None
        found, edge = next_trade(hedge, item.snapshot.positions), hedge.band.outer
        assert found.sells_below is not None
        assert found.buys_above is not None
        assert found.sells_below <= hedge.mark <= found.buys_above
        assert float(drift_at(item, underlying, found.sells_below)) == pytest.approx(float(edge), rel=0.02)
        assert float(drift_at(item, underlying, found.buys_above)) == pytest.approx(-float(edge), rel=0.02)


def test_nothing_is_foretold_where_nothing_is_traded() -> None:
    for item in (record(venue=UNKNOWN), record(run=RunState.PAUSED), record(run=RunState.FLATTENING)):
        assert {one.next_trade for one in view_of(item).hedges} == {NextTrade()}


def test_outside_the_band_the_trade_is_due_at_the_mark() -> None:
    item = record()
    hedge = replace(hedge_of(item, ETH), drift=Decimal(1))
    assert next_trade(hedge, item.snapshot.positions).sells_below == hedge.mark


def test_an_exposure_that_no_price_moves_has_no_next_trade() -> None:
    item = record()
    assert next_trade(hedge_of(item, ETH), ()) == NextTrade()
