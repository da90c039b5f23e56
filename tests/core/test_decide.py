"""The whole decision on the example of two pools: what is seen becomes orders, words and the next state."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from bot.core.decide import decide
from bot.core.orders import OrderKind, TimeInForce
from bot.core.policy import RiskAversion
from bot.core.run_state import RunState
from bot.core.snapshot import Reward
from bot.core.types import Address
from tests.core.scenes import (
    BTC,
    ETH,
    NO_INPUTS,
    USD,
    chain,
    decide_simply,
    filled,
    hedge,
    line,
    lp,
    note,
    policy,
    pool_price,
    quantities,
    quote,
    snapshot,
    state,
    v2,
    venue,
)
from tests.frontier.live import Holding


def test_new_liquidity_opens_the_short_of_every_volatile_leg() -> None:
    decision = decide_simply(chain([v2("a", 20_000, (BTC, ETH)), v2("b", 8_000)]))
    assert line(decision, BTC).exposure == Decimal("0.2")
    assert line(decision, ETH).exposure == Decimal(7)
    assert line(decision, ETH).target == pytest.approx(Decimal(-7), rel=Decimal("0.005"))  # leans on BTC's drift
    opened = quantities(decision)
    for key, exposure in ((BTC, Decimal("0.2")), (ETH, Decimal(7))):
        band = line(decision, key).band
        assert band is not None
        drift = opened[key] - line(decision, key).target
        assert exposure / 2 < -opened[key] < exposure
        assert band.inner <= drift <= band.inner + Decimal("0.001")
    order = decision.approved[0].order
    assert (order.kind, order.time_in_force, order.reduce_only) == (OrderKind.LIMIT, TimeInForce.IOC, False)
    assert not decision.refused
    assert not decision.alarms


def test_a_hedged_book_is_left_alone_and_says_so() -> None:
    decision = decide_simply(chain([v2("a", 20_000)]), venue({ETH: "-5"}))
    assert decision.approved == ()
    assert note(decision, ETH) == "within the band"
    assert line(decision, ETH).drift == 0


def test_the_sell_goes_out_below_the_bid_and_the_buy_above_the_ask_rounded_so_that_they_fill() -> None:
    sell = decide_simply(chain([v2("a", 20_000)])).approved[0].order
    assert sell.quantity < 0
    assert sell.price == Decimal("1997.80")  # 1999.8 less 0.1% is 1997.8002
    buy = decide_simply(chain([v2("a", 20_000)]), venue({ETH: "-6"})).approved[0].order
    assert buy.quantity > 0
    assert buy.reduce_only
    assert buy.price == Decimal("2002.21")  # 2000.2 plus 0.1% is 2002.2002


def test_a_burned_position_keeps_its_short_until_its_absence_is_sure_then_closes_it_whole() -> None:
    view = chain([v2("a", 20_000)], block=100)
    account = venue({ETH: "-4.9999"})
    decision = decide(snapshot(view, account), NO_INPUTS, state(), policy())
    for block in (101, 101, 100, 102):
        decision = decide(snapshot(chain(block=block), account), NO_INPUTS, decision.state, policy())
        assert line(decision, ETH).exposure == 5
        assert decision.approved == ()
        assert [alarm.key for alarm in decision.alarms] == ["missing:a"] * (block >= 100)
    decision = decide(snapshot(chain(block=103), account), NO_INPUTS, decision.state, policy())
    assert line(decision, ETH).exposure == 0
    assert quantities(decision) == {ETH: Decimal("4.999")}
    assert decision.approved[0].order.reduce_only
    assert decision.state.held == {}


def test_flattening_closes_every_short_and_leaves_the_exposure_visible() -> None:
    view = chain([v2("a", 20_000, (BTC, ETH))])
    decision = decide(snapshot(view, venue({BTC: "-0.2", ETH: "-5"})), NO_INPUTS, state(RunState.FLATTENING), policy())
    assert quantities(decision) == {BTC: Decimal("0.2"), ETH: Decimal(5)}
    assert all(item.order.reduce_only for item in decision.approved)
    assert line(decision, ETH).exposure == 5
    assert line(decision, ETH).target == 0


def test_a_long_that_someone_opened_is_closed_reduce_only_before_the_short_is_opened() -> None:
    account = venue({ETH: "1"})
    first = decide_simply(chain([v2("a", 20_000)]), account)
    assert quantities(first) == {ETH: Decimal(-1)}
    assert first.approved[0].order.reduce_only
    assert "long:paper:ETH/USDT:USDT" in {alarm.key for alarm in first.alarms}
    second = decide_simply(chain([v2("a", 20_000)]), filled(account, first))
    assert quantities(second)[ETH] < Decimal("-4.8")


def test_an_exposure_without_a_hedge_is_shown_and_not_traded() -> None:
    decision = decide(snapshot(chain([v2("a", 20_000, (BTC, ETH))])), NO_INPUTS, state(), policy(hedges={}))
    assert [(item.underlying, item.target) for item in decision.hedges] == [(BTC, Decimal(0)), (ETH, Decimal(0))]
    assert decision.approved == ()


def test_the_hedge_ratio_scales_target_and_band() -> None:
    full = decide_simply(chain([v2("a", 20_000)]))
    hedges = {ETH: hedge(ETH, ratio="0.5")}
    half = decide(snapshot(chain([v2("a", 20_000)])), NO_INPUTS, state(), policy(hedges=hedges))
    assert line(half, ETH).target == Decimal("-2.5")
    wide, narrow = line(full, ETH).band, line(half, ETH).band
    assert wide is not None
    assert narrow is not None
    assert float(narrow.outer / wide.outer) == pytest.approx(0.5 ** (2 / 3), rel=0.02)


def test_fees_count_and_usd_never_does() -> None:
    position = lp("a", ("2", "4000"), (ETH, USD))
    decision = decide_simply(chain([position]))
    assert [item.underlying for item in decision.hedges] == [BTC, ETH]
    assert line(decision, ETH).exposure == 2
    assert decision.prices[USD] == 1


def test_the_answer_does_not_depend_on_the_callers_decimal_context() -> None:
    scene = snapshot(chain([v2("a", "12345.678"), v2("b", 9_999, (BTC, ETH))]))
    usual = decide(scene, NO_INPUTS, state(), policy())
    with localcontext() as context:
        context.prec = 6
        assert repr(decide(scene, NO_INPUTS, state(), policy())) == repr(usual)


def test_unclaimed_rewards_are_hedged_only_where_that_is_asked_for() -> None:
    earned = Reward(Address("0xr"), "REW", Decimal(2), ETH, Decimal(1))
    seen = snapshot(chain([replace(v2("a", 20_000), rewards=(earned,))]))
    shown, hedged = (
        decide(seen, NO_INPUTS, state(), replace(policy(), hedge_rewards=asked)) for asked in (False, True)
    )
    assert (line(shown, ETH).exposure, line(hedged, ETH).exposure) == (Decimal(5), Decimal(7))
    assert line(hedged, ETH).target == -7


def test_an_exposure_without_a_market_is_an_alarm_unless_it_is_accepted() -> None:
    """And so for each such underlying, while the others are hedged."""
    seen = snapshot(chain([v2("a", 100_000), v2("b", 100_000, (BTC, USD))]))
    only_eth = policy(hedges={ETH: hedge(ETH)})
    alone = decide(seen, NO_INPUTS, state(), only_eth)
    assert [alarm.key for alarm in alone.alarms if alarm.key.startswith("no-market")] == ["no-market:BTC"]
    assert [item.order.underlying for item in alone.approved] == [ETH]
    accepted = decide(seen, NO_INPUTS, state(), replace(only_eth, accepted=frozenset({BTC})))
    assert not [alarm for alarm in accepted.alarms if alarm.key.startswith("no-market")]
    nothing = decide(seen, NO_INPUTS, state(), policy(hedges={}))
    assert {"no-market:BTC", "no-market:ETH"} <= {alarm.key for alarm in nothing.alarms}
    empty = decide(snapshot(chain([v2("a", 100_000)])), NO_INPUTS, state(), only_eth)
    assert not [alarm for alarm in empty.alarms if alarm.key.startswith("no-market")]


@pytest.mark.parametrize("width", ["0.0005", "0.001", "0.003", "0.005", "0.01", "0.02", "0.05", "0.1", "0.5", None])
@pytest.mark.parametrize("at", [-0.9, 0.0, 0.9])
def test_every_range_is_hedged_or_told_of(width: str | None, at: float) -> None:
    """From +-0.05% to the full range: what is not hedged is more than the band only where an alarm stands."""
    price = 2000 * (1 + at * float(width or "0.5"))
    holding = Holding(None if width is None else float(width))
    seen = snapshot(
        chain([holding.position("lp", price)], pools=[pool_price(Decimal(f"{price:.10g}"))]),
        venue({ETH: "0"}, quotes=[quote(ETH, Decimal(f"{price:.10g}"))]),
    )
    decision = decide(seen, NO_INPUTS, state(), policy(hedges={ETH: hedge(ETH)}))
    hedged = line(decision, ETH)
    assert hedged.exposure is not None
    assert hedged.band is not None
    span = holding.position("lp", price).curve.span()
    half = math.inf if span is None else span[0] / 10**18 / 2
    assert float(hedged.band.outer) <= half * 1.000001 + 0.001
    left = hedged.exposure + quantities(decision).get(ETH, Decimal(0))
    told = {alarm.key for alarm in decision.alarms} & {"band:ETH", "unhedged:ETH"}
    assert told or left <= hedged.exposure / 2


def test_a_small_position_in_a_narrow_range_leaves_the_others_hedged() -> None:
    """100 ETH in a full range and beside it +-1 tick spacing: the case in which 35 of 100 were hedged."""
    wide, narrow = Holding(None, 400_000.0), Holding(0.0005, 10_000.0)
    seen = snapshot(
        chain([wide.position("a", 2000.0), narrow.position("b", 2000.0)], pools=[pool_price(Decimal(2000))]),
        venue({ETH: "0"}),
    )
    decision = decide(seen, NO_INPUTS, state(), policy(hedges={ETH: hedge(ETH)}))
    assert -quantities(decision)[ETH] > Decimal("0.95") * line(decision, ETH).exposure
    assert not decision.alarms


def test_a_band_as_wide_as_half_of_what_it_is_around_is_told_of() -> None:
    seen = snapshot(
        chain([Holding(0.01).position("a", 2015.0)], pools=[pool_price(Decimal(2015))]),
        venue({ETH: "-6"}, quotes=[quote(ETH, Decimal(2015))]),
    )
    wanted = policy(hedges={ETH: hedge(ETH)})
    assert [alarm.key for alarm in decide(seen, NO_INPUTS, state(), wanted).alarms] == ["band:ETH"]
    averse = replace(wanted, band=RiskAversion(Decimal(100_000)))
    assert not decide(seen, NO_INPUTS, state(), averse).alarms
