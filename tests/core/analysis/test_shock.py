"""What if prices moved: the curves' own amounts there, margins by the venues' formulas, and what would have acted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Curve
from bot.core.amm.decimal_context import PRECISE, from_x96
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.analysis.shock import Moved, Planned, WhatIf, fates, settled, shockable, shocked
from bot.core.decide import decide
from bot.core.orders import OrderKind
from bot.core.risk.liquidation import position_risks
from bot.core.snapshot import LpPosition, OpenOrder, PerpPosition, Snapshot, VenueView
from tests.core.amm.positions import at
from tests.core.amm.roots import sqrt_ratio_at_price
from tests.core.risk.test_margin import TABLE
from tests.core.risks import CAREFUL
from tests.core.scenes import (
    BTC,
    ETH,
    MARKS,
    NO_INPUTS,
    NOW,
    TOKENS,
    chain,
    policy,
    quote,
    snapshot,
    state,
    symbol,
    v2,
    venue,
)

D = Decimal
TICKS = st.integers(-200_000, 200_000)
MOVES = st.decimals("-0.9", "9", places=4)


@given(TICKS, st.integers(1, 100_000), TICKS, MOVES)
def test_a_range_holds_there_what_the_white_paper_says(lower: int, width: int, tick: int, move: Decimal) -> None:
    position = at(10**24, lower, lower + width, sqrt_ratio_at_tick(tick))
    with localcontext(PRECISE):
        moved = Moved(position, position.price() * (1 + move))
        there = at(10**24, lower, lower + width, sqrt_ratio_at_price(moved.at))
        amounts, expected = moved.amounts(), there.amounts()
        slack = 10 + 10**24 // 2**80  # a Q64.96 root has fewer digits than the price
        assert abs(amounts.principal0 - expected.principal0) <= slack + expected.principal0 // 10**20
        assert abs(amounts.principal1 - expected.principal1) <= slack + expected.principal1 // 10**20
        root, edges = from_x96(there.sqrt_price_x96), [from_x96(sqrt_ratio_at_tick(t)) for t in (lower, lower + width)]
        if edges[0] * D("1.001") < root < edges[1] / D("1.001"):
            for slope, exact in zip(moved.log_sensitivity(), there.log_sensitivity(), strict=True):
                assert abs(slope / exact - 1) < D("1e-6")
            assert moved.in_range
        elif not edges[0] / D("1.001") < root < edges[1] * D("1.001"):
            assert not moved.in_range


def position(curve: Curve, name: str = "a") -> LpPosition:
    made = v2(name, 1)
    return replace(made, curve=curve, amounts=curve.amounts(), token0=TOKENS[ETH], token1=TOKENS[BTC])


@given(MOVES, MOVES)
def test_a_full_range_follows_the_closed_form_on_both_legs(eth: Decimal, btc: Decimal) -> None:
    pool = ConstantProductPosition(10**18, 4 * 10**18, 10**21, 4 * 10**9, 10**21, 4 * 10**9, 0, fee_on=False)
    seen = snapshot(chain([position(pool)]), venue())
    (there,) = shocked(seen, {ETH: eth, BTC: btc}).positions
    with localcontext(PRECISE):
        root = ((1 + eth) / (1 + btc)).sqrt()
        assert abs(there.amounts.principal0 - D(10**21) / 4 / root) <= D(10) ** 6
        assert abs(there.amounts.principal1 - D(10**9) * root) <= 1


def test_no_move_changes_nothing_and_uncollected_fees_stay() -> None:
    seen = snapshot(chain([v2("a", 10_000)]), venue({ETH: "-2"}))
    assert shocked(seen, {}) == seen
    curve = replace(at(10**24, -600, 600, sqrt_ratio_at_tick(0)), tokens_owed0=77, tokens_owed1=88)
    there = Moved(curve, curve.price() * 2).amounts()
    assert (there.fees0, there.fees1) == (77, 88)


def isolated(size: str, margin: str) -> VenueView:
    shown = quote(ETH)
    shown = replace(shown, market=replace(shown.market, tiers=TABLE))
    view = venue({ETH: size}, quotes=[shown])
    held = PerpPosition(symbol(ETH), D(size), MARKS[ETH], D(0), None, D(margin), D(10), is_isolated=True)
    return replace(view, positions={symbol(ETH): held})


def after(seen: Snapshot, move: Decimal) -> VenueView:
    (view,) = shocked(seen, {ETH: move}).known_venues
    return view


@given(st.decimals("-500", "-1", places=2), st.decimals("0.05", "0.9", places=3), st.decimals("-0.5", "0.5", places=3))
def test_a_move_leaves_the_liquidation_price_and_at_it_the_margin_is_used_up(
    size: Decimal, share: Decimal, move: Decimal
) -> None:
    seen = snapshot(chain(), isolated(str(size), f"{-size * MARKS[ETH] * share:.2f}"))
    (before,) = position_risks(seen.known_venues[0])
    assert before.computed is not None
    (moved,) = position_risks(after(seen, move))
    if moved.ratio < 1:
        assert moved.computed is not None
        assert abs(moved.computed / before.computed - 1) < D("1e-12")
    (there,) = position_risks(after(seen, before.computed / MARKS[ETH] - 1))
    assert abs(there.ratio - 1) < D("1e-6")


def test_equity_falls_by_what_the_short_loses_and_what_is_free_by_the_margin_too() -> None:
    seen = snapshot(chain(), venue({ETH: "-10"}))
    view = seen.known_venues[0]
    held = replace(view.positions[symbol(ETH)], leverage=D(5))
    view = replace(view, positions={**view.positions, symbol(ETH): held})
    there = after(replace(seen, venues=(view,)), D("0.1"))
    loss, bound = 10 * MARKS[ETH] / 10, 10 * MARKS[ETH] / 10 / 5
    assert there.balance.equity == view.balance.equity - loss
    assert there.balance.available == view.balance.available - loss - bound
    assert there.balance.initial_margin == view.balance.initial_margin + bound
    assert there.positions[symbol(ETH)].unrealised == -loss
    assert there.quotes[symbol(ETH)].book.ask == view.quotes[symbol(ETH)].book.ask * D("1.1")
    assert there.quotes[symbol(BTC)] == view.quotes[symbol(BTC)]


@pytest.mark.parametrize(("move", "is_lost"), [("0.05", False), ("0.6", True)])
def test_the_ladder_and_what_would_have_acted_are_told(move: str, is_lost: bool) -> None:  # noqa: FBT001 - a parameter
    pool = ConstantProductPosition(10**18, 4 * 10**18, 8 * 10**19, 32 * 10**8, 8 * 10**19, 32 * 10**8, 0, fee_on=False)
    seen = snapshot(chain([position(pool)]), isolated("-20", "20000"))
    wanted = policy(risk=CAREFUL)
    now = decide(seen, NO_INPUTS, state(), wanted)
    shocks = {ETH: D(move)}
    then = decide(shocked(seen, shocks), NO_INPUTS, settled(now.state, shocks), wanted)
    (fate,) = fates(now, then)
    assert fate.after is not None
    assert fate.after.distance is not None
    assert fate.before.distance is not None
    assert (fate.liquidation is not None) is is_lost
    assert fate.after.distance < fate.before.distance
    assert fate.after.rung.height >= fate.before.rung.height
    assert not [item for item in then.refused if item.guard == "pool price"]


def test_what_can_be_moved_is_what_is_held_or_traded() -> None:
    assert shockable(snapshot(chain([v2("a", 1)]), venue(quotes=[quote(BTC)]))) == {ETH, BTC}


def what_if(view: VenueView, move: str) -> WhatIf:
    """Move ETH on a V2 position of 10,000 USD, half ETH and half USD."""
    seen, wanted, shocks = snapshot(chain([v2("a", 10_000)]), view), policy(risk=CAREFUL), {ETH: D(move)}
    now = decide(seen, NO_INPUTS, state(), wanted)
    moved = shocked(seen, shocks)
    then = decide(moved, NO_INPUTS, settled(now.state, shocks), wanted)
    return WhatIf(Planned(seen, now), Planned(moved, then), shocks, fates(now, then))


@pytest.mark.parametrize("move", ["0.3", "-0.4", "0.01"])
def test_what_a_move_brings_is_the_root_for_the_liquidity_and_a_line_for_the_short(move: str) -> None:
    found = what_if(isolated("-2.5", "20000"), move).profit
    with localcontext(PRECISE):
        liquidity = 10_000 * ((1 + D(move)).sqrt() - 1)
    assert found.liquidity is not None
    assert abs(found.liquidity - liquidity) < D("0.01")
    assert found.shorts == -D("2.5") * MARKS[ETH] * D(move)
    assert found.both == found.liquidity + found.shorts


def test_a_short_that_is_closed_on_the_way_loses_no_more_than_up_to_there() -> None:
    view = isolated("-2.5", "2000")
    (risk,) = position_risks(view)
    assert risk.liquidation is not None
    lost = what_if(view, "0.9").profit
    assert lost.shorts == -D("2.5") * (risk.liquidation - MARKS[ETH])
    trigger = MARKS[ETH] * D("1.2")
    stop = OpenOrder(
        None, "s", symbol(ETH), OrderKind.STOP_MARKET, D("2.5"), None, trigger, reduce_only=True, placed_at=NOW
    )
    stopped = what_if(replace(view, open_orders=(stop,)), "0.9")
    assert [fate.stop for fate in stopped.fates] == [trigger]
    assert stopped.profit.shorts == -D("2.5") * (trigger - MARKS[ETH])
